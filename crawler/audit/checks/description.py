"""``crawl.json`` against the log: the same crawl, the same start, the same end, TEST where it is one."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from crawler.audit.checks.heads import is_joint, is_test_origin
from crawler.audit.checks.interface import Finding
from crawler.errors import ExitCode
from crawler.storage.layout import CRAWL_FILE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawler.audit.evidence import Evidence

_STARTED = ("crawl_id", "software", "operator", "product_token", "purpose", "user_agent", "is_test", "details")
_ENDED = (("finish_reason", "reason"), ("counts", "counts"))


class Description:
    """See the module."""

    id = "description"
    sentence = "crawl.json says what the log says"

    def run(self, evidence: Evidence) -> Iterator[Finding]:
        """Compare with the last start and the last end."""
        crawl = evidence.crawl
        if is_joint(evidence):
            yield from self._joint(evidence)
            return
        log = evidence.logs.get("w0") or next(iter(evidence.logs.values()), None)
        if not crawl or log is None or log.problems:
            return
        starts = log.of_type("crawl_start", "restart")
        if not starts:
            return
        yield from self._differences(crawl, starts[-1].body, _STARTED, starts[-1].seq)
        first = next((one for one in starts if one.body.get("crawl_id") == crawl.get("crawl_id")), starts[-1])
        if crawl.get("started_at") != first.time:
            yield Finding(
                check=self.id, file=CRAWL_FILE, problem="started_at is not when the log began it", seq=first.seq
            )
        ends = log.of_type("stop", "crawl_end")
        if crawl.get("ended_at") is None:
            evidence.undecided.append("the crawl has not ended: it runs, or was cut off and can be resumed")
        elif not ends or ends[-1].seq < starts[-1].seq:
            yield Finding(check=self.id, file=CRAWL_FILE, problem="says that the crawl has ended, the log does not")
        else:
            for ours, theirs in _ENDED:
                if crawl.get(ours) != ends[-1].body.get(theirs):
                    problem = f"{ours} is not what the log says of the end"
                    yield Finding(check=self.id, file=CRAWL_FILE, problem=problem, seq=ends[-1].seq)
            if not _is_code_of(crawl, ends[-1].body.get("code")):
                problem = "exit_code is not what the log says of the end"
                yield Finding(check=self.id, file=CRAWL_FILE, problem=problem, seq=ends[-1].seq)
        yield from self._origins(evidence, starts[-1].body)

    def _joint(self, evidence: Evidence) -> Iterator[Finding]:
        """Of several workers: what each log says of its start, and what all say together of the end."""
        crawl, logs = evidence.crawl, list(evidence.logs.values())
        if any(log.problems for log in logs):
            return
        details = []
        for log in logs:
            all_starts = log.of_type("crawl_start", "restart")
            starts = [one for one in all_starts if one.body.get("crawl_id") == crawl.get("crawl_id")]
            if not starts:
                yield Finding(check=self.id, file=log.path_of(0), problem="holds no start of the crawl of crawl.json")
                continue
            yield from self._differences(crawl, starts[-1].body, _STARTED[:-1], starts[-1].seq)
            details += [start.body.get("details") for start in starts]
            if str(crawl.get("started_at")) > starts[0].time:
                yield Finding(check=self.id, file=CRAWL_FILE, problem="started_at is after a start", seq=starts[0].seq)
        if details and crawl.get("details") not in details:
            yield Finding(check=self.id, file=CRAWL_FILE, problem="details are those of no start")
        if crawl.get("ended_at") is None:
            evidence.undecided.append("the crawl has not ended: it runs, or was cut off and can be resumed")
        else:
            yield from self._joint_end(evidence)
        if logs and (starts := logs[0].of_type("crawl_start", "restart")):
            yield from self._origins(evidence, starts[-1].body)

    def _joint_end(self, evidence: Evidence) -> Iterator[Finding]:
        totals: Counter[str] = Counter()
        for log in evidence.logs.values():
            ends, starts = log.of_type("stop", "crawl_end"), log.of_type("crawl_start", "restart")
            if not ends or (starts and ends[-1].seq < starts[-1].seq):
                problem = "says that the crawl has ended, the log of a worker does not"
                yield Finding(check=self.id, file=CRAWL_FILE, problem=problem)
                return
            if ends[-1].body.get("reason") != evidence.crawl.get("finish_reason"):
                problem = "finish_reason is not what the log of a worker says of the end"
                yield Finding(check=self.id, file=CRAWL_FILE, problem=problem, seq=ends[-1].seq)
            totals.update(dict(ends[-1].body.get("counts") or {}))
        if dict(totals) != evidence.crawl.get("counts"):
            problem = "counts are not the sums of what the logs say of the end"
            yield Finding(check=self.id, file=CRAWL_FILE, problem=problem)

    def _differences(self, crawl: Any, told: Any, names: tuple[str, ...], seq: int) -> Iterator[Finding]:
        for name in names:
            if crawl.get(name) != told.get(name):
                yield Finding(check=self.id, file=CRAWL_FILE, problem=f"{name} is not what the log says", seq=seq)

    def _origins(self, evidence: Evidence, start: Any) -> Iterator[Finding]:
        signing = start.get("signing")
        if isinstance(signing, dict) and signing.get("protection") == "unprotected":
            evidence.notes.append("signed with an unprotected key: whoever could read its file could sign")
        if evidence.crawl.get("is_test"):
            evidence.notes.append("TEST: test hosts were allowed; this crawl proves nothing about the web")
        for heads in evidence.heads.values():
            last = heads[-1]
            if is_test_origin(last.checkpoint.origin) != bool(evidence.crawl.get("is_test")):
                problem = "TEST in one of origin and crawl.json only"
                yield Finding(check=self.id, file=last.path, problem=problem)


def _is_code_of(crawl: Any, code: object) -> bool:
    """Whether it tells the code of the log's last entry, or that a signature or stamp over that is missing (R6.9)."""
    told, evidence = crawl.get("exit_code"), crawl.get("evidence")
    is_unsealed = isinstance(evidence, dict) and bool(evidence.get("unsigned") or evidence.get("pending"))
    return told == code or (code == ExitCode.CLEAN and told == ExitCode.INCOMPLETE and is_unsealed)
