"""What entries of the log say of files: segments, WARC files, policies and lists are there as they were closed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawler.audit.checks.interface import Finding
from crawler.storage.layout import BLOCKLISTS, INDEX, LOG, MANIFEST, POLICIES, WARC

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawler.audit.evidence import Evidence
    from crawler.audit.log_files import Entry, WorkerLog

_STARTS = ("crawl_start", "restart", "lists")
_KEPT = {"policy_files": POLICIES, "list_files": BLOCKLISTS}


class Published:
    """See the module."""

    id = "published"
    sentence = "every file that the log names is there with its length and digest, and no other"

    def run(self, evidence: Evidence) -> Iterator[Finding]:
        """Compare all entries that name files."""
        named: set[str] = set()
        for log in evidence.logs.values():
            if log.problems:
                continue  # what the missing entries said is unknown; the log itself is found already
            replaced = _replaced(log)
            for entry, told in _told(log):
                yield from _compare(evidence, entry, told, replaced, named)
            for entry in log.of_type(*_STARTS):
                yield from _kept(evidence, entry, named)
            yield from _unnamed(evidence, log, named)
        if evidence.has_ended and not any(log.problems for log in evidence.logs.values()):
            for folder in (POLICIES, BLOCKLISTS):
                for path in evidence.names(folder):
                    if path not in named:
                        yield Finding(check=self.id, file=path, problem="is foreign: no entry of the log names it")
        for folder in (POLICIES, BLOCKLISTS):
            yield from _content(evidence, folder)


def _told(log: WorkerLog) -> Iterator[tuple[Entry, dict[str, Any]]]:
    for entry in log.of_type("segment_published"):
        for told in entry.body.get("files", ()):
            yield entry, told
    for entry in log.of_type("warc_closed"):
        yield entry, {**entry.body, "name": entry.body.get("file")}


def _replaced(log: WorkerLog) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """Old name and digest to what an erasure put in its place."""
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for entry in log.of_type("erasure"):
        for change in entry.body.get("files", ()):
            old = change["old"]
            found[str(old["name"]), str(old["sha256"])] = [change["new"]] if change["new"] else []
    return found


def _compare(
    evidence: Evidence, entry: Entry, told: dict[str, Any], replaced: dict[tuple[str, str], list[dict[str, Any]]],
    named: set[str],
) -> Iterator[Finding]:  # fmt: skip
    seen = set()
    while (key := (str(told.get("name")), str(told.get("sha256")))) in replaced and key not in seen:
        seen.add(key)
        following = replaced[key]
        if not following:
            if key[0] in evidence.sizes:
                yield Finding(check="published", file=key[0], problem="was erased, and is there", seq=entry.seq)
            return
        told = following[0]
    path = str(told.get("name"))
    named.add(path)
    size, digest = evidence.sizes.get(path), evidence.digests.get(path)
    if size is None:
        problem = f"is missing, or has another name; {entry.type} names it"
    elif size != told.get("length"):
        problem = f"has {size} octets, {entry.type} says {told.get('length')}"
    elif digest is not None and f"sha256:{digest}" != told.get("sha256"):
        problem = f"has SHA-256 {digest}, {entry.type} says {told.get('sha256')}"
    else:
        return
    yield Finding(check="published", file=path, problem=problem, seq=entry.seq)


def _kept(evidence: Evidence, entry: Entry, named: set[str]) -> Iterator[Finding]:
    details = entry.body.get("details")
    if not isinstance(details, dict):
        return
    for key, folder in _KEPT.items():
        for digest in details.get(key, {}).values():
            path = f"{folder}/{str(digest).replace(':', '-')}"
            if path not in evidence.sizes and path not in named:
                problem = "is missing; it was in force from that entry on"
                yield Finding(check="published", file=path, problem=problem, seq=entry.seq)
            named.add(path)


def _unnamed(evidence: Evidence, log: WorkerLog, named: set[str]) -> Iterator[Finding]:
    """Files of that worker which no entry names: an unfinished crawl may have some, an ended one has only logs."""
    is_open = not log.of_type("stop", "crawl_end") or log.entries[-1].type not in {"stop", "crawl_end"}
    for folder in (WARC, MANIFEST, INDEX):
        for path in evidence.names(folder):
            if path in named or not path.startswith(f"{folder}/{log.worker}-"):
                continue
            if not is_open or (evidence.has_ended and not is_open):
                yield Finding(check="published", file=path, problem="is foreign: no entry of the log names it")
    for path in evidence.names(LOG):
        if path.startswith(f"{LOG}/{log.worker}-") and path not in {name for name, _ in log.ends} | named:
            yield Finding(check="published", file=path, problem="is foreign: it is no part of the log")


def _content(evidence: Evidence, folder: str) -> Iterator[Finding]:
    """A file that is named by its digest has it."""
    for path in evidence.names(folder):
        digest = evidence.digests.get(path)
        if digest is not None and not path.endswith(f"sha256-{digest}"):
            yield Finding(check="published", file=path, problem=f"is not the file that its name says: {digest}")
