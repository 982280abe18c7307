"""Nobody on a blocklist is asked for anything, whatever leads there; each refusal is a row that names the entry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.integration.findings import by_url, check_requests, check_rows
from tests.servers.replies import html, redirect, text

if TYPE_CHECKING:
    from tests.integration.lab import Lab
    from tests.servers.web import ScriptedWeb


def test_listed_seed_redirect_sitemap_and_image_are_never_asked(lab: Lab, web: ScriptedWeb) -> None:
    """0 requests to a listed seed, redirect target, sitemap host and image host; 4 rows with list, digest and entry."""
    site = web.host("site.test")
    listed = {
        "seed.listed-a.test": web.url("seed.listed-a.test", "/"),
        "listed-b.test": web.url("listed-b.test", "/target"),
        "maps.listed-c.test": web.url("maps.listed-c.test", "/sitemap.xml"),
        "cdn.listed-d.test": web.url("cdn.listed-d.test", "/photo.jpg"),
    }
    for host in listed:
        web.host(host, html("never asked for"))
    site.set("/robots.txt", text(f"User-agent: *\nDisallow:\nSitemap: {listed['maps.listed-c.test']}\n"))
    site.set("/", html(f"<a href=/go>away</a><img src='{listed['cdn.listed-d.test']}'>"))
    site.set("/go", redirect(listed["listed-b.test"]))
    lab.policy(media={"embedded": ["image"]})
    lab.block("listed-a.test", "listed-b.test", "listed-c.test", "listed-d.test")
    ended = lab.crawl(web.url("site.test"), listed["seed.listed-a.test"], "--sitemaps", "--scope", "any")
    assert ended.code == 0, ended.text
    for host in listed:
        assert web.log.targets(host) == []
    rows = by_url(lab.out)
    for host, url in listed.items():
        row = rows[url]
        entry = ".".join(host.split(".")[-2:])
        assert (row["verdict"], row["reason"], row["stage"]) == ("deny", "blocklist", "before_fetch")
        assert row["blocklist_entry"] == entry
        assert row["blocklist_id"]
        assert row["blocklist_digest"].startswith("sha256:")
        assert row["fetch_time"] is None
    check_rows(lab.out)
    check_requests(lab.out, [web.url(one.host, one.target) for one in web.log])
