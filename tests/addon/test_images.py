"""Scrapy's own image pipeline in a project with the add-on: its requests pass the gate, as those for files do."""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING

from PIL import Image

from tests.addon.project import Project, paths
from tests.integration.findings import by_url, check_rows
from tests.servers.replies import Reply, html, text

if TYPE_CHECKING:
    from tests.integration.lab import Lab
    from tests.servers.web import ScriptedWeb

SPIDER = """
import scrapy


class Pictures(scrapy.Spider):
    name = "pictures"

    async def start(self):
        yield scrapy.Request(self.url)

    def parse(self, response):
        yield {"image_urls": [response.urljoin(path) for path in ("/seen.png", "/denied.png", "/reserved.png")]}
"""


def test_pictures_pass_the_gate(lab: Lab, web: ScriptedWeb) -> None:
    """What is allowed lies in IMAGES_STORE with its row; what robots.txt or a header refuses is not there."""
    opened = io.BytesIO()
    Image.new("RGB", (4, 4), "red").save(opened, "PNG")
    kind = ("Content-Type", "image/png")
    host = web.host("site.test").set("/", html("<p>x"))
    host.set("/robots.txt", text("User-agent: *\nDisallow: /denied\n"))
    host.set("/seen.png", Reply(headers=(kind,), body=opened.getvalue()))
    host.set("/denied.png", Reply(headers=(kind,), body=opened.getvalue()))
    host.set("/reserved.png", Reply(headers=(kind, ("X-Robots-Tag", "noai")), body=opened.getvalue()))
    project = Project(
        lab, more='ITEM_PIPELINES = {"scrapy.pipelines.images.ImagesPipeline": 1}\nIMAGES_STORE = "seen"\n'
    )
    project.add("pictures", SPIDER)
    project.out = project.folder / "crawls" / "pictures"
    seed = web.url("site.test")
    ended = project.crawl("pictures", seed, "-s", "SPIDER_MODULES=shop.pictures")
    assert ended.code == 0, ended.text
    name = hashlib.sha1(f"{seed}seen.png".encode()).hexdigest()  # noqa: S324 - how Scrapy names files
    assert paths(project.folder / "seen") == {f"full/{name}.jpg"}
    reasons = {row["url_path"]: row["reason"] for row in by_url(project.out).values() if row["verdict"] == "deny"}
    assert reasons == {"/denied.png": "robots_disallow", "/reserved.png": "optout_reserved"}
    assert "/denied.png" not in web.log.targets("site.test")
    check_rows(project.out)
