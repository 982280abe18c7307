"""What a start does before anything else: bring files and journal to the last commit, or refuse and name the file."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from crawler.errors import DamagedStateError
from crawler.storage.batches import redacted
from crawler.storage.entries import Recovery, WarcKind
from crawler.storage.erasures import finish_erasure
from crawler.storage.layout import INDEX, LOG, MANIFEST, OPEN_SUFFIX, TEMPORARY_SUFFIX, WARC
from crawler.storage.segments import known_files
from crawler.storage.warc_files import WarcFile

if TYPE_CHECKING:
    from crawler.storage.journal import Journal
    from crawler.storage.layout import CrawlFolder
    from crawler.storage.recording import Recorder


def recover(folder: CrawlFolder, journal: Journal, recorder: Recorder, *, time: str, was_unclean: bool) -> Recovery:
    """Check and repair as reliability 5.1 says; every repair gets an entry in the log.

    Raises DamagedStateError for what cannot be put right without losing something committed, OSError, sqlite3.Error.
    """
    finish_erasure(folder, journal)
    removed = _remove_unfinished(folder, journal)
    _check_segments(folder, journal)
    cut, sealed = _resume_warcs(folder, journal, recorder)
    removed += _remove_unknown_warcs(folder, journal)
    with journal.transaction():
        for name, length, sha256 in sealed:
            record_closed(journal, name, length=length, sha256=sha256, time=time)
        interrupted = interrupt(journal, time=time)
        for name, octets in cut.items():
            journal.log_event("tail_cut", time=time, body={"file": f"{WARC}/{name}", "octets": octets})
    return Recovery(resumed=True, unclean=was_unclean, interrupted=tuple(interrupted), cut=cut, removed=tuple(removed))


def _remove_unfinished(folder: CrawlFolder, journal: Journal) -> list[str]:
    """Delete temporary files, and files of a segment whose rows are all still in the journal."""
    removed = []
    for where in (MANIFEST, INDEX, LOG, WARC):
        known = {file.name for file in known_files(journal, where)}
        for name in folder[where].names():
            if not name.startswith(f"{folder.worker}-"):
                continue
            is_temporary = name.endswith(TEMPORARY_SUFFIX)
            if not is_temporary and (where == WARC or name in known):
                continue
            if where == MANIFEST and not is_temporary:
                _check_rewritable(folder, journal, name)
            folder[where].remove(name)
            removed.append(f"{where}/{name}")
        folder[where].sync()
    return removed


def _check_rewritable(folder: CrawlFolder, journal: Journal, name: str) -> None:
    """A segment that no commit knows may go only if the journal can write it again (a lost log file could not)."""
    import pyarrow as pa  # noqa: PLC0415 - large, and hardly ever needed
    import pyarrow.parquet  # noqa: PLC0415 - as above

    path = folder[MANIFEST].path / name
    try:
        metadata = pyarrow.parquet.read_metadata(path).metadata or {}
        first, last = (int(metadata[f"clearcrawl.{end}_seq".encode()]) for end in ("first", "last"))
    except (OSError, pa.ArrowException, KeyError, ValueError) as error:
        raise DamagedStateError(f"{path}: is unknown to {journal.path} and is no segment ({error})") from error
    query = "SELECT count(*) FROM pending WHERE seq BETWEEN ? AND ?"
    if journal.connection.execute(query, (first, last)).fetchone()[0] != last - first + 1:
        raise DamagedStateError(f"{journal.path}: is older than the segment {path}; restore the newer database")


def _check_segments(folder: CrawlFolder, journal: Journal) -> None:
    """Every segment is there with its length; the last ones also match their digest."""
    for where in (MANIFEST, INDEX, LOG):
        files = list(known_files(journal, where))
        for file in files:
            path = folder[where].path / file.name
            if folder[where].size(file.name) != file.length:
                raise DamagedStateError(f"{path}: is missing or not as long as when it was published; restore it")
        if files:
            last = files[-1]
            if f"sha256:{hashlib.sha256(folder[where].read(last.name)).hexdigest()}" != last.sha256:
                raise DamagedStateError(f"{folder[where].path / last.name}: has changed since it was published")


def record_closed(journal: Journal, name: str, *, length: int, sha256: str, time: str) -> None:
    """Within a transaction: a WARC file has its final name, and never changes from now on."""
    journal.connection.execute("UPDATE files SET closed = 1 WHERE name = ?", (name,))
    journal.log_event("warc_closed", time=time, body={"file": f"{WARC}/{name}", "length": length, "sha256": sha256})


def _resume_warcs(
    folder: CrawlFolder, journal: Journal, recorder: Recorder
) -> tuple[dict[str, int], list[tuple[str, int, str]]]:
    """Cut open files to their committed length; find closed ones whole. Answer cuts, and files sealed unrecorded."""
    cut: dict[str, int] = {}
    sealed: list[tuple[str, int, str]] = []
    query = "SELECT name, kind, warcinfo_id, length, sha256, closed FROM files ORDER BY id"
    numbers = dict.fromkeys(WarcKind, 0)
    for name, kind, warcinfo_id, length, sha256, is_closed in journal.connection.execute(query).fetchall():
        numbers[WarcKind(kind)] += 1
        has_final = folder[WARC].size(name) is not None
        if is_closed or (has_final and folder[WARC].size(name + OPEN_SUFFIX) is None):
            if folder[WARC].size(name) != length:
                path = folder[WARC].path / name
                raise DamagedStateError(f"{path}: is missing or not {length} octets long as committed; restore it")
            if not is_closed:
                sealed.append((name, length, sha256))  # killed between the rename and its commit
            continue
        file = WarcFile(folder[WARC], name, warcinfo_id=warcinfo_id)
        octets = file.reopen(length=length, digest=sha256)
        if octets:
            cut[name] = octets
        recorder.resume(WarcKind(kind), file)
    for warc_kind, number in numbers.items():
        recorder.set_number(warc_kind, number)
    return cut, sealed


def _remove_unknown_warcs(folder: CrawlFolder, journal: Journal) -> list[str]:
    """A file begun without a commit goes; a finished one that the journal does not know is somebody's loss."""
    known = {name for (name,) in journal.connection.execute("SELECT name FROM files")}
    removed = []
    for name in folder[WARC].names():
        if not name.startswith(f"{folder.worker}-") or name.removesuffix(OPEN_SUFFIX) in known:
            continue
        path = folder[WARC].path / name
        if not name.endswith(OPEN_SUFFIX):
            raise DamagedStateError(f"{path}: is unknown to {journal.path}; restore the database that belongs to it")
        folder[WARC].remove(name)
        removed.append(f"{WARC}/{name}")
    folder[WARC].sync()
    return removed


def interrupt(journal: Journal, *, time: str) -> list[str]:
    """Within a transaction: end attempts that are on their way, at a stop or after a kill; answer their URLs.

    URLs wait again, and it does not count as a try.
    """
    run = journal.connection.execute
    rows = run(
        "SELECT attempts.id, coalesce(frontier.url, target), frontier_id, lane FROM attempts"
        " LEFT JOIN frontier ON frontier.id = frontier_id WHERE outcome = 'sent' ORDER BY attempts.id"
    ).fetchall()
    for attempt_id, url, frontier_id, lane in rows:
        run("UPDATE attempts SET outcome = 'interrupted' WHERE id = ?", (attempt_id,))
        journal.log_event("attempt_interrupted", time=time, body={"attempt": attempt_id, "url": redacted(journal, url)})
        if frontier_id is not None:
            run(
                "UPDATE frontier SET state = 0, not_before = 0, tries = tries - 1 WHERE id = ? AND state = 1",
                (frontier_id,),
            )
            run("UPDATE lanes SET due = 0 WHERE id = ?", (lane,))
    claimed = sum(1 for row in rows if row[2] is not None)
    journal.add({"sent": -claimed, "waiting": claimed, "interrupted": len(rows)})
    return [url for _, url, _, _ in rows]
