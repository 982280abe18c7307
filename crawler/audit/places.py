"""Places of records that rows and site files name, gathered while the log is read, by WARC file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record has to be, and what it has to be."""

    offset: int
    length: int
    seq: int
    record_id: str | None = None
    """Of a row's record; ``None`` where a site file names the place."""
    verdict: str | None = None
    digest: str | None = None
    """Of the payload, where one is named."""


@dataclass(slots=True)
class Places:
    """By path of the WARC file."""

    by_file: dict[str, list[Place]] = field(default_factory=dict)
    without: list[tuple[str, int, str]] = field(default_factory=list)
    """Worker, number and problem of rows that should name a record and do not."""

    def add(self, worker: str, rows: pa.Table) -> None:
        """Take the places of a segment's rows."""
        for row in rows.to_pylist():
            if row["warc_filename"] is None:
                if row["verdict"] == "allow":
                    self.without.append((worker, row["seq"], "says allow without a record"))
                continue
            place = Place(
                row["warc_record_offset"] or 0, row["warc_record_length"] or 0, row["seq"], row["record_id"],
                row["verdict"], row["content_digest"],
            )  # fmt: skip
            self.by_file.setdefault(row["warc_filename"], []).append(place)

    def add_site_file(self, seq: int, body: dict[str, Any]) -> None:
        """Take the places that an entry ``site_file`` names."""
        for told in body.get("records", ()):
            self._add(told, seq, None)
        if body.get("body") is not None:
            self._add(body["body"], seq, body.get("digest"))

    def _add(self, told: dict[str, Any], seq: int, digest: str | None) -> None:
        place = Place(int(told["offset"]), int(told["length"]), seq, None, None, digest)
        self.by_file.setdefault(str(told["file"]), []).append(place)
