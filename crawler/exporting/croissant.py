"""Croissant 1.1 metadata (JSON-LD) with RAI and PROV-O terms, made of the summary alone.

https://docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html and croissant-rai-spec.html (RAI 1.0);
https://www.w3.org/TR/prov-o/
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from crawler import __version__
from crawler.exporting.card import languages, title
from crawler.exporting.columns import export_docs, export_schema
from crawler.provenance.leaf import canonical
from crawler.values.digest import sha256

if TYPE_CHECKING:
    from crawler.exporting.state import Part
    from crawler.exporting.summary import ExportSummary

CONFORMS_TO = ("http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0")
ENCODINGS = {"parquet": "application/x-parquet", "jsonl": "application/jsonlines", "warc": "application/warc"}
_TERMS = (
    *("annotation", "arrayShape", "citeAs", "column", "containedIn", "equivalentProperty", "excludes", "extract"),
    *("field", "fileProperty", "fileObject", "fileSet", "format", "includes", "isArray", "isLiveDataset", "jsonPath"),
    *("key", "md5", "parentField", "path", "readLines", "recordSet", "references", "regex", "repeated", "replace"),
    *("samplingRate", "sdVersion", "separator", "source", "subField", "transform", "unArchive", "value"),
)
_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "prov": "http://www.w3.org/ns/prov#",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "description": {"@container": "@language"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "name": {"@container": "@language"},
    **{term: f"cr:{term}" for term in _TERMS},
}
_RIGHTS = "Rights in the documents remain with their holders; the column licence holds what a page says of itself."
_COLLECTION = (
    "Web crawl. Every URL passed one gate before it was asked for and again before its body was kept: blocklists, "
    "robots.txt (RFC 9309), and statements of rights holders in site files, headers, markup and media. A reservation "
    "against training leaves a document out; where nothing could be read, nothing was taken. Each document names its "
    "row in the signed evidence log of its crawl."
)


def render_croissant(facts: ExportSummary, *, made_at: str) -> bytes:
    """Octets of croissant.json; ``made_at``: when the export was begun, RFC 3339 in UTC."""
    return json.dumps(_dataset(facts, made_at), indent=2).encode() + b"\n"


def _dataset(facts: ExportSummary, made_at: str) -> dict[str, Any]:
    identity = sha256(canonical(facts.identity))
    operators = sorted({crawl.operator for crawl in facts.crawls if crawl.operator})
    organizations = [{"@type": "Organization", "name": name} for name in operators]
    described = (
        f"{facts.documents} documents of the web, collected for AI training under the reservations of rights holders."
    )
    if facts.is_test:
        described = f"TEST: test hosts were allowed; proves nothing about the web. {described}"
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": list(CONFORMS_TO),
        "name": title(facts),
        "description": described,
        "url": f"urn:{identity}",
        "citeAs": f"{title(facts)} ({identity})",
        "version": f"1.0.0+{identity.removeprefix('sha256:')[:12]}",
        "dateCreated": made_at,
        "datePublished": made_at,
        "license": {"@type": "CreativeWork", "name": "Rights remain with their holders", "description": _RIGHTS},
        "usageInfo": {
            "@type": "CreativeWork",
            "name": "Training of AI models, under the reservations of rights holders",
            "description": "Collected and judged for this purpose alone; later revocations are not in it.",
        },
        "creator": organizations,
        "inLanguage": languages(facts),
        "keywords": ["web crawl", "provenance", *(["TEST"] if facts.is_test else [])],
        "isLiveDataset": False,
        **_rai(facts),
        **_provenance(facts, made_at),
        "distribution": _distribution(facts),
        "recordSet": _record_sets(facts),
    }  # fmt: skip


def _rai(facts: ExportSummary) -> dict[str, Any]:
    days = [f"{day}T00:00:00" for day in (facts.first_day, facts.last_day) if day]
    left = ", ".join(f"{number} {why}" for why, number in facts.left.items()) or "none"
    steps = ["content coding undone"]
    if facts.is_text:
        steps.append(f"text extracted ({facts.identity['versions']})")
    if facts.is_unique:
        steps.append("of documents with the same payload only the first")
    return {
        "rai:dataCollection": _COLLECTION,
        "rai:dataCollectionType": ["Web Scraping"],
        "rai:dataCollectionTimeframe": days,
        "rai:dataCollectionMissingData": f"Of {facts.rows} URLs considered these gave no document: {left}.",
        "rai:dataCollectionRawData": "WARC 1.1 records, Parquet manifest and signed evidence log of the crawls.",
        "rai:dataPreprocessingProtocol": steps,
        "rai:dataUseCases": ["Training of AI models"],
        "rai:dataLimitations": [
            "Languages, licences and modalities are what pages declare or what their first octets show.",
            "The server's answers are recorded, not proven.",
        ],
        "rai:dataBiases": ["What the web says, of the sites that were crawled and did not reserve their rights."],
        "rai:personalSensitiveInformation": ["Web pages hold personal data; nothing was searched for it or removed."],
        "rai:dataReleaseMaintenancePlan": "After revocations: export anew with --revocations, or purge and export.",
    }  # fmt: skip


def _provenance(facts: ExportSummary, made_at: str) -> dict[str, Any]:
    """PROV-O: made by an export, out of crawls; each crawl is an activity of its operator and the software."""
    return {
        "prov:wasAttributedTo": [_agent(name) for name in sorted({crawl.operator for crawl in facts.crawls})],
        "prov:wasGeneratedBy": {
            "@type": "prov:Activity",
            "prov:label": "Export of documents",
            "prov:startedAtTime": made_at,
            "prov:wasAssociatedWith": {"@type": "prov:SoftwareAgent", "prov:label": f"clearcrawl {__version__}"},
            "prov:used": [
                {"@type": "prov:Entity", "prov:label": f"{kind} in force", "prov:value": digest}
                for kind, digest in facts.policies
            ],
        },
        "prov:wasDerivedFrom": [
            {
                "@type": "prov:Entity",
                "prov:label": f"Crawl {crawl.crawl_id}",
                "prov:wasGeneratedBy": {
                    "@type": "prov:Activity",
                    "prov:label": f"Web crawl for {crawl.purpose}",
                    "prov:startedAtTime": crawl.started_at,
                    **({"prov:endedAtTime": crawl.ended_at} if crawl.ended_at else {}),
                    "prov:wasAssociatedWith": [
                        _agent(crawl.operator),
                        {"@type": "prov:SoftwareAgent", "prov:label": crawl.software},
                    ],
                },
            }
            for crawl in facts.crawls
        ],
    }


def _agent(name: str) -> dict[str, str]:
    return {"@type": "prov:Agent", "prov:label": name or "unnamed operator"}


def _distribution(facts: ExportSummary) -> list[dict[str, Any]]:
    if not facts.parts:
        return []
    files = [_file(part, facts) for part in facts.parts]
    together = {
        "@type": "cr:FileSet",
        "@id": "parts",
        "name": "parts",
        "description": "All parts, in order.",
        "encodingFormat": ENCODINGS[facts.format],
        "includes": "data/*",
    }
    return [*files, together]


def _file(part: Part, facts: ExportSummary) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": f"data/{part.name}",
        "name": part.name,
        "contentUrl": f"data/{part.name}",
        "contentSize": f"{part.length} B",
        "encodingFormat": ENCODINGS[facts.format],
        "sha256": part.sha256.removeprefix("sha256:"),
    }


def _record_sets(facts: ExportSummary) -> list[dict[str, Any]]:
    """One record a document; WARC has no columns that Croissant could point to."""
    if facts.format == "warc" or not facts.parts:
        return []
    meanings = {name: meaning for name, _, meaning in export_docs(is_text=facts.is_text)}
    fields = []
    for field in export_schema(is_text=facts.is_text):
        name = "content_base64" if (facts.format, field.name) == ("jsonl", "content") else field.name
        is_list = pa.types.is_list(field.type)
        fields.append(
            {
                "@type": "cr:Field",
                "@id": f"documents/{name}",
                "name": f"documents/{name}",
                "description": meanings[field.name],
                "dataType": _data_type(field.type.value_type if is_list else field.type),
                "source": {"fileSet": {"@id": "parts"}, "extract": {"column": name}},
                **({"isArray": True, "arrayShape": "-1"} if is_list else {}),
                **({"equivalentProperty": "prov:hadPrimarySource"} if name == "url" else {}),
            }
        )
    about = {"description": "One record for each document.", "key": {"@id": "documents/record_id"}}
    return [{"@type": "cr:RecordSet", "@id": "documents", "name": "documents", **about, "field": fields}]


def _data_type(kind: pa.DataType) -> str:
    if pa.types.is_timestamp(kind):
        return "sc:DateTime"
    if pa.types.is_boolean(kind):
        return "sc:Boolean"
    if pa.types.is_integer(kind):
        return "sc:Integer"
    return "sc:Float" if pa.types.is_floating(kind) else "sc:Text"
