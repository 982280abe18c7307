"""WARC files: nothing but whole records, each with its digest, and every place that the log names is one of them.

Where the octets of a file are those that the signed log names, records are not unpacked and hashed again unless asked:
then their places, ids and digests as written are compared alone.
"""

from __future__ import annotations

import hashlib
import mmap
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from isal import isal_zlib
from isal.igzip_lib import IsalError

from crawler.audit.checks.interface import Finding
from crawler.audit.evidence import THREADS
from crawler.storage.layout import OPEN_SUFFIX, WARC

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawler.audit.evidence import Evidence
    from crawler.audit.places import Place

_GZIP = 31
_SLICE = 1 << 14
_HEAD = 1 << 12
"""Octets in which the head of a record is looked for."""
_PART = 16 << 20
"""Octets of a file that one thread goes through."""
_MOST = 1 << 30
"""Octets of an unpacked record; the crawl's own limits are far below."""
_PAGES = frozenset({"response", "resource", "revisit"})
_FILLER = b"clearcrawl-erased"


@dataclass(frozen=True, slots=True)
class _Part:
    path: str
    start: int
    end: int
    places: dict[int, list[Place]]
    is_confirmed: bool
    """Whether the file's octets are known to be those that were closed."""


class Records:
    """See the module."""

    id = "records"
    sentence = "WARC files are whole records with their digests, and every row's record is where the row says"

    def run(self, evidence: Evidence) -> Iterator[Finding]:
        """Walk all WARC files, several at once."""
        for log in evidence.logs.values():
            for entry in log.of_type("site_file"):
                try:
                    evidence.places.add_site_file(entry.seq, dict(entry.body))
                except (KeyError, TypeError, ValueError) as error:
                    problem = f"names no place: {error!r}"
                    yield Finding(check=self.id, file=entry.path, problem=problem, seq=entry.seq)
        for worker, seq, problem in evidence.places.without:
            yield Finding(check=self.id, file=evidence.logs[worker].path_of(seq), problem=problem, seq=seq)
        erased = _erased_files(evidence)
        confirmed = frozenset() if evidence.is_deep else _confirmed(evidence)
        parts = []
        for path in evidence.names(WARC):
            places = evidence.places.by_file.pop(path.removesuffix(OPEN_SUFFIX), [])
            parts += list(_parts(evidence, path, places, is_confirmed=path in confirmed))
        for path, places in sorted(evidence.places.by_file.items()):
            first = min(places, key=lambda one: one.seq)
            yield Finding(check=self.id, file=path, problem="is missing; a record is in it", seq=first.seq)
        with ThreadPoolExecutor(THREADS) as pool:
            for count, findings in pool.map(lambda part: _walk(evidence, part, erased), parts):
                evidence.records += count
                yield from findings


def _erased_files(evidence: Evidence) -> frozenset[str]:
    """WARC files in which records were overwritten."""
    return frozenset(
        str(change["new"]["name"])
        for log in evidence.logs.values()
        for entry in log.of_type("erasure")
        for change in entry.body.get("files", ())
        if change["new"]
    )


def _confirmed(evidence: Evidence) -> frozenset[str]:
    """WARC files that are as the log says they were closed."""
    told = {
        (str(entry.body.get("file")), str(entry.body.get("sha256")))
        for log in evidence.logs.values()
        if not log.problems
        for entry in log.of_type("warc_closed")
    }
    return frozenset(path for path, digest in evidence.digests.items() if (path, f"sha256:{digest}") in told)


def _parts(evidence: Evidence, path: str, places: list[Place], *, is_confirmed: bool) -> Iterator[_Part]:
    """Cut a file at places of rows, so that several threads share it; of an open file only what is committed."""
    size = evidence.sizes[path]
    by_offset: dict[int, list[Place]] = {}
    for place in places:
        by_offset.setdefault(place.offset, []).append(place)
    ends = [place.offset + place.length for place in places]
    end = max(ends, default=0) if path.endswith(OPEN_SUFFIX) else size
    start = 0
    for offset in sorted(by_offset):
        if offset - start >= _PART and offset < end:
            yield _Part(
                path, start, offset, {at: by_offset[at] for at in by_offset if start <= at < offset}, is_confirmed
            )
            start = offset
    last = {at: found for at, found in by_offset.items() if at >= start}
    if end > start or last:
        yield _Part(path, start, end, last, is_confirmed)


