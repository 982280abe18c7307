"""WARC/1.1 records (ISO 28500) as octets: one gzip member a record, SHA-256 digests, no control octet in any field.

Which file a record goes to and when it is durable is in ``warc_files``; reading one back in ``warc_reading``.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from isal import isal_zlib

from crawler.provenance.leaf import time_text
from crawler.values.digest import sha256

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from crawler.storage.entries import RecordDraft
    from crawler.values.digest import Digest

WARC_FIELDS: Final = "application/warc-fields"

_TYPES = frozenset({"request", "response", "metadata", "revisit", "resource", "conversion"})
_PAYLOAD_TYPES = frozenset({"response", "resource", "conversion"})
_OWN_FIELDS = frozenset(
    {
        "warc-type", "warc-record-id", "warc-date", "warc-target-uri", "warc-concurrent-to", "warc-block-digest",
        "warc-payload-digest", "warc-warcinfo-id", "warc-filename", "content-type", "content-length",
    }
)  # fmt: skip
_FIELD_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_RECORD_ID = re.compile(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_NOT_URI = re.compile("[^\x21-\x7e]")
_LEVEL = 2
"""Of ISA-L: smaller than zlib's level 1 at several times its speed."""
_GZIP = 31
"""Window bits that ask for gzip framing."""


def new_record_id() -> str:
    """A name for a record."""
    return f"urn:uuid:{uuid4()}"


def gzip_member(data: bytes) -> bytes:
    """One complete gzip member: header without name or time, deflate, CRC-32 and length."""
    member: bytes = isal_zlib.compress(data, _LEVEL, _GZIP)
    return member


def gzip_stream() -> Any:
    """A compressor that makes one such member piece by piece: ``compress``, then ``flush``."""
    return isal_zlib.compressobj(_LEVEL, wbits=_GZIP)


def clean_value(text: str) -> str:
    """Percent-encode what could end a field or start a new one: controls, line separators, lone surrogates (R5.4)."""
    return _CONTROLS.sub(_percent, text)


def clean_uri(text: str) -> str:
    """Percent-encode every octet that is no visible ASCII; a canonical URL stays as it is."""
    return _NOT_URI.sub(_percent, text)


def _percent(match: re.Match[str]) -> str:
    return "".join(f"%{octet:02X}" for octet in match[0].encode("utf-8", "surrogatepass"))


def payload_digest(draft: RecordDraft) -> Digest | None:
    """Digest of the payload where one is defined: given, or of the body of a response or resource."""
    if draft.payload_digest is not None or draft.type not in _PAYLOAD_TYPES:
        return draft.payload_digest
    return sha256(draft.body)


def serialise(draft: RecordDraft, *, payload: Digest | None, warcinfo_id: str) -> bytes:
    """One record, uncompressed. Raises ValueError for a type, record id or field that we would never write."""
    if draft.type not in _TYPES:
        raise ValueError(f"WARC type {draft.type!r}")
    for record_id in (draft.record_id, draft.concurrent_to):
        if record_id is not None and _RECORD_ID.fullmatch(record_id) is None:
            raise ValueError(f"WARC record id {record_id!r}")
    block = hashlib.sha256(draft.http_head)
    block.update(draft.body)
    fields = [
        ("WARC-Type", draft.type),
        ("WARC-Record-ID", f"<{draft.record_id}>"),
        ("WARC-Warcinfo-ID", f"<{warcinfo_id}>"),
        ("WARC-Date", time_text(draft.date)),
        ("WARC-Target-URI", clean_uri(draft.target_uri)),
    ]
    if draft.concurrent_to is not None:
        fields.append(("WARC-Concurrent-To", f"<{draft.concurrent_to}>"))
    fields += _further(draft.fields or {})
    fields.append(("WARC-Block-Digest", f"sha256:{block.hexdigest()}"))
    if payload is not None:
        fields.append(("WARC-Payload-Digest", clean_value(payload)))
    fields.append(("Content-Type", clean_value(draft.content_type)))
    return _record(fields, draft.http_head, draft.body)


def serialise_warcinfo(*, record_id: str, filename: str, date: datetime, fields: Mapping[str, str]) -> bytes:
    """The record that opens each file: who wrote it, for which crawl, and what was normalised."""
    block = "".join(f"{_name(name)}: {clean_value(value)}\r\n" for name, value in fields.items()).encode()
    head = [
        ("WARC-Type", "warcinfo"),
        ("WARC-Record-ID", f"<{record_id}>"),
        ("WARC-Date", time_text(date)),
        ("WARC-Filename", filename),
        ("WARC-Block-Digest", f"sha256:{hashlib.sha256(block).hexdigest()}"),
        ("Content-Type", WARC_FIELDS),
    ]
    return _record(head, b"", block)


def _further(fields: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    for name, value in fields.items():
        if name.lower() in _OWN_FIELDS:
            raise ValueError(f"WARC field {name} is written by the serialiser")
        yield _name(name), clean_value(value)


def _name(name: str) -> str:
    if _FIELD_NAME.fullmatch(name) is None:
        raise ValueError(f"WARC field name {name!r}")
    return name


def _record(fields: list[tuple[str, str]], head: bytes, body: bytes) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields)
    start = f"WARC/1.1\r\n{lines}Content-Length: {len(head) + len(body)}\r\n\r\n".encode()
    return b"".join((start, head, body, b"\r\n\r\n"))
