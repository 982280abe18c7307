"""Crawls by several workers: a web of many domains to crawl, and what has to hold of the result."""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from crawler.demo.media import PLUS_PROHIBITED, jpeg, png
from crawler.errors import ExitCode
from crawler.signing.key_folder import KeyFolder, default_folder
from tests.evidence.both import verify
from tests.integration.findings import attempts_by, by_url, check_requests, check_rows, check_visible, kept, workers_of
from tests.servers.replies import Reply, html, text

if TYPE_CHECKING:
    import subprocess

    from crawler.audit.verifying import Verification
    from tests.integration.lab import Lab
    from tests.servers.web import ScriptedWeb

DOMAINS = tuple(f"{name}.test" for name in ("amber", "birch", "cedar", "delta", "ember", "fjord", "grove"))
PAGES = 6
BLOCKED = "blocked.test"
CLOSED = "closed.test"
RESERVED = "reserved.test"
MEDIA = "media.test"
MOVED = "moved.test"


def many_domains(lab: Lab, web: ScriptedWeb, *, delay: float = 0.0) -> str:
    """Serve domains that all link to each other, redirect to each other, embed, reserve and refuse; answer the seed."""
    lab.policy(media={"embedded": ["image"]})
    lab.block(BLOCKED)
    web.host(BLOCKED, html("never"))
    web.host(CLOSED, html("never")).set("/robots.txt", text("User-agent: *\nDisallow: /\n"))
    reserving = web.host(RESERVED, html("never"))
    reserving.set("/.well-known/tdmrep.json", text('[{"location": "/", "tdm-reservation": 1}]', "application/json"))
    pictures = web.host(MEDIA)
    moved = web.host(MOVED)
    for number, name in enumerate(DOMAINS):
        for page in range(PAGES):
            pictures.set(f"/{number}/{page}.jpg", Reply(headers=(("Content-Type", "image/jpeg"),), body=jpeg()))
        pictures.set(f"/{number}/kept-back.png", _png(PLUS_PROHIBITED))
        moved.set(f"/{number}", Reply(status=302, headers=(("Location", web.url(name, "/target")),)))
    for number, name in enumerate(DOMAINS):
        host = web.host(name)
        host.set("/target", html(f"<p>what moved to {name}</p>"))
        for page in range(PAGES):
            host.set(f"/{page}", replace(_page(web, number, page), delay=delay))
    return web.url(DOMAINS[0], "/0")


def _png(statement: bytes) -> Reply:
    return Reply(headers=(("Content-Type", "image/png"),), body=png(4, statement))


def _page(web: ScriptedWeb, number: int, page: int) -> Reply:
    others = [web.url(name, f"/{(page + 1) % PAGES}") for name in DOMAINS]
    strangers = [web.url(name, f"/{number}/{page}") for name in (BLOCKED, CLOSED, RESERVED)]
    links = [*others, *strangers, web.url(MOVED, f"/{number}"), web.url(DOMAINS[number], "/gone")]
    images = [web.url(MEDIA, f"/{number}/{page}.jpg"), web.url(MEDIA, f"/{number}/kept-back.png")]
    body = "".join(f"<a href='{link}'>x</a>" for link in links) + "".join(f"<img src='{link}'>" for link in images)
    return html(f"<p>page {page} of {number}</p>{body}")


def outcome(out: Path) -> dict[str, tuple[object, ...]]:
    """URL to verdict, reason, state and content digest: what one worker and several have to agree on."""
    names = ("verdict", "reason", "state", "content_digest")
    return {url: tuple(row[name] for name in names) for url, row in by_url(out).items()}


def domains_by_worker(out: Path) -> dict[str, set[str]]:
    """Registrable domains that each worker has asked for anything."""
    found: dict[str, set[str]] = defaultdict(set)
    for worker in workers_of(out):
        for attempt in attempts_by(out, worker):
            found[worker].add(".".join((urlsplit(attempt.url).hostname or "").split(".")[-2:]))
    return found


def check_joint(out: Path, web: ScriptedWeb, *, whole: set[str] | None = None) -> None:
    """I1 to I10 over the merge: whole files, rows with evidence, no host served to two workers, sealed, agreed on.

    ``whole``: what is kept of a crawl that has ended.
    """
    assert whole is None or kept(out) == whole
    check_visible(out)
    check_rows(out)
    check_requests(out, (web.url(one.host, one.target) for one in web.log))
    owners = domains_by_worker(out)
    everything = [domain for domains in owners.values() for domain in domains]
    assert len(everything) == len(set(everything)), owners
    found = verified(out)
    assert found.code is ExitCode.CLEAN, (found.findings, found.undecided)


def verified(out: Path) -> Verification:
    """What both verifiers say, with the key of the tests trusted; they have to agree."""
    return verify(out, KeyFolder(default_folder()).trust())


def expected(web: ScriptedWeb) -> set[str]:
    """Pages and pictures that a whole crawl keeps."""
    pages = {web.url(name, f"/{page}") for name in DOMAINS for page in (*range(PAGES), "target")}
    return pages | {web.url(MEDIA, f"/{number}/{page}.jpg") for number in range(len(DOMAINS)) for page in range(PAGES)}


def running_workers(process: subprocess.Popen[str]) -> list[int]:
    """Ids of the worker processes that a crawl has started, oldest first."""
    children: list[str] = []
    with suppress(OSError):
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return sorted(int(child) for child in children if b"crawler.cli.worker" in _command_of(child))


def _command_of(process: str) -> bytes:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""
