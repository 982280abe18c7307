"""The manifest's Arrow schema, made of ``ManifestRow``'s annotations, and the way from leaves to a Parquet segment.

Nothing is inferred: a column that the schema does not name is an error.
"""

from __future__ import annotations

import ast
import inspect
import types
from contextlib import contextmanager
from dataclasses import fields
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin, get_type_hints

import pyarrow as pa
import pyarrow.json
import pyarrow.parquet

from crawler.provenance import row as row_module
from crawler.provenance.leaf import LEAF_COLUMNS, hash_text
from crawler.provenance.row import COLUMN_NAMES, SCHEMA_VERSION, ManifestRow

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pyarrow.dataset import Dataset

ENUMERATIONS = frozenset(
    {
        "url_protocol", "content_mime_type", "content_mime_detected", "content_charset", "content_truncated",
        "crawl_id", "stage", "access", "state", "verdict", "verdict_search_index", "reason", "profile", "purpose",
        "modality", "robots_status", "access_barrier", "barrier_action", "blocklist_id", "tls_version", "tls_cipher",
        "origin", "crawler_id", "product_token", "user_agent", "country_hint", "site_category", "policy_version",
        "content_languages_method", "payload_crawl_id", "change", "near_duplicate_method", "country_hint_method",
        "site_category_method", "ai_generated_method", "tokenizer_id",
        "policy_digest", "lists_digest", "suffix_list_digest", "config_digest", "tool_version", "schema_version",
    }
)  # fmt: skip
"""Text columns of few different values: stored as dictionaries."""

ROW_GROUP = 5_000
"""Rows after which a group ends: columns compress well, and writing needs little memory."""

_MOMENT = pa.timestamp("us", tz="UTC")
_PLAIN = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_(), datetime: _MOMENT}


def _arrow_type(annotation: Any) -> pa.DataType:
    if get_origin(annotation) in (Union, types.UnionType):
        (annotation,) = (part for part in get_args(annotation) if part is not type(None))
    if get_origin(annotation) is list:
        return pa.list_(_arrow_type(get_args(annotation)[0]))
    if annotation in _PLAIN:
        return _PLAIN[annotation]
    hints = get_type_hints(annotation)
    return pa.struct([pa.field(field.name, _arrow_type(hints[field.name])) for field in fields(annotation)])


@cache
def schema() -> pa.Schema:
    """Schema of every segment. All columns may be null: an erased row keeps its number and leaf hash only."""
    hints = get_type_hints(ManifestRow)
    columns = []
    for name in COLUMN_NAMES:
        kind = _arrow_type(hints[name])
        columns.append(pa.field(name, pa.dictionary(pa.int32(), kind) if name in ENUMERATIONS else kind))
    return pa.schema(columns, metadata={"clearcrawl.schema_version": SCHEMA_VERSION})


@cache
def _leaf_schema() -> pa.Schema:
    hints = get_type_hints(ManifestRow)
    body = pa.struct([pa.field(name, _arrow_type(hints[name])) for name in LEAF_COLUMNS])
    text = pa.string()
    names = ("leaf_hash", "type", "time", "salt")
    return pa.schema([*((name, text) for name in names), ("seq", pa.int64()), ("body", body)])


def table_of(leaves: Sequence[tuple[bytes, bytes]]) -> pa.Table:
    """Rows of the manifest from pairs of leaf data and leaf hash; the JSON is read by Arrow, column by column.

    Raises ``pyarrow.ArrowInvalid`` for a leaf that is no row of this schema.
    """
    if not leaves:
        return schema().empty_table()
    # The hash goes in as one more member: an array made from Python objects would import pandas, where there is one.
    text = b"\n".join(b'{"leaf_hash":"%b",%b' % (hash_text(digest).encode(), data[1:]) for data, digest in leaves)
    read = pyarrow.json.read_json(
        pa.BufferReader(text),
        read_options=pyarrow.json.ReadOptions(use_threads=False, block_size=len(text) + 1),
        parse_options=pyarrow.json.ParseOptions(explicit_schema=_leaf_schema(), unexpected_field_behavior="error"),
    ).combine_chunks()
    columns = dict(zip(LEAF_COLUMNS, read["body"].combine_chunks().flatten(), strict=True))
    columns["seq"] = read["seq"]
    columns["salt"] = read["salt"]
    columns["leaf_hash"] = read["leaf_hash"]
    columns["erased_at"] = pa.nulls(len(leaves), _MOMENT)
    return pa.table([columns[field.name].cast(field.type) for field in schema()], schema=schema())


