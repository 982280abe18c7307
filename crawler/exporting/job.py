"""One export from its start to its end: parts in order, each complete before it is named, so that a killed run goes on.

What a document is, how its body is read and how it is written is elsewhere.
"""

from __future__ import annotations

import os
import sqlite3
from collections import Counter
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256 as new_hash
from typing import TYPE_CHECKING, Any, Self

import pyarrow as pa

from crawler import __version__
from crawler.errors import DamagedStateError, ExitCode, StorageError, UsageError
from crawler.exporting.columns import TAKEN
from crawler.exporting.extraction import TextExtractor
from crawler.exporting.formats import CARD, FORMATS
from crawler.exporting.payloads import MissingOriginalError, Payloads
from crawler.exporting.selection import Position, is_sitemap, open_sources, rows_from, why_left
from crawler.exporting.state import ExportState, Part, PartFacts, Problem
from crawler.provenance.leaf import canonical
from crawler.storage.layout import TEMPORARY_SUFFIX, Folder
from crawler.storage.lock import lock
from crawler.values.digest import sha256

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path
    from typing import BinaryIO

    from crawler.exporting.payloads import Payload
    from crawler.exporting.plan import ExportPlan
    from crawler.exporting.selection import Row, Source

DATA = "data"
STATE = "state"
DATABASE = "export.db"
RESULT_FILES = ("README.md", "croissant.json", "export.json")
_NAMES = frozenset({DATA, STATE, *RESULT_FILES, *(name + TEMPORARY_SUFFIX for name in RESULT_FILES)})
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class _Document:
    """A document that belongs into the export."""

    columns: Mapping[str, Any]
    payload: Payload
    octets: int


