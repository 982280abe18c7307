"""A crawl is over only when the last page has told what it leads to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.integration.findings import by_url
from tests.servers.replies import html, redirect

if TYPE_CHECKING:
    from tests.integration.lab import Lab
    from tests.servers.web import ScriptedWeb

LENGTH = 20


def test_a_chain_of_pages_is_followed_to_its_end(lab: Lab, web: ScriptedWeb) -> None:
    """Each page is the only one that is known, and leads by links and a redirect to the next and to refused ones."""
    site = web.host("site.test")
    lab.block(*(f"listed-{n}.test" for n in range(LENGTH)))
    for n in range(LENGTH):
        away = web.url(f"listed-{n}.test", "/")
        site.set(f"/{n}", html(f"<a href=/go/{n}>on</a> <a href='{away}'>away</a>"))
        site.set(f"/go/{n}", redirect(web.url("site.test", f"/{n + 1}")))
    site.set(f"/{LENGTH}", html("the end"))
    ended = lab.crawl(web.url("site.test", "/0"), "--scope", "any")
    assert ended.code == 0, ended.text
    assert len(by_url(lab.out)) == 3 * LENGTH + 1