class SegmentWriter:
    """One Parquet file, made of tables that follow one another: zstd, page checksums, page index."""

    def __init__(self, writer: pyarrow.parquet.ParquetWriter) -> None:
        """Use ``parquet_writer``."""
        self._writer = writer
        self._tables: list[pa.Table] = []
        self._rows = 0

    def write(self, table: pa.Table) -> None:
        """Add rows of the manifest's schema."""
        self._tables.append(table)
        self._rows += len(table)
        if self._rows >= ROW_GROUP:
            self.flush()

    def flush(self) -> None:
        """Write what was added as a group of rows."""
        if self._rows:
            self._writer.write_table(pa.concat_tables(self._tables).unify_dictionaries(), row_group_size=self._rows)
        self._tables, self._rows = [], 0


@contextmanager
def parquet_writer(sink: Any, metadata: dict[str, str]) -> Iterator[SegmentWriter]:
    """Write a complete Parquet file into ``sink``, a file of Arrow's or of Python's, which stays open."""
    described = schema().with_metadata({**(schema().metadata or {}), **metadata})
    with pyarrow.parquet.ParquetWriter(
        sink, described, compression="zstd", write_page_checksum=True, write_page_index=True, store_schema=True,
        version="2.6",
    ) as writer:  # fmt: skip
        segment = SegmentWriter(writer)
        yield segment
        segment.flush()


def parquet_of(table: pa.Table, metadata: dict[str, str]) -> pa.Buffer:
    """A complete Parquet file in memory."""
    sink = pa.BufferOutputStream()
    with parquet_writer(sink, metadata) as writer:
        writer.write(table)
    return sink.getvalue()


def open_dataset(paths: Sequence[Path]) -> Dataset:
    """All segments as one dataset of the fixed schema; no file is read whole."""
    # Imports pandas where there is one, half a second and 30 MiB that a crawl does not need.
    from pyarrow.dataset import dataset  # noqa: PLC0415 - see above

    return dataset([str(path) for path in paths], schema=schema(), format="parquet")


def column_docs() -> list[tuple[str, str, str]]:
    """Name, Arrow type and docstring of every column, for docs/manifest.md."""
    docs = _docstrings()
    return [(field.name, str(field.type), docs.get(field.name, "")) for field in schema()]


def docs_table() -> str:
    """The Markdown table of docs/manifest.md."""
    lines = ["| column | type | meaning |", "| --- | --- | --- |"]
    for name, kind, meaning in column_docs():
        text = " ".join(meaning.split()).replace("|", "\\|")
        lines.append(f"| `{name}` | `{_short(kind)}` | {text} |")
    return "\n".join(lines) + "\n"


def _short(kind: str) -> str:
    return kind.replace("dictionary<values=string, indices=int32, ordered=0>", "dictionary of string").replace(
        "timestamp[us, tz=UTC]", "timestamp (us, UTC)"
    )


def _docstrings() -> dict[str, str]:
    """Docstrings under the fields, which Python does not keep at run time."""
    tree = ast.parse(inspect.getsource(row_module))
    (row,) = (node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == ManifestRow.__name__)
    found: dict[str, str] = {}
    name = None
    for node in row.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            name = node.target.id
        elif name and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            found[name] = str(node.value.value)
            name = None
        else:
            name = None
    return found
