"""Connections that a server closes without a word cost no page, and nothing is sent behind the journal's back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.integration.findings import check_requests, check_rows, kept
from tests.servers.replies import Reply, html, text

if TYPE_CHECKING:
    from tests.integration.lab import Lab
    from tests.servers.web import ScriptedWeb


def test_a_server_that_closes_silently(lab: Lab, web: ScriptedWeb) -> None:
    """Each answer promises a lasting connection and ends it: all pages are kept."""
    lab.policy(politeness={"connections": 2}, limits={"wait_at_end": 30.0})
    body = b"<p>page</p>"
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n" % len(body)
    host = web.host("site.test", Reply(raw=head + body))
    host.set("/robots.txt", text("")).set("/.well-known/tdmrep.json", text("", status=404))
    host.set("/", html("".join(f"<a href='/{n}'>x</a>" for n in range(30))))
    ended = lab.crawl(web.url("site.test"))
    assert ended.code == 0, ended.text
    check_rows(lab.out)
    assert len(kept(lab.out)) == 31
    check_requests(lab.out, [web.url(one.host, one.target) for one in web.log])