def _walk(evidence: Evidence, part: _Part, erased: frozenset[str]) -> tuple[int, list[Finding]]:
    """Go from record to record; answer how many there were, and what does not hold."""
    found: list[Finding] = []
    count = 0
    left = dict(part.places)

    def finding(problem: str, seq: int | None) -> None:
        found.append(Finding(check="records", file=part.path, problem=problem, seq=seq))

    position = part.start
    try:
        with (evidence.root / part.path).open("rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as data:
            while position < part.end:
                places = left.pop(position, [])
                length, problems = _record(data, position, places, part, is_erased=part.path in erased)
                count += 1
                for problem, seq in problems:
                    finding(problem, seq)
                position += length
            if position != part.end:
                finding(f"a record reaches over {part.end}", _nearest(part, part.end))
    except (zlib.error, IsalError, OSError, ValueError) as error:  # type: ignore[misc] # as in log_files
        finding(f"at {position}: no whole record ({error})", _nearest(part, position))
        return count, found
    for offset, places in sorted(left.items()):
        finding(f"no record begins at {offset}", places[0].seq)
    return count, found


def _nearest(part: _Part, offset: int) -> int | None:
    """The first row whose record ends behind a place."""
    behind = [place.seq for at, places in part.places.items() if at + places[0].length > offset for place in places]
    return min(behind, default=None)


def _record(
    data: mmap.mmap, position: int, places: list[Place], part: _Part, *, is_erased: bool
) -> tuple[int, list[tuple[str, int | None]]]:
    """Length of the record there, and what is wrong with it. Raises ValueError, zlib.error, IsalError."""
    fields = _fields(data, position) if part.is_confirmed and places else None
    if fields is not None:
        length = places[0].length
        told = (_place(fields, None, position=position, length=length, place=place) for place in places)
        return length, [problem for problems in told for problem in problems]
    octets, length = _member(data, position, places[0].length if places else 0)
    if part.is_confirmed and not places:
        return length, []
    return length, list(_problems(octets, position, length, places, is_erased=is_erased, path=part.path))


def _fields(data: mmap.mmap, position: int) -> dict[str, str] | None:
    """Fields of the record that begins there; ``None`` where its head is not to be had so easily."""
    unpacker = isal_zlib.decompressobj(_GZIP)
    try:
        head, blank, _ = unpacker.decompress(data[position : position + _HEAD], _HEAD).partition(b"\r\n\r\n")
    except (zlib.error, IsalError):  # type: ignore[misc] # as in log_files
        return None
    version, *lines = head.decode("utf-8", "replace").split("\r\n")
    return dict(line.partition(": ")[::2] for line in lines) if blank and version == "WARC/1.1" else None


def _member(data: mmap.mmap, position: int, length: int) -> tuple[bytes, int]:
    """The gzip member at a place, unpacked, and its length. Raises ValueError, zlib.error."""
    unpacker = isal_zlib.decompressobj(_GZIP)
    step = length or _SLICE
    parts = []
    size = len(data)
    at = position
    total = 0
    while not unpacker.eof:
        piece = data[at : at + step]
        if not piece:
            raise ValueError("it was cut")
        at += len(piece)
        part = unpacker.decompress(piece, _MOST)
        total += len(part)
        if total >= _MOST or at > size:
            raise ValueError("it is larger than any record of ours")
        parts.append(part)
        step = _SLICE
    return b"".join(parts), at - len(unpacker.unused_data) - position


def _problems(
    record: bytes, position: int, length: int, places: list[Place], *, is_erased: bool, path: str
) -> Iterator[tuple[str, int | None]]:  # fmt: skip
    seq = places[0].seq if places else None
    head, blank, rest = record.partition(b"\r\n\r\n")
    version, *lines = head.decode("utf-8", "replace").split("\r\n")
    fields = dict(line.partition(": ")[::2] for line in lines)
    size = fields.get("Content-Length", "")
    if version != "WARC/1.1" or not blank or not size.isdecimal() or rest[int(size) :] != b"\r\n\r\n":
        yield f"at {position}: is no WARC/1.1 record", seq
        return
    block = memoryview(rest)[: int(size)]
    digest = f"sha256:{hashlib.sha256(block).hexdigest()}"
    if fields.get("WARC-Block-Digest") != digest:
        yield f"at {position}: the block does not match its digest", seq
        return
    kind = fields.get("WARC-Type")
    if position == 0 and kind != "warcinfo":
        yield "does not begin with warcinfo", seq
    if position == 0 and fields.get("WARC-Filename") != path.rpartition("/")[2].removesuffix(OPEN_SUFFIX):
        yield f"was written under another name: {fields.get('WARC-Filename')}", seq
    if "-pages-" in path and kind in _PAGES and not any(place.verdict == "allow" for place in places) and not is_erased:
        yield f"at {position}: a page body without a row that says allow", seq
    for place in places:
        yield from _place(fields, block, position=position, length=length, place=place)


def _place(
    fields: dict[str, str], block: memoryview | None, *, position: int, length: int, place: Place
) -> Iterator[tuple[str, int]]:  # fmt: skip
    if place.length != length:
        yield f"at {position}: the record has {length} octets, the log says {place.length}", place.seq
    kind, payload = fields.get("WARC-Type"), fields.get("WARC-Payload-Digest")
    if place.record_id is None:
        if place.digest is not None and place.digest != payload and not _is_body(fields, block, place.digest):
            yield f"at {position}: its payload is not {place.digest}", place.seq
        return
    if fields.get("WARC-Record-ID") != f"<{place.record_id}>":
        yield f"at {position}: holds {fields.get('WARC-Record-ID')}, not the record of that row", place.seq
    if place.verdict == "allow":
        if kind not in _PAGES:
            yield f"at {position}: a row that says allow points to a {kind} record", place.seq
        elif place.digest is not None and payload != place.digest:
            yield f"at {position}: its payload is {payload}, the row says {place.digest}", place.seq


def _is_body(fields: dict[str, str], block: memoryview | None, digest: str) -> bool:
    """Whether the body has that digest; of a file that is as it was closed, the writer's word is taken."""
    if block is None:
        return True
    data = bytes(block)
    if fields.get("Content-Type", "").startswith("application/http"):
        data = data.partition(b"\r\n\r\n")[2]
    return digest == f"sha256:{hashlib.sha256(data).hexdigest()}"
