"""What the crawls show, asked once: the answer of each question with its SQL, and what holds the answers together."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from crawler.audit.answers import plain
from crawler.audit.queries import query_named
from crawler.errors import UsageError
from crawler.provenance.leaf import time_text
from crawler.reports.once import refuse_repeats
from crawler.storage.layout import MANIFEST

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from crawler.audit.database import Database
    from crawler.audit.verifying import Verification
    from crawler.policy.document import CrawlPolicy

QUERIES = (
    "summary-crawlers", "summary-sizes", "summary-barriers", "summary-robots", "summary-protocols", "summary-reasons",
    "summary-kinds", "summary-countries", "summary-languages", "summary-media-types", "summary-lists", "summary-rules",
    "summary-generated",
)  # fmt: skip
OWN = ("own_crawl", "on_behalf")
_FORM_MODALITY = {"document": "text", "text": "text", "image": "image", "audio": "audio", "video": "video"}
_BLOCK = 1 << 20


def form_modality(name: str) -> str:
    """The box of the form for a modality of the manifest: documents (PDF, EPUB, office files) are text."""
    return _FORM_MODALITY.get(name, "other")


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Answers of all questions over all crawls."""

    rows: Mapping[str, Sequence[Mapping[str, Any]]]
    """By name of the question; times as RFC 3339."""
    sql: Mapping[str, str]
    crawls: tuple[Mapping[str, Any], ...]
    """Id, operator, times, is_test; manifest digest and signed head; whether verified."""
    policies: tuple[CrawlPolicy, ...]
    is_test: bool
    is_verified: bool
    erased: int
    """Rows that were removed later; of each nothing but its number and hash is left."""

    def of(self, name: str) -> Sequence[Mapping[str, Any]]:
        """Rows of ``summary-NAME``."""
        return self.rows[f"summary-{name}"]

    @property
    def has_own(self) -> bool:
        """Whether any row is of one's own crawl, taken or left."""
        return bool(self.of("crawlers"))

    @property
    def pages(self) -> int:
        """Pages of one's own crawls that were kept."""
        return sum(row["pages"] for row in self.of("crawlers"))

    def kept(self, *origins: str) -> list[Mapping[str, Any]]:
        """Rows of ``summary-sizes`` of some origins."""
        return [row for row in self.of("sizes") if row["origin"] in origins]

    def modalities(self, *origins: str) -> list[str]:
        """Boxes of the form that rows of these origins tick."""
        return sorted({form_modality(row["modality"]) for row in self.kept(*origins)})


def gather(database: Database, verified: Mapping[Path, Verification | None]) -> Evidence:
    """Ask everything. Raises UsageError for TEST crawls beside others and for repeats, else as ``Database.ask``."""
    kinds = {row["is_test"] for row in database.crawls}
    if len(kinds) > 1:
        raise UsageError("TEST crawls and real ones never share a document; name one kind of them")
    refuse_repeats((row["crawl_id"], row["folder"]) for row in database.crawls)
    asked = {name: query_named(name) for name in QUERIES}
    rows = {
        name: [{key: _value(value) for key, value in row.items()} for row in database.rows(one.sql)]
        for name, one in asked.items()
    }
    heads = database.rows(
        "SELECT folder, worker, arg_max(root, size) AS root, max(size) AS size, arg_max(signed_by, size) AS signed_by"
        " FROM checkpoints GROUP BY ALL ORDER BY folder, worker"
    )
    digests = {folder: manifest_digest(folder) for folder in verified}
    states = {str(folder.resolve()): (digests[folder], one) for folder, one in verified.items()}
    crawls = []
    for row in sorted(database.crawls, key=lambda one: (one["started_at"], one["crawl_id"])):
        digest, verification = states[row["folder"]]
        own = [head for head in heads if head["folder"] == row["folder"]]
        crawls.append(
            {
                **{key: _value(value) for key, value in row.items() if key not in {"folder", "exit_code"}},
                "manifest_digest": digest,
                "heads": [{"worker": one["worker"], "size": one["size"], "root": one["root"]} for one in own],
                "signed_by": sorted({str(one["signed_by"]) for one in own}),
                "verified": verification is not None and int(verification.code) == 0,
            }
        )
    return Evidence(
        rows=rows,
        sql={name: statement(one.sql) for name, one in asked.items()},
        crawls=tuple(crawls),
        policies=tuple({policy.digest: policy for _, policy in database.policies}.values()),
        is_test=kinds == {True},
        is_verified=all(one["verified"] for one in crawls),
        erased=database.rows("SELECT count(*) AS erased FROM manifest WHERE erased_at IS NOT NULL")[0]["erased"],
    )


def statement(sql: str) -> str:
    """The question itself, without its header."""
    return sql[sql.index("\n", sql.rindex("-- column ")) + 1 :].strip()


def manifest_digest(folder: Path) -> str:
    """What ``sha256sum *.parquet | sha256sum`` answers in ``manifest/``, in the order of the C locale."""
    lines = sha256()
    for path in sorted((folder / MANIFEST).glob("*.parquet"), key=lambda one: one.name):
        digest = sha256()
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
        lines.update(f"{digest.hexdigest()}  {path.name}\n".encode())
    return f"sha256:{lines.hexdigest()}"


def _value(value: Any) -> Any:
    return time_text(value) if hasattr(value, "tzinfo") else plain(value)
