"""The head over the heads of several workers (R6.6), and the hand-over that rests on it.

Its log is made anew each time: leaves are the octets of every worker's last checkpoint, sorted by worker. So that no
origin ever has two heads of one size, the second and later ones of a folder have an origin of their own.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from crawler.errors import SignerError
from crawler.provenance.checkpoint import TEST_DOMAIN, Checkpoint
from crawler.provenance.leaf import leaf_hash
from crawler.provenance.merkle import root_of
from crawler.provenance.signed_note import write_note
from crawler.storage.crawl_file import exit_code_of, write_crawl_file
from crawler.storage.evidence import bag_info, predicate_of
from crawler.storage.handover import put_bag, put_envelope
from crawler.storage.layout import (
    CHECKPOINT_ENDING,
    CHECKPOINTS,
    CRAWL_HEAD,
    TIMESTAMPS,
    checkpoint_name,
    is_worker_id,
    number_of,
)
from crawler.storage.notary import Head

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping
    from typing import Any

    from crawler.storage.crawl_file import CrawlFile
    from crawler.storage.layout import Folder
    from crawler.storage.notary import Sealer


def last_heads(names: Iterable[str]) -> dict[str, str]:
    """Worker to the name of its last checkpoint, sorted by worker."""
    found: dict[str, tuple[int, str]] = {}
    for name in names:
        worker = name.partition("-")[0]
        number = number_of(name, worker, CHECKPOINT_ENDING)
        if number is not None and is_worker_id(worker):
            found[worker] = max(found.get(worker, (0, "")), (number, name))
    return {worker: found[worker][1] for worker in sorted(found)}


def origin_of(domain: str, crawl_id: str, number: int) -> str:
    """Origin of the head of that number."""
    return f"{domain}/{crawl_id}{'' if number == 1 else f'.{number}'}/{CRAWL_HEAD}"


def unsealed(root: Folder, domain: str, crawl_id: str) -> dict[str, Any]:
    """What ``crawl.json`` says of the evidence as long as several workers write."""
    with root.sub(CHECKPOINTS) as folder:
        origin = origin_of(domain, crawl_id, _next_number(folder.names()))
    return {
        "origin": origin, "key": None, "protection": None, "checkpoint": None, "size": None, "unsigned": None,
        "pending": [],
    }  # fmt: skip


def _next_number(names: Iterable[str]) -> int:
    return max((number_of(name, CRAWL_HEAD, CHECKPOINT_ENDING) or 0 for name in names), default=0) + 1


def seal_crawl(
    root: Folder, journals: Mapping[str, sqlite3.Connection], crawl: CrawlFile, sealer: Sealer | None, *, domain: str,
    sealed_at: str, pending: list[str], unsigned: str | None,
) -> tuple[CrawlFile, str | None]:  # fmt: skip
    """Sign the head over all workers, write ``crawl.json``, sign the list of files, write the bag. Raises OSError.

    No worker writes. Answer what ``crawl.json`` says now, and what is missing of the seal. ``domain`` is the
    operator's; ``journals`` are by worker; ``pending`` and ``unsigned`` are what the workers' own heads miss.
    """
    head, problem = None, unsigned
    if sealer is not None:
        head, failure = _sign(root, sealer, TEST_DOMAIN if crawl.is_test else domain, crawl.crawl_id)
        problem = problem or failure
        crawl = replace(crawl, evidence={
            "origin": None if head is None else head.checkpoint.origin, "key": str(sealer.key),
            "protection": sealer.protection, "checkpoint": None if head is None else head.number,
            "size": None if head is None else head.checkpoint.size, "unsigned": problem, "pending": pending,
        })  # fmt: skip
        crawl = replace(crawl, exit_code=exit_code_of(crawl.exit_code, crawl.evidence))
    write_crawl_file(root, crawl)
    if head is not None and sealer is not None:
        with root.sub(TIMESTAMPS) as folder:
            status = "pending" if pending else "complete" if any(map(_is_answer, folder.names())) else "none"
        predicate = predicate_of(crawl, sealer, stamps=status, stops=_stops(journals), sealed_at=sealed_at)
        problem = (
            put_envelope(root, list(journals.values()), sealer, head, worker=CRAWL_HEAD, predicate=predicate) or problem
        )
    put_bag(root, list(journals.values()), bag_info(crawl, sealed_at=sealed_at))
    return crawl, problem


def _is_answer(name: str) -> bool:
    return name.endswith(".tsr")


def _stops(journals: Mapping[str, sqlite3.Connection]) -> list[dict[str, Any]]:
    """Stops of all workers in the order of their time, each with its worker."""
    found: list[dict[str, Any]] = []
    for worker, journal in journals.items():
        row = journal.execute("SELECT value FROM meta WHERE key = 'stops'").fetchone()
        found += [{**stop, "worker": worker} for stop in json.loads(row[0] if row else "[]")]
    return sorted(found, key=lambda stop: (stop["time"], stop["worker"]))


def _sign(root: Folder, sealer: Sealer, domain: str, crawl_id: str) -> tuple[Head | None, str | None]:
    with root.sub(CHECKPOINTS) as folder:
        names = folder.names()
        leaves = [leaf_hash(folder.read(name)) for name in last_heads(names).values()]
        if not leaves:
            return None, "no worker has a signed head"
        number = _next_number(names)
        checkpoint = Checkpoint(origin=origin_of(domain, crawl_id, number), size=len(leaves), root=root_of(leaves))
        try:
            note = write_note(checkpoint.text(), sealer.key, sealer.sign(checkpoint.text()))
            sealer.remember_head(checkpoint.origin, note)
        except SignerError as error:
            return None, str(error)
        folder.write(checkpoint_name(CRAWL_HEAD, number), note)
    return Head(number=number, checkpoint=checkpoint, note=note), None