class ExportJob:
    """An export that is going on. A context manager; ``run`` does the work, then the state can be asked."""

    def __init__(self, plan: ExportPlan) -> None:
        """Open the crawls, lock the folder, and find out how far an earlier run came.

        Raises UsageError for a folder that holds anything else, FolderInUseError, DamagedStateError.
        """
        self.plan = plan
        self._stack = ExitStack()
        try:
            self.sources: Sequence[Source] = open_sources(plan.crawls, self._stack)
            self._extractor = TextExtractor() if plan.is_text else None
            self._payloads = Payloads(self.sources)
            self._stack.callback(self._payloads.close)
            self._open_folder(plan.out)
            self.identity = plan.identity(self.sources, self._extractor.name if self._extractor else None)
            self._check_identity()
            self._check_parts()
        except BaseException:
            self._stack.close()
            raise

    def _open_folder(self, out: Path) -> None:
        try:
            names = set(os.listdir(out))  # noqa: PTH208 - names are enough
        except FileNotFoundError:
            names = set()
        except OSError as error:
            raise UsageError(f"{out}: cannot be read ({error.strerror}); choose another folder") from error
        has_state = (out / STATE / DATABASE).is_file()
        if not names <= _NAMES or (not has_state and any((out / DATA).glob("*"))):
            raise UsageError(f"{out}: holds other files and no export of ours; choose a new or empty folder")
        self.root = self._stack.enter_context(Folder.create(out))
        lock(self.root)
        self.data = self._stack.enter_context(self.root.sub(DATA))
        with self.root.sub(STATE) as folder:
            os.close(folder.open(DATABASE, os.O_RDWR | os.O_CREAT))  # SQLite would make it readable for everybody
        self.state = ExportState(out / STATE / DATABASE)
        self._stack.callback(self.state.close)

    def _check_identity(self) -> None:
        earlier = self.state.get("identity")
        if earlier is None:
            self.state.put("begun_at", datetime.now(UTC).isoformat(timespec="seconds"))
            self.state.put("identity", self.identity)
            return
        differing = [topic for topic, value in self.identity.items() if earlier.get(topic) != value]
        if differing:
            raise UsageError(
                f"{self.plan.out}: holds an export of something else (differs in: {', '.join(differing)}); "
                "choose a new folder"
            )

    def _check_parts(self) -> None:
        """Keep finished parts that are as they were written; begin anew where documents were damaged last time."""
        known = {part.name: part for part in self.state.parts()}
        if self.is_complete and self.state.problems(limit=1):
            self.state.clear()
            known = {}
        for name in self.data.names():
            if name not in known:
                self.data.remove(name)
        for part in known.values():
            if self.data.size(part.name) != part.length or _digest(self.data, part.name) != part.sha256:
                raise DamagedStateError(
                    f"{self.data.path / part.name}: is not as it was written; remove the export's folder and begin anew"
                )

    @property
    def begun_at(self) -> str:
        """When the first run of this export began, RFC 3339 in UTC."""
        return str(self.state.get("begun_at"))

    @property
    def is_complete(self) -> bool:
        """Whether all rows have been seen."""
        return self.state.next_position().crawl >= len(self.sources)

    @property
    def is_test(self) -> bool:
        """Whether the crawls are TEST crawls."""
        return any(source.reader.crawl.is_test for source in self.sources)

    @property
    def about(self) -> dict[str, str]:
        """What stands in every part."""
        crawls = [source.reader.crawl for source in self.sources]
        return {
            "tool": f"clearcrawl {__version__}",
            "plan": sha256(canonical(self.identity)),
            "crawls": ", ".join(crawl.crawl_id for crawl in crawls),
            "is_test": str(self.is_test).lower(),
            "newest_crawl_started_at": max(crawl.started_at for crawl in crawls),
        }

    @property
    def exit_code(self) -> ExitCode:
        """Clean only where every document of every crawl was taken."""
        if self.state.problems(limit=1):
            return ExitCode.DAMAGED if self.state.counts().get("left.damaged") else ExitCode.FINDINGS
        return ExitCode.INCOMPLETE if any(source.is_growing for source in self.sources) else ExitCode.CLEAN

    def run(self, on_part: Callable[[ExportState], None]) -> None:
        """Write what is missing; ``on_part`` is called after each part. Raises StorageError, DamagedStateError."""
        try:
            while not self.is_complete:
                self._write_part()
                on_part(self.state)
        except (OSError, pa.ArrowException, sqlite3.Error) as error:
            raise StorageError(f"{self.plan.out}: writing failed: {error}; run it again to go on") from error

    def _write_part(self) -> None:
        number = len(self.state.parts())
        name = f"part-{number:06d}.{FORMATS[self.plan.format][0]}"
        temporary = name + TEMPORARY_SUFFIX
        facts = PartFacts(counts=Counter())
        with os.fdopen(self.data.open(temporary, os.O_RDWR | os.O_CREAT | os.O_TRUNC), "wb") as file:
            end = self._fill(file, name, facts)
            file.flush()
            os.fsync(file.fileno())
        documents = facts.counts["documents"]
        if documents and self.plan.format != CARD:
            digest, length = _digest(self.data, temporary), self.data.size(temporary) or 0
            self.data.rename(temporary, name)
            part = Part(number=number, name=name, sha256=digest, length=length, documents=documents)
        else:
            self.data.remove(temporary)
            part = Part(number=number, name="", sha256="", length=0, documents=0)
        self.state.finish_part(part, end, facts)

    def _fill(self, file: BinaryIO, name: str, facts: PartFacts) -> Position:
        """Write documents until the part is full; answer where the next one begins."""
        writer = FORMATS[self.plan.format][1](file, is_text=self.plan.is_text, name=name, about=self.about)
        try:
            for position, document in self._documents(facts):
                writer.add(document.columns, document.payload)
                is_full = facts.counts["octets"] >= self.plan.part_octets
                if is_full or facts.counts["documents"] >= self.plan.part_documents:
                    return position._replace(row=position.row + 1)
            return Position(len(self.sources), 0, 0)
        finally:
            writer.close()  # also after a failure: before its file, which is not a part then

    def _documents(self, facts: PartFacts) -> Iterator[tuple[Position, _Document]]:
        """Documents from the end of the last part on; what is left out is counted."""
        for position, source, row in rows_from(self.sources, self.state.next_position()):
            facts.counts["rows"] += 1
            why = why_left(row) or self._why_not(row, facts)
            if why is None:
                found = self._read(source, row, facts)
                if isinstance(found, _Document):
                    self._count(found, row, facts)
                    yield position, found
                    continue
                why = found
            facts.counts[f"left.{why}"] += 1

    def _why_not(self, row: Row, facts: PartFacts) -> str | None:
        if self.plan.removals.about_row(row) is not None:
            return "revoked"
        if not self.plan.is_unique or row["content_digest"] is None:
            return None
        digest = _octets(row["content_digest"])
        return "duplicate" if digest in facts.seen or self.state.has_seen(digest) else None

    def _read(self, source: Source, row: Row, facts: PartFacts) -> _Document | str:
        """Read a document, or say why it is left out."""
        try:
            payload = self._payloads.read(source, row)
        except DamagedStateError as error:
            kind = "missing_original" if isinstance(error, MissingOriginalError) else "damaged"
            place = f"{source.folder}: {error}" if str(source.folder) not in str(error) else str(error)
            facts.problems.append(Problem(kind=kind, url=row["url"], problem=place))
            return kind
        if self.plan.removals.about_row(row, payload.url) is not None:
            return "revoked"
        if is_sitemap(row, payload.content):
            return "sitemap"
        if self.plan.is_unique and row["content_digest"] is not None:
            facts.seen.add(_octets(row["content_digest"]))
        added: dict[str, Any] = {"content": payload.content}
        document = payload.content
        if self._extractor is not None:
            text = self._extractor.text_of(payload.content, row)
            if not text:
                return "no_text"
            added, document = {"text": text}, text.encode()
        added |= {
            "document_digest": sha256(document),
            "statements_summary": [
                f"{one['protocol']} {one['use']} {one['preference']} {one['carrier']}" for one in row["statements"]
            ],
            "retrieved_at": payload.retrieved_at,
            "is_test": source.reader.crawl.is_test,
        }
        return _Document({name: row[name] for name in TAKEN} | added, payload, len(document))

    def _count(self, document: _Document, row: Row, facts: PartFacts) -> None:
        facts.counts["documents"] += 1
        facts.counts["octets"] += document.octets
        language = (row["content_languages"] or "").partition(",")[0]
        day = document.columns["retrieved_at"].date().isoformat()
        for kind, value in (
            ("modality", row["modality"]), ("language", language), ("media_type", row["content_mime_detected"]),
            ("licence", row["licence"]), ("domain", row["url_host_registered_domain"] or row["url_host_name"]),
            ("reason", row["reason"]), ("origin", row["origin"]), ("policy", row["policy_digest"]),
            ("policy_version", row["policy_version"]), ("lists", row["lists_digest"]), ("day", day),
            ("crawl", row["crawl_id"]), ("profile", row["profile"]),
        ):  # fmt: skip
            facts.tally(kind, value, document.octets)

    def put(self, name: str, data: bytes) -> None:
        """Put one of ``RESULT_FILES`` in place. Raises StorageError."""
        try:
            self.root.write(name, data)
        except OSError as error:
            raise StorageError(f"{self.plan.out / name}: cannot be written ({error.strerror})") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._stack.close()


def _octets(digest: str) -> bytes:
    return bytes.fromhex(digest.partition(":")[2])


def _digest(folder: Folder, name: str) -> str:
    """SHA-256 of a file, read in pieces."""
    found = new_hash()
    with os.fdopen(folder.open(name, os.O_RDONLY), "rb") as file:
        while piece := file.read(_CHUNK):
            found.update(piece)
    return f"sha256:{found.hexdigest()}"
