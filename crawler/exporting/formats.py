"""How documents are written: one writer for each format, a part at a time; the same documents give the same octets."""

from __future__ import annotations

import base64
import gzip
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol
from uuid import NAMESPACE_URL, uuid5

import pyarrow as pa
import pyarrow.parquet

from crawler.exporting.columns import export_schema
from crawler.provenance.leaf import plain
from crawler.storage.entries import RecordDraft, WarcKind
from crawler.storage.warc import gzip_member, payload_digest, serialise, serialise_warcinfo
from crawler.values.digest import sha256

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import BinaryIO

    from crawler.exporting.payloads import Payload

_GROUP_OCTETS = 16 << 20
_GROUP_ROWS = 5_000
_CARRIED = ("WARC-IP-Address", "WARC-Protocol", "WARC-Cipher-Suite", "WARC-Truncated")


class PartWriter(Protocol):
    """Writes one part into an open file, in bounded memory."""

    def add(self, columns: Mapping[str, Any], payload: Payload) -> None:
        """Write one document. Raises OSError."""

    def close(self) -> None:
        """Write what has to follow the last document; the file stays open. Raises OSError."""


class ParquetPart:
    """Row groups of bounded size: zstd, page checksums."""

    def __init__(self, file: BinaryIO, *, is_text: bool, name: str, about: Mapping[str, str]) -> None:
        described = {f"clearcrawl.{key}": value for key, value in about.items()}
        self._schema = export_schema(is_text=is_text).with_metadata({**described, "clearcrawl.part": name})
        self._column = "text" if is_text else "content"
        self._writer = pyarrow.parquet.ParquetWriter(
            file, self._schema, compression="zstd", write_page_checksum=True, version="2.6"
        )
        self._rows: list[Mapping[str, Any]] = []
        self._octets = 0

    def add(self, columns: Mapping[str, Any], payload: Payload) -> None:  # noqa: ARG002 - all is in the columns
        """Keep the document until its row group is full."""
        self._rows.append(columns)
        self._octets += len(columns[self._column])
        if self._octets >= _GROUP_OCTETS or len(self._rows) >= _GROUP_ROWS:
            self._flush()

    def _flush(self) -> None:
        if self._rows:
            self._writer.write_table(pa.Table.from_pylist(self._rows, schema=self._schema))
            self._rows, self._octets = [], 0

    def close(self) -> None:
        """Write the last row group and the footer."""
        self._flush()
        self._writer.close()


class JsonLinesPart:
    """One JSON object a line, ASCII only, gzip; raw bodies in Base64 as ``content_base64``."""

    def __init__(self, file: BinaryIO, *, is_text: bool, name: str, about: Mapping[str, str]) -> None:  # noqa: ARG002 - one signature for all formats; nothing of it has a place in the file
        self._file = gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=file, mtime=0)
        self._names = export_schema(is_text=is_text).names

    def add(self, columns: Mapping[str, Any], payload: Payload) -> None:  # noqa: ARG002 - all is in the columns
        """Write the line."""
        line = {}
        for name in self._names:
            value = columns[name]
            if name == "content":
                line["content_base64"] = base64.b64encode(value).decode()
            else:
                line[name] = plain(value)
        self._file.write(json.dumps(line).encode() + b"\n")

    def close(self) -> None:
        """Write the trailer of the gzip file."""
        self._file.close()


class WarcPart:
    """WARC 1.1: each document as the server sent it, or its text as a conversion; its columns as metadata behind it.

    A revisit becomes the response that it stands for.
    """

    def __init__(self, file: BinaryIO, *, is_text: bool, name: str, about: Mapping[str, str]) -> None:
        self._file = file
        self._is_text = is_text
        self._info = _urn(f"{about['plan']} {name}")
        self._begin(name, about)

    def _begin(self, name: str, about: Mapping[str, str]) -> None:
        fields = {
            "software": about["tool"],
            "format": "WARC File Format 1.1",
            "isPartOf": about["crawls"],
            "description": "documents exported from finished crawls; columns of the manifest in metadata records"
            + ("; TEST: test hosts were visited" if about["is_test"] == "true" else ""),
        }
        date = datetime.fromisoformat(about["newest_crawl_started_at"])
        info = serialise_warcinfo(record_id=self._info, filename=name, date=date, fields=fields)
        self._file.write(gzip_member(info))

    def add(self, columns: Mapping[str, Any], payload: Payload) -> None:
        """Write the document and its metadata."""
        text = columns["text"].encode() if self._is_text else None
        document = _response(columns, payload) if text is None else _conversion(columns, payload, text)
        told = {name: plain(value) for name, value in columns.items() if name not in {"text", "content"}}
        about = RecordDraft(
            kind=WarcKind.PAGES, type="metadata", target_uri=payload.url, date=document.date,
            record_id=_urn(f"metadata {columns['record_id']}"), content_type="application/json",
            body=json.dumps(told).encode(), concurrent_to=document.record_id,
        )  # fmt: skip
        for draft in (document, about):
            record = serialise(draft, payload=payload_digest(draft), warcinfo_id=self._info)
            self._file.write(gzip_member(record))

    def close(self) -> None:
        """Nothing follows the last record."""


def _response(columns: Mapping[str, Any], payload: Payload) -> RecordDraft:
    original = payload.original
    fields = {name: original.fields[name] for name in _CARRIED if name in original.fields}
    return RecordDraft(
        kind=WarcKind.PAGES, type=original.type, target_uri=payload.url, date=payload.retrieved_at.astimezone(UTC),
        record_id=columns["record_id"], content_type=original.fields["Content-Type"], http_head=payload.http_head,
        body=original.body, payload_digest=sha256(original.body), fields=fields,
    )  # fmt: skip


def _conversion(columns: Mapping[str, Any], payload: Payload, text: bytes) -> RecordDraft:
    return RecordDraft(
        kind=WarcKind.PAGES, type="conversion", target_uri=payload.url, date=payload.retrieved_at.astimezone(UTC),
        record_id=_urn(f"text {columns['record_id']}"), content_type="text/plain; charset=utf-8", body=text,
        fields={"WARC-Refers-To": f"<{columns['record_id']}>"},
    )  # fmt: skip


def _urn(name: str) -> str:
    """The same id for the same thing, so that an export made again is the same to the octet."""
    return uuid5(NAMESPACE_URL, f"clearcrawl-export {name}").urn


class NoPart:
    """Holds nothing: for a card about documents that stay where they are."""

    def __init__(self, file: BinaryIO, *, is_text: bool, name: str, about: Mapping[str, str]) -> None:
        """The same arguments as every writer."""

    def add(self, columns: Mapping[str, Any], payload: Payload) -> None:
        """Leave the document out."""

    def close(self) -> None:
        """Nothing to write."""


CARD = "card"
FORMATS: Mapping[str, tuple[str, Callable[..., PartWriter]]] = {
    "parquet": ("parquet", ParquetPart),
    "jsonl": ("jsonl.gz", JsonLinesPart),
    "warc": ("warc.gz", WarcPart),
    CARD: ("none", NoPart),
}
"""Name of the format to the ending of its files and its writer."""
