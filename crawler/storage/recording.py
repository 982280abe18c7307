"""The WARC files that a worker is writing: places records, appends a batch, makes it durable, seals full files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from crawler.storage.entries import WarcKind
from crawler.storage.layout import WARC, warc_name
from crawler.storage.revisits import CRAWL_FIELD
from crawler.storage.warc import gzip_member, new_record_id, payload_digest, serialise, serialise_warcinfo
from crawler.storage.warc_files import ROTATE_AT, WarcFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from crawler.storage.entries import RecordDraft
    from crawler.storage.layout import CrawlFolder
    from crawler.values.digest import Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a record is, or will be once the batch is written."""

    file: str
    """Final name, without ``.open``."""
    offset: int
    length: int
    type: str
    record_id: str
    target_uri: str
    date: datetime
    kind: WarcKind
    payload: Digest | None
    payload_crawl_id: str | None = None
    """Of a revisit: the crawl in another folder that holds the payload."""

    @property
    def path(self) -> str:
        """As the manifest names it: relative to the crawl folder."""
        return f"{WARC}/{self.file}"


class Recorder:
    """Stages records of a batch in memory, then writes them behind one another and fsyncs."""

    def __init__(self, folder: CrawlFolder, *, warcinfo: Mapping[str, str], rotate_at: int = ROTATE_AT) -> None:
        self._folder = folder
        self._warcinfo = warcinfo
        self._rotate_at = rotate_at
        self._open: dict[WarcKind, WarcFile] = {}
        self._numbers = dict.fromkeys(WarcKind, 0)
        self._staged: dict[WarcKind, list[bytes]] = {kind: [] for kind in WarcKind}
        self._ends: dict[WarcKind, int] = {}

    def resume(self, kind: WarcKind, file: WarcFile) -> None:
        """Go on with a file of the earlier run."""
        self._open[kind] = file

    def set_number(self, kind: WarcKind, number: int) -> None:
        """Say which number the last file of that kind had."""
        self._numbers[kind] = number

    def stage(self, draft: RecordDraft) -> Place:
        """Serialise and compress a record and answer its place; nothing is written yet. Raises ValueError, OSError."""
        file = self._open.get(draft.kind) or self._begin(draft.kind)
        payload = payload_digest(draft)
        member = gzip_member(serialise(draft, payload=payload, warcinfo_id=file.warcinfo_id))
        offset = self._ends.get(draft.kind, file.position)
        self._staged[draft.kind].append(member)
        self._ends[draft.kind] = offset + len(member)
        return Place(
            file=file.name, offset=offset, length=len(member), type=draft.type, record_id=draft.record_id,
            target_uri=draft.target_uri, date=draft.date, kind=draft.kind, payload=payload,
            payload_crawl_id=(draft.fields or {}).get(CRAWL_FIELD),
        )  # fmt: skip

    def _begin(self, kind: WarcKind) -> WarcFile:
        self._numbers[kind] += 1
        name = warc_name(self._folder.worker, kind.value, self._numbers[kind])
        file = WarcFile(self._folder[WARC], name, warcinfo_id=new_record_id())
        file.create()
        start = serialise_warcinfo(
            record_id=file.warcinfo_id, filename=name, date=datetime.now(UTC), fields=self._warcinfo
        )
        member = gzip_member(start)
        self._staged[kind].append(member)
        self._ends[kind] = len(member)
        self._open[kind] = file
        return file

    def write(self) -> list[tuple[WarcKind, WarcFile]]:
        """Append everything staged and make it durable; answer the files that grew. Raises OSError."""
        grown = []
        for kind, members in self._staged.items():
            if members:
                file = self._open[kind]
                file.append(b"".join(members))
                file.sync()
                grown.append((kind, file))
                members.clear()
        self._ends.clear()
        return grown

    def full(self) -> list[WarcKind]:
        """Kinds whose file has reached its size."""
        return [kind for kind, file in self._open.items() if file.position >= self._rotate_at]

    def kinds(self) -> list[WarcKind]:
        """Kinds that have a file open."""
        return list(self._open)

    def seal(self, kind: WarcKind) -> WarcFile:
        """Finish the file of that kind; the next record begins another. Raises OSError."""
        file = self._open.pop(kind)
        file.seal()
        return file

    def close(self) -> None:
        """Drop the descriptors and write nothing."""
        for file in self._open.values():
            file.close()


def first_place(places: Iterable[Place]) -> Place | None:
    """The record that stands for a row: the first that says what the server answered, or why nothing was asked."""
    return next((place for place in places if place.type != "request"), None)
