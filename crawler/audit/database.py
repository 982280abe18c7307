"""Finished crawls as tables of DuckDB: in memory, read-only, offline, able to open these crawls' files and no others.

The tables are documented in docs/audit-queries.md, which is made of ``TABLES``. What is asked is elsewhere.
"""

from __future__ import annotations

import json
import os
from datetime import datetime
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Self

import duckdb
import pyarrow as pa

from crawler.audit.kept import History, policy_in_force
from crawler.errors import ClearcrawlError, DamagedStateError, UsageError
from crawler.provenance.checkpoint import Checkpoint
from crawler.provenance.leaf import ROW_TYPES
from crawler.provenance.signed_note import read_note
from crawler.storage.layout import CHECKPOINT_ENDING, CHECKPOINTS, LOG
from crawler.storage.manifest import schema
from crawler.storage.reading import CrawlReader

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path
    from types import TracebackType

    from crawler.policy.document import CrawlPolicy

TABLES = {
    "manifest": "one row a URL and crawl, with the columns of docs/manifest.md",
    "statements": "one row a statement: crawl_id, url, url_host_name, decided_at, verdict, and the statement's fields",
    "crawls": "one row a crawl: crawl_id, folder, operator, product_token, purpose, software, is_test, started_at, "
    "ended_at, finish_reason, exit_code",
    "policies": "one row a policy in force: folder, policy_digest, policy_version, profile, delay_s, connections, "
    "max_delay_s",
    "checkpoints": "one row a signed head of a log: folder, worker, number, origin, size (leaves), root, signed_by "
    "(key name and id), protection of that key where crawl.json tells it",
    "log": "one row an entry of the evidence log that is no row of the manifest: folder, worker, seq, type, time, "
    "body (JSON)",
    "site_files": "one row a look at a site file: folder, worker, seq, origin, host, path, retrieved_at, status, "
    "error, content_type, requests, digest",
}

_CRAWLS = pa.schema(
    [(name, pa.string()) for name in ("crawl_id", "folder", "operator", "product_token", "purpose", "software")]
    + [("is_test", pa.bool_())]
    + [(name, pa.timestamp("us", tz="UTC")) for name in ("started_at", "ended_at")]
    + [("finish_reason", pa.string()), ("exit_code", pa.int64())]
)
_POLICIES = pa.schema(
    [(name, pa.string()) for name in ("folder", "policy_digest", "policy_version", "profile")]
    + [("delay_s", pa.float64()), ("connections", pa.int64()), ("max_delay_s", pa.float64())]
)
_CHECKPOINTS = pa.schema(
    {
        **dict.fromkeys(("folder", "worker"), pa.string()),
        "number": pa.int64(),
        "origin": pa.string(),
        "size": pa.int64(),
        **dict.fromkeys(("root", "signed_by", "protection"), pa.string()),
    }
)
_LOG_SCHEMA = pa.schema(
    {
        **dict.fromkeys(("folder", "worker"), pa.string()),
        "seq": pa.int64(),
        "type": pa.string(),
        "time": pa.timestamp("us", tz="UTC"),
        "body": pa.string(),
    }
)
_ENTRY = "{type: 'VARCHAR', seq: 'BIGINT', time: 'TIMESTAMPTZ', salt: 'VARCHAR', body: 'JSON'}"
_INTERRUPTED = "Query interrupted"
"""Message of the RuntimeError that takes the place of DuckDB's own exception while an answer is read."""
BATCH = 10_000
"""Rows that are in memory at a time."""
_LONGEST_ENTRY = 64 << 20

_STATEMENTS = """
CREATE VIEW statements AS
SELECT crawl_id, url, url_host_name, decided_at, verdict, unnest(statements, recursive := true) FROM manifest
"""
_SITE_FILES = """
CREATE VIEW site_files AS
SELECT folder, worker, seq, body->>'origin' AS origin,
    regexp_extract(body->>'origin', '^[a-z]+://(\\[[^\\]]*\\]|[^:/]*)', 1) AS host,
    body->>'path' AS path, (body->>'$.outcome.facts.retrieved_at')::TIMESTAMPTZ AS retrieved_at,
    (body->>'$.outcome.facts.status')::INTEGER AS status, body->>'$.outcome.facts.error' AS error,
    body->>'$.outcome.facts.content_type' AS content_type,
    CASE WHEN json_array_length(body->'records') > 0
        THEN 1 + coalesce(json_array_length(body->'$.outcome.facts.hops'), 0) ELSE 0 END AS requests,
    body->>'digest' AS digest
FROM log WHERE type = 'site_file'
"""


