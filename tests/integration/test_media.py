"""Embedded and linked media: asked for as the policy says, judged by their own site, their page and their bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crawler.demo.media import PLUS_PROHIBITED, TDM_RESERVED, jpeg, pdf, png
from tests.integration.findings import by_url, check_requests, check_rows, kept, records_of
from tests.servers.replies import Reply, html, text

if TYPE_CHECKING:
    from tests.integration.lab import Lab
    from tests.servers.web import ScriptedWeb

EVERYTHING = {"embedded": ["image", "audio", "video", "document"]}


def image(body: bytes, kind: str = "image/jpeg") -> Reply:
    """A picture."""
    return Reply(headers=(("Content-Type", kind),), body=body)


def test_embedded_media_are_fetched_only_by_policy(lab: Lab, web: ScriptedWeb) -> None:
    """Without the key nothing that a page embeds is asked for; what it links to is."""
    site = web.host("site.test")
    site.set("/", html("<img src=/photo.jpg><a href=/linked.jpg>x</a>"))
    site.set("/photo.jpg", image(jpeg())).set("/linked.jpg", image(jpeg()))
    assert lab.crawl(web.url("site.test")).code == 0
    assert kept(lab.out) == {web.url("site.test"), web.url("site.test", "/linked.jpg")}
    assert by_url(lab.out)[web.url("site.test")]["image_count"] == 1


def test_each_file_passes_the_gate_of_its_own_host(lab: Lab, web: ScriptedWeb) -> None:
    """Images, sound, film and documents from other hosts: robots.txt and site files there, metadata inside the file."""
    url = web.url
    lab.policy(media=EVERYTHING)
    site, cdn, closed = web.host("site.test"), web.host("cdn.test"), web.host("closed.test", image(jpeg()))
    reserving = web.host("reserving.test", image(jpeg()))
    reserving.set("/.well-known/tdmrep.json", text('[{"location": "/", "tdm-reservation": 1}]', "application/json"))
    closed.set("/robots.txt", text("User-agent: *\nDisallow: /\n"))
    site.set(
        "/",
        html(
            f"<picture><source srcset='{url('cdn.test', '/a.png')} 2x'></picture>"
            f"<img src='{url('cdn.test', '/b.jpg')}'>"
            f"<img src='{url('closed.test', '/c.jpg')}'><img src='{url('reserving.test', '/d.jpg')}'>"
            f"<embed src='{url('cdn.test', '/e.pdf')}'><object data='{url('cdn.test', '/f.pdf')}'></object>"
            f"<img src='{url('cdn.test', '/page')}'>"
        ),
    )
    cdn.set("/a.png", image(png(4, PLUS_PROHIBITED), "image/png")).set("/b.jpg", image(jpeg()))
    cdn.set("/e.pdf", image(pdf("free"), "application/pdf"))
    cdn.set("/f.pdf", image(pdf("kept back", TDM_RESERVED), "application/pdf"))
    cdn.set("/page", html("<a href=/further>a page where an image was wanted</a>"))
    ended = lab.crawl(url("site.test"))
    assert ended.code == 0, ended.text
    rows = by_url(lab.out)
    reasons = {row["url"].rpartition("/")[2]: row["reason"] for row in rows.values()}
    assert reasons == {
        "": "unknown_allowed",
        "a.png": "optout_reserved",
        "b.jpg": "unknown_allowed",
        "c.jpg": "robots_disallow",
        "d.jpg": "optout_reserved",
        "e.pdf": "unknown_allowed",
        "f.pdf": "optout_reserved",
        "page": "media_type_not_wanted",
    }
    assert {rows[url("cdn.test", "/b.jpg")]["modality"], rows[url("cdn.test", "/e.pdf")]["modality"]} == {
        "image",
        "document",
    }
    assert "/c.jpg" not in web.log.targets("closed.test")
    assert "/d.jpg" not in web.log.targets("reserving.test")
    check_rows(lab.out)
    check_requests(lab.out, [url(one.host, one.target) for one in web.log])


@pytest.mark.parametrize("way", ["header", "meta"])
def test_images_inherit_the_reservation_of_their_page(lab: Lab, web: ScriptedWeb, way: str) -> None:
    """PC-29: noimageai of a page binds its images on any host, embedded or linked, wherever else they are embedded.

    The page itself and its sound are not bound.
    """
    url = web.url
    lab.policy(media=EVERYTHING)
    site, cdn = web.host("site.test"), web.host("cdn.test")
    marked = "<img src='{}'><a href=/linked.png>x</a><a href=/page>x</a><audio src=/sound.mp3></audio>"
    marked = marked.format(url("cdn.test", "/photo.jpg"))
    if way == "header":
        site.set("/", html(marked, headers=(("X-Robots-Tag", "noimageai"),)))
    else:
        site.set("/", html(f"<html><head><meta name=robots content=noimageai></head><body>{marked}</body></html>"))
    cdn.set("/photo.jpg", image(jpeg()))
    site.set("/linked.png", image(png(4), "image/png"))
    site.set("/page", html(f"<img src='{url('cdn.test', '/photo.jpg')}'>"))
    site.set("/sound.mp3", image(b"\xff\xfb\x90\0".ljust(4000, b"\0"), "audio/mpeg"))
    assert lab.crawl(url("site.test")).code == 0
    rows = by_url(lab.out)
    for one in (url("cdn.test", "/photo.jpg"), url("site.test", "/linked.png")):
        assert (rows[one]["verdict"], rows[one]["reason"]) == ("deny", "optout_reserved")
        assert rows[one]["statements"][0]["source_url"] == url("site.test")
        assert rows[one]["fetch_time"] is None
    assert {url("site.test"), url("site.test", "/page"), url("site.test", "/sound.mp3")} <= kept(lab.out)
    sound = rows[url("site.test", "/sound.mp3")]
    assert (sound["modality"], sound["duration_s"]) == ("audio", 0.25)


def test_kinds_and_sizes(lab: Lab, web: ScriptedWeb) -> None:
    """A kind that is not collected is refused on its header or its octets; media have a size limit of their own."""
    url = web.url
    lab.policy(media={"kinds": ["image"]}, limits={"page_bytes": 2000, "media_bytes": 4000})
    site = web.host("site.test")
    site.set("/", html("".join(f"<a href=/{name}>x</a>" for name in ("a.pdf", "b", "c.jpg", "d.jpg", "e"))))
    site.set("/a.pdf", image(pdf("not collected"), "application/pdf"))
    site.set("/b", image(pdf("named as something else"), "application/octet-stream"))
    site.set("/c.jpg", image(jpeg() + b"\0" * 3000))
    site.set("/d.jpg", image(jpeg() + b"\0" * 5000))
    site.set("/e", html("x" * 3000))
    assert lab.crawl(url("site.test")).code == 0
    rows = by_url(lab.out)
    assert {name: rows[url("site.test", f"/{name}")]["reason"] for name in ("a.pdf", "b", "c.jpg", "d.jpg", "e")} == {
        "a.pdf": "media_type_not_wanted",
        "b": "media_type_not_wanted",
        "c.jpg": "unknown_allowed",
        "d.jpg": "body_too_large",
        "e": "body_too_large",
    }
    assert rows[url("site.test", "/a.pdf")]["bytes_retained"] == 0
    check_rows(lab.out)


def test_same_bytes_at_two_addresses(lab: Lab, web: ScriptedWeb) -> None:
    """Stored once: the second one is a revisit that names the first; a copy that its own site reserves is not kept."""
    url = web.url
    lab.policy(media=EVERYTHING)
    web.host("site.test").set("/", html(f"<img src=/a.jpg><img src=/b.jpg><img src='{url('cdn.test', '/c.jpg')}'>"))
    web.host("site.test").set("/a.jpg", image(jpeg())).set("/b.jpg", image(jpeg()))
    cdn = web.host("cdn.test").set("/c.jpg", image(jpeg()))
    cdn.set("/.well-known/tdmrep.json", text('[{"location": "/", "tdm-reservation": 1}]', "application/json"))
    assert lab.crawl(url("site.test")).code == 0
    rows = by_url(lab.out)
    first, second = rows[url("site.test", "/a.jpg")], rows[url("site.test", "/b.jpg")]
    assert first["content_digest"] == second["content_digest"]
    assert sorted([first["bytes_retained"], second["bytes_retained"]]) == [0, len(jpeg())]
    assert rows[url("cdn.test", "/c.jpg")]["verdict"] == "deny"
    revisits = [one for one in records_of(lab.out, "pages") if one.fields["WARC-Type"] == "revisit"]
    (revisit,) = revisits
    assert {revisit.fields["WARC-Target-URI"], revisit.fields["WARC-Refers-To-Target-URI"]} == {
        first["url"],
        second["url"],
    }
