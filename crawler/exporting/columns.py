"""Columns of an exported document: what the manifest says of it under the manifest's own names, and what export adds.

The types of the manifest's columns are the manifest's; nothing is inferred.
"""

from __future__ import annotations

from functools import cache

import pyarrow as pa

from crawler.storage.manifest import column_docs, schema

TAKEN = (
    *("url", "url_host_name", "url_host_registered_domain", "crawl_id", "record_id", "seq", "leaf_hash"),
    *("fetch_time", "fetch_status", "content_digest", "content_mime_type", "content_mime_detected", "content_charset"),
    *(
        "content_languages",
        "content_languages_method",
        "modality",
        "licence",
        "state",
        "reason",
        "profile",
        "purpose",
        "agreement_ref",
        "origin",
    ),
    *("on_behalf_of", "dataset_id", "country_hint", "country_hint_method", "site_category", "site_category_method"),
    *("ai_generated_flag", "ai_generated_method", "near_duplicate_hash", "near_duplicate_method", "change"),
    *("tokens", "tokenizer_id", "image_count", "duration_s", "robots_digest", "policy_version", "policy_digest"),
    *("lists_digest", "suffix_list_digest", "config_digest", "product_token", "tool_version", "schema_version"),
    *("warc_filename", "warc_record_offset", "warc_record_length", "payload_crawl_id"),
)
"""Columns of the manifest that go with every document."""

ADDED: dict[str, tuple[pa.DataType, str]] = {
    "document_digest": (pa.string(), "SHA-256 of the exported content, or of the UTF-8 of the exported text."),
    "statements_summary": (
        pa.list_(pa.string()),
        "What rights holders said: protocol, use, preference and carrier; values and evidence are in the manifest.",
    ),
    "retrieved_at": (
        pa.timestamp("us", tz="UTC"),
        "When the exported bytes left the server; earlier than `fetch_time` where a later visit found them unchanged.",
    ),
    "is_test": (pa.bool_(), "Whether the crawl allowed test hosts: such a document proves nothing about the web."),
}
"""Type and meaning of what the manifest does not hold."""

CONTENT = (pa.large_binary(), "The body without content coding, octet for octet; `content_charset` names its charset.")
TEXT = (pa.large_string(), "The text extracted from the body.")


@cache
def export_schema(*, is_text: bool) -> pa.Schema:
    """Columns in order: the URL, the document, where it came from."""
    manifest = schema()
    name, (kind, _) = ("text", TEXT) if is_text else ("content", CONTENT)
    fields = [manifest.field(column) for column in TAKEN]
    fields.insert(1, pa.field(name, kind))
    fields += [pa.field(column, added) for column, (added, _) in ADDED.items()]
    return pa.schema(fields)


def export_docs(*, is_text: bool) -> list[tuple[str, str, str]]:
    """Name, type and meaning of every column."""
    meanings = {name: " ".join(text.split()) for name, _, text in column_docs()}
    meanings |= {name: text for name, (_, text) in ADDED.items()} | {"content": CONTENT[1], "text": TEXT[1]}
    return [(field.name, _type_name(field.type), meanings[field.name]) for field in export_schema(is_text=is_text)]


def _type_name(kind: pa.DataType) -> str:
    return str(kind.value_type if pa.types.is_dictionary(kind) else kind).replace("large_", "")