class Database:
    """The tables over one or many crawls. A context manager; nothing is written but what a large question spills."""

    def __init__(self, readers: Sequence[CrawlReader], spill: TemporaryDirectory[str], memory: str | None) -> None:
        """Use ``open``."""
        self._readers = readers
        self._spill = spill
        self._memory = memory
        self.policies: list[tuple[str, CrawlPolicy]] = []
        """Folder and policy, for every policy that was in force and can be read back."""
        self.crawls: list[dict[str, Any]] = [row for reader in readers for row in _crawl_rows(reader)]
        self._connection = duckdb.connect(
            config={"autoinstall_known_extensions": False, "autoload_known_extensions": False}
        )
        self._make()

    @classmethod
    def open(cls, folders: Sequence[Path], *, memory: str | None = None) -> Self:
        """Raise UsageError where a folder holds no crawl, DamagedStateError where one cannot be read.

        ``memory``: what tables may take before they spill to disk, as DuckDB spells it; at least ``600MB``.
        """
        readers: list[CrawlReader] = []
        spill = TemporaryDirectory(prefix="clearcrawl-")
        try:
            readers.extend(CrawlReader.open(folder) for folder in dict.fromkeys(map(_plain_name, folders)))
            return cls(readers, spill, memory)
        except BaseException:
            for reader in readers:
                reader.close()
            spill.cleanup()
            raise

    def ask(self, sql: str) -> pa.RecordBatchReader:
        """Answer one SELECT, batch by batch.

        Raises UsageError for what DuckDB refuses or is more than one SELECT, DamagedStateError for a file that fails.
        """
        with _telling():
            statements = self._connection.extract_statements(sql)
            if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
                raise UsageError("one SELECT is answered at a time; nothing is changed and nothing is written")
            return self._connection.sql(statements[0]).to_arrow_reader(BATCH)

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """Answer one SELECT that is known to be short; raises as ``ask`` does."""
        found: list[dict[str, Any]] = read_all(self.ask(sql)).to_pylist()
        return found

    def _make(self) -> None:
        run = self._connection.execute
        pending = [reader.unpublished() for reader in self._readers]  # first, so that no row can slip through
        segments = [[str(path) for path in reader.segments()] for reader in self._readers]
        logs = [sorted(str(path) for path in (reader.root / LOG).glob("*.jsonl.gz")) for reader in self._readers]
        allowed = [path for group in (*segments, *logs) for path in group]
        with _telling(is_damage=True):
            for option, value in (("TimeZone", "UTC"), ("temp_directory", self._spill.name)):
                run(f"SET {option} = {_text(value)}")
            if self._memory is not None:
                run(f"SET memory_limit = {_text(self._memory)}")
                run(f"SET threads = {min(2, os.cpu_count() or 1)}")  # reading the log takes 128 MiB a thread and buffer
                run("SET preserve_insertion_order = false")
            run("SET python_enable_replacements = false")
            run(f"SET allowed_paths = {_list(allowed)}")
            run("SET enable_external_access = false")
            run("SET lock_configuration = true")
            self._make_manifest(pending, [path for group in segments for path in group])
            self._make_log(logs)
            self._connection.register("crawls", pa.Table.from_pylist(self.crawls, schema=_CRAWLS))
            self._connection.register("policies", pa.Table.from_pylist(list(self._policies()), schema=_POLICIES))
            heads = [row for reader in self._readers for row in _heads(reader)]
            self._connection.register("checkpoints", pa.Table.from_pylist(heads, schema=_CHECKPOINTS))
            run(_STATEMENTS)
            run(_SITE_FILES)

    def _make_manifest(self, pending: Sequence[pa.Table], paths: Sequence[str]) -> None:
        """Rows of all segments, with every column of the schema whatever an older segment lacks."""
        self._connection.register("unpublished", pa.concat_tables([schema().empty_table(), *pending]))
        published = f"SELECT * FROM read_parquet({_list(paths)}, union_by_name = true)"  # noqa: S608 - quoted by _list
        parts = ["SELECT * FROM unpublished"]
        if paths:
            if any(table.num_rows for table in pending):
                parts[0] += f" WHERE leaf_hash NOT IN (SELECT leaf_hash FROM ({published}))"  # noqa: S608 - as above
            parts.append(published)
        self._connection.execute(f"CREATE VIEW manifest AS {' UNION ALL BY NAME '.join(parts)}")

    def _make_log(self, logs: Sequence[Sequence[str]]) -> None:
        entries = pa.Table.from_pylist([row for reader in self._readers for row in _pending(reader)], _LOG_SCHEMA)
        self._connection.register("pending_log", entries)
        parts = ["SELECT * REPLACE (body::JSON AS body) FROM pending_log"]
        for reader, paths in zip(self._readers, logs, strict=True):
            if paths:
                parts.append(
                    f"SELECT {_text(str(reader.root))} AS folder,"  # noqa: S608 - quoted
                    " regexp_extract(filename, '([a-z][a-z0-9]*)-[0-9]+\\.jsonl\\.gz$', 1) AS worker,"
                    f" seq, type, time, body FROM read_json({_list(paths)}, format = 'newline_delimited',"
                    f" columns = {_ENTRY}, filename = true, maximum_object_size = {_LONGEST_ENTRY})"
                    f" WHERE type NOT IN ({', '.join(map(_text, ROW_TYPES.values()))})"
                )
        self._connection.execute(f"CREATE VIEW log AS {' UNION ALL BY NAME '.join(parts)}")

    def _policies(self) -> Iterator[dict[str, Any]]:
        """Rules in force that a query may need; a policy that cannot be read back has no row."""
        for reader in self._readers:
            history = self._history(reader)
            for digest in history.policies:
                try:
                    policy = policy_in_force(reader, history, digest, reader.crawl.software).policy
                except ClearcrawlError:
                    continue  # verify and replay say so; a query is about rows
                self.policies.append((str(reader.root), policy))
                yield {
                    "folder": str(reader.root),
                    "policy_digest": policy.digest,
                    "policy_version": policy.version,
                    "profile": policy.profile.name,
                    "delay_s": policy.politeness.delay,
                    "connections": policy.politeness.connections,
                    "max_delay_s": policy.politeness.max_delay,
                }

    def _history(self, reader: CrawlReader) -> History:
        history = History()
        found = self._connection.execute(
            "SELECT body FROM log WHERE folder = ? AND type IN ('crawl_start', 'restart') ORDER BY seq",
            [str(reader.root)],
        )
        for (body,) in found.fetchall():
            history.note_rules(json.loads(body))
        return history

    def close(self) -> None:
        """Let go of all files, and remove what was spilled."""
        self._connection.close()
        for reader in self._readers:
            reader.close()
        self._spill.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def read_all(reader: pa.RecordBatchReader) -> pa.Table:
    """The whole answer; raises as ``Database.ask`` does."""
    with _telling():
        return reader.read_all()


