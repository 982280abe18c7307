"""The log: every line is a leaf with its number; rows and index are checked segment by segment as it is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.audit.checks.interface import Finding
from crawler.audit.checks.rows import check_rows
from crawler.audit.log_files import WorkerLog, read_log

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawler.audit.evidence import Evidence


class Log:
    """See the module."""

    id = "log"
    sentence = "every leaf is there with its number, and every row of the manifest is its leaf"

    def run(self, evidence: Evidence) -> Iterator[Finding]:
        """Read the log of every worker once."""
        if not evidence.workers():
            yield Finding(check=self.id, file="log/", problem="there is no log")
        for worker in evidence.workers():
            log = evidence.logs[worker] = WorkerLog(worker=worker)
            for segment in read_log(evidence, worker, log):
                if not segment.path.startswith("state/"):
                    yield from check_rows(evidence, worker, segment)
            for path, seq, problem in log.problems:
                yield Finding(check=self.id, file=path, problem=problem, seq=seq)
            yield from _entries(evidence, log)


def _entries(evidence: Evidence, log: WorkerLog) -> Iterator[Finding]:
    """The first entry is a start; what is erased was ordered by an entry."""
    first = log.entries[0] if log.entries else None
    if log.hashes and not log.problems and (first is None or first.seq != 0 or first.type != "crawl_start"):
        yield Finding(check="log", file=log.path_of(0), problem="the log does not begin with crawl_start", seq=0)
    ordered = {seq for entry in log.of_type("erasure") for seq in entry.body.get("seqs", ())}
    for seq, path in log.erased.items():
        if seq not in ordered:
            yield Finding(check="log", file=path, problem="is erased, but no entry of the log ordered it", seq=seq)
    if log.erased:
        evidence.notes.append(f"worker {log.worker}: erased, {len(log.erased)} rows")
    for entry in log.of_type("clock_jump"):
        evidence.notes.append(f"seq {entry.seq}: the clock jumped ({entry.body})")
