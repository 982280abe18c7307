"""Whole crawls with the switch on and off: the same pages, verdicts and digests, and evidence that verifiers take."""

from __future__ import annotations

import shutil
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from crawler.errors import ExitCode
from tests.integration.findings import check_requests, check_rows, kept, records_of
from tests.integration.joint import (
    BLOCKED,
    CLOSED,
    DOMAINS,
    MEDIA,
    MOVED,
    RESERVED,
    expected,
    many_domains,
    outcome,
    verified,
)
from tests.integration.lab import wait
from tests.servers.certificates import server_context
from tests.servers.http2 import PROTOCOLS
from tests.servers.replies import Reply, gzipped, html, text
from tests.servers.web import ScriptedWeb

if TYPE_CHECKING:
    import ssl
    from pathlib import Path

    from tests.integration.lab import Ended, Lab

ODD = "odd.test"
"""A host with one page of each further kind."""
CONNECTIONS = 8
"""Requests to one host at once, by the policy."""
HOSTS = (*DOMAINS, BLOCKED, CLOSED, RESERVED, MEDIA, MOVED, ODD)


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, Path]:
    """A server that prefers HTTP/2, and the authority to trust."""
    context, authority = server_context(tmp_path_factory.mktemp("tls"), HOSTS)
    context.set_alpn_protocols(PROTOCOLS)
    return context, authority


def _crawl(lab: Lab, web: ScriptedWeb, authority: Path, *, http2: bool) -> Ended:
    seed = many_domains(lab, web)
    lab.policy(media={"embedded": ["image"]}, network={"http2": http2}, politeness={"connections": CONNECTIONS})
    odd = web.host(ODD)
    odd.set("/robots.txt", text("User-agent: *\nDisallow: /private\n"))
    odd.set("/packed", gzipped(html("<p>packed</p>"))).set("/broken", gzipped(html("<p>broken</p>"), is_broken=True))
    odd.set("/cut", replace(html("<p>cut</p>" * 100), cut_after=50)).set("/empty", Reply(status=204))
    odd.set("/noai", html("<p>no</p>", headers=(("X-Robots-Tag", "noai"), ("X-Robots-Tag", "max-snippet: 3"))))
    odd.set("/large", Reply(headers=(("Content-Type", "text/html"),), body=b"<p>" + b"x" * 3_000_000))
    odd.set("/once", [text("busy", status=503), html("<p>then</p>")])
    paths = ("packed", "broken", "cut", "empty", "noai", "large", "once", "private", "absent")
    odd.set("/", html("".join(f"<a href='/{path}'>x</a>" for path in paths)))
    seeds = lab.seeds([seed, web.url(ODD)])
    command = lab.command(seeds, "--scope", "any")
    return wait(lab.spawn(command, SSL_CERT_FILE=str(authority)))


def test_the_switch_changes_no_outcome(lab: Lab, tls: tuple[ssl.SSLContext, Path]) -> None:
    """Over either version each URL comes to the same; the records tell which one it was."""
    context, authority = tls
    found = {}
    port = 0
    for http2 in (False, True):
        with ScriptedWeb(tls=context, port=port) as web:
            port = web.port
            ended = _crawl(lab, web, authority, http2=http2)
            assert ended.code == 0, ended.text
            check_rows(lab.out)
            check_requests(lab.out, (web.url(one.host, one.target) for one in web.log))
            assert expected(web) <= kept(lab.out)
            answers = [one for one in records_of(lab.out) if one.fields["WARC-Type"] == "response"]
            spoken = {one.fields["WARC-Protocol"] for one in answers}
            assert spoken == {"h2, TLSv1.3" if http2 else "http/1.1, TLSv1.3"}
            checked = verified(lab.out)
            assert checked.code is ExitCode.CLEAN, (checked.findings, checked.undecided)
            assert max(web.log.most_in_flight(host) for host in DOMAINS) <= CONNECTIONS
            if http2:
                assert {len({one.connection for one in web.log.of(host)}) for host in DOMAINS} == {1}
            found[http2] = outcome(lab.out), {(one.host, one.target) for one in web.log}
        shutil.move(lab.out, lab.folder / f"crawl-{http2}")  # is replayed in the end, too
    assert found[True] == found[False]


def test_without_the_extra_nothing_starts(lab: Lab) -> None:
    """One message with what to install, and status 2."""
    lab.policy(network={"http2": True})
    _, _, *arguments = lab.command("http://a.test/")
    code = f"import sys; sys.modules['h2'] = None; from crawler.cli.main import main; main({arguments[1:]!r})"
    ended = wait(lab.spawn([sys.executable, "-c", code]))
    assert ended.code == 2
    assert "clearcrawl[http2]" in ended.err
    assert "Traceback" not in ended.err
    assert not lab.out.exists()