def batches(reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    """The answer piece by piece; raises as ``Database.ask`` does."""
    with _telling():
        yield from reader


class _telling:  # noqa: N801 - reads as the statement that it is
    """Turns errors of DuckDB into ours: what the question got wrong, or what the files did."""

    _MISUSE = (
        duckdb.ProgrammingError,  # of the text: syntax, names, types
        duckdb.PermissionException,
        duckdb.NotSupportedError,
        duckdb.ConversionException,
        duckdb.OutOfRangeException,
        duckdb.OutOfMemoryException,
    )

    def __init__(self, *, is_damage: bool = False) -> None:
        self._is_damage = is_damage

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, duckdb.InterruptException) or str(error) == _INTERRUPTED:
            raise KeyboardInterrupt from error
        if isinstance(error, (duckdb.Error, pa.ArrowInvalid, OSError)):
            if isinstance(error, self._MISUSE) and not self._is_damage:
                raise UsageError(f"the question cannot be answered: {error}") from error
            raise DamagedStateError(f"a file of the crawl cannot be read: {error}") from error


def _plain_name(folder: Path) -> Path:
    """The whole path; DuckDB would read some characters of it as a pattern."""
    whole = folder.resolve()
    if set("*?[") & set(str(whole)):
        raise UsageError(f"{folder}: a path with one of * ? [ in it cannot be queried; rename it or use a link to it")
    return whole


def _crawl_rows(reader: CrawlReader) -> Iterator[dict[str, Any]]:
    """The crawls of a folder, those that ended in it before included."""
    crawl = reader.crawl
    common = {name: getattr(crawl, name) for name in ("operator", "product_token", "purpose", "software", "is_test")}
    common["folder"] = str(reader.root)
    for one in (*crawl.earlier, {name: getattr(crawl, name) for name in _CRAWLS.names if hasattr(crawl, name)}):
        row = {**common, **{name: value for name, value in one.items() if name in _CRAWLS.names}}
        yield {**row, "started_at": _moment(row.get("started_at")), "ended_at": _moment(row.get("ended_at"))}


def _heads(reader: CrawlReader) -> Iterator[dict[str, Any]]:
    """Signed heads as their files tell; whether they hold is the business of verify."""
    signing = reader.crawl.evidence or {}
    for path in sorted((reader.root / CHECKPOINTS).glob(f"*{CHECKPOINT_ENDING}")):
        worker, _, number = path.name.removesuffix(CHECKPOINT_ENDING).rpartition("-")
        try:
            note = read_note(path.read_bytes())
            head = Checkpoint.parse(note.text)
        except (ValueError, OSError) as error:
            raise DamagedStateError(f"{path}: is no signed head: {error}") from error
        for signature in note.signatures:
            is_told = str(signing.get("key", "")).startswith(f"{signature.label}+")
            yield {
                "folder": str(reader.root),
                "worker": worker,
                "number": int(number) if number.isdecimal() else None,
                "origin": head.origin,
                "size": head.size,
                "root": f"sha256:{head.root.hex()}",
                "signed_by": signature.label,
                "protection": signing.get("protection") if is_told else None,
            }


def _pending(reader: CrawlReader) -> Iterator[dict[str, Any]]:
    for worker, entry in reader.pending_entries():
        yield {
            "folder": str(reader.root),
            "worker": worker,
            "seq": entry["seq"],
            "type": entry["type"],
            "time": _moment(entry["time"]),
            "body": json.dumps(entry["body"]),
        }


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _text(value: str) -> str:
    """A literal of SQL."""
    return "'" + value.replace("'", "''") + "'"


def _list(values: Iterable[str]) -> str:
    return "[" + ", ".join(map(_text, values)) + "]"
