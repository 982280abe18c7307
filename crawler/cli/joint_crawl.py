"""``clearcrawl crawl --workers``: leads several processes through one crawl, with one display and one result."""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress
from datetime import UTC, datetime
from itertools import islice
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

from crawler.cli.common import complain, progress
from crawler.cli.summary import CrawlResult, print_result
from crawler.cli.worker import plan_to_plain
from crawler.errors import ExitCode
from crawler.extensions.opening import open_documents
from crawler.extensions.progress import Progress
from crawler.policy.gate import Gate
from crawler.signing.sealer import told_passphrase
from crawler.storage.entries import NewUrl, Via
from crawler.storage.joint import JointCrawl
from crawler.storage.outbox import to_text
from crawler.storage.seeds import read_seeds
from crawler.values.url import parse
from crawler.workers.coordinator import Coordinator
from crawler.workers.member import Member

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from crawler.extensions.opening import Documents
    from crawler.extensions.plan import CrawlPlan
    from crawler.workers.ending import Ended

STOPS_TO_KILL = 3
"""Signals after which workers that do not end are killed; the next start finds what they committed."""


def crawl_together(plan: CrawlPlan, seeds: Sequence[str], *, is_quiet: bool, as_json: bool) -> ExitCode:
    """Crawl until the end, a limit or a signal. Raises what refused the start, and StorageError."""
    documents = open_documents(plan, seeds)
    for warning in documents.warnings:
        progress(f"note: {warning}")
    with JointCrawl.open(plan.out, documents.run) as joint, TemporaryFile() as slots:
        names = list(joint.owners.workers())
        if len(names) > plan.workers:
            progress(f"note: {len(names)} workers began this crawl, and each goes on with its domains")
        free = (name for number in range(plan.workers) if (name := f"w{number}") not in names)
        names += list(islice(free, max(plan.workers - len(names), 0)))
        coordinator = Coordinator(
            joint=joint,
            members={name: Member(name) for name in names},
            seeds=_entries(documents, seeds),
            config={
                "plan": plan_to_plain(plan),
                "spider": "urls" if plan.is_list else "web",
                "passphrase": told_passphrase(),
                "slots": slots.fileno(),
            },
            max_pages=plan.max_pages,
        )
        ended = asyncio.run(_lead(coordinator, is_quiet=is_quiet))
        code = ended.code
        problem: str | None = "a worker that died could not close its part; start the crawl again to go on"
        if ended.is_whole:
            problem = joint.close(
                reason=ended.reason, code=int(code), sealer=documents.sealer, pending=ended.pending,
                unsigned=ended.unsigned,
            )  # fmt: skip
            problem = problem or ended.unsealed
        if problem is not None:
            complain(f"the evidence is not complete: {problem}")
            code = code or ExitCode.INCOMPLETE
        _tell(ended)
        result = CrawlResult(
            out=plan.out, crawl_id=joint.crawl_id, reason=ended.reason, code=code, is_test=documents.run.is_test,
            tally=coordinator.tally, workers=len(joint.owners.workers()), deaths=ended.deaths,
        )  # fmt: skip
    print_result(result, as_json=as_json)
    return code


def _tell(ended: Ended) -> None:
    if ended.deaths:
        progress(f"note: a worker died {ended.deaths} times; what it had committed is not lost")


async def _lead(coordinator: Coordinator, *, is_quiet: bool) -> Ended:
    loop = asyncio.get_running_loop()
    stops = 0

    def stop() -> None:
        nonlocal stops
        stops += 1
        if stops == 1:
            coordinator.stop()
        elif stops < STOPS_TO_KILL:
            coordinator.cut()
        else:
            for member in coordinator.members.values():
                member.kill()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    display = None if is_quiet else Progress(coordinator.tally)
    if display is not None:
        display.start()
    try:
        return await coordinator.run()
    finally:
        if display is not None:
            display.stop()
        for number in (signal.SIGINT, signal.SIGTERM):
            with suppress(ValueError):
                loop.remove_signal_handler(number)


def _entries(documents: Documents, seeds: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Seeds as they go to the frontier; without any, the kept pages of earlier crawls."""
    lists = documents.lists
    gate = Gate(documents.opened.policy, lists.matcher, documents.suffixes, lists.digest)
    if seeds or documents.previous is None:
        for seed in read_seeds(seeds):
            url = parse(seed.text)
            yield _entry(url.text, gate.lane(url), 0, Via.SEED)
        return
    for row in documents.previous.kept():
        url = parse(row["url"])
        yield _entry(url.text, gate.lane(url), row["depth"], Via.SEED if row["seed"] else Via.PREVIOUS)


def _entry(url: str, lane: str, depth: int, via: Via) -> tuple[str, str]:
    return lane, to_text(NewUrl(url=parse(url).text, lane=lane, depth=depth, via=via, discovered_at=datetime.now(UTC)))
