"""Crawls that build on earlier ones: what is fetched again, what is stored again, and what is told of each page."""

from __future__ import annotations

import gzip
import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.findings import by_url, check_rows, records_of
from tests.integration.lab import wait
from tests.servers.replies import Reply, html

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.lab import Lab
    from tests.servers.replies import Request
    from tests.servers.web import ScriptedWeb

STAMP = "Mon, 02 Mar 2026 10:00:00 GMT"


class Page:
    """A page with validators of its own; answers 304 where one of them still holds."""

    def __init__(self, content: str, *fields: tuple[str, str], etag: bool = True, packed: bool = False) -> None:
        self.fields = fields
        self.etag = etag
        self.packed = packed
        self.later: tuple[tuple[str, str], ...] = ()
        """Fields of the 304 alone."""
        self.change(content)

    def change(self, content: str) -> None:
        """Serve something else from now on."""
        self.reply = html(content, headers=self.fields)
        self.tag = f'"{hashlib.sha256(self.reply.body).hexdigest()[:16]}"'

    def __call__(self, request: Request) -> Reply:
        """Answer as RFC 9110 section 13.2.2 says."""
        validator = ("ETag", self.tag) if self.etag else ("Last-Modified", STAMP)
        held = (
            request.header("If-None-Match") == self.tag if self.etag else request.header("If-Modified-Since") == STAMP
        )
        if held:
            return Reply(status=304, headers=(validator, *self.later))
        body, fields = self.reply.body, (*self.reply.headers, validator)
        if self.packed:
            body, fields = gzip.compress(body, mtime=0), (*fields, ("Content-Encoding", "gzip"))
        return Reply(status=200, headers=fields, body=body)


def changes(out: Path) -> dict[str, str | None]:
    """Path of a row to what is told of its change."""
    return {row["url_path"]: row["change"] for row in by_url(out).values()}


def row_of(out: Path, path: str) -> dict[str, Any]:
    """The row of a path."""
    (row,) = (row for row in by_url(out).values() if row["url_path"] == path)
    return row


def served(web: ScriptedWeb, path: str) -> list[int | None]:
    """Status codes that the server gave for a path."""
    return [one.status for one in web.log if one.target == path]


@pytest.fixture
def site(web: ScriptedWeb) -> dict[str, Page]:
    """A small site: pages with an entity tag, with a date, packed; one that changes, one that goes."""
    pages = {
        "/": Page("<a href='/dated'>1</a><a href='/packed'>2</a><a href='/changes'>3</a><a href='/goes'>4</a>"),
        "/dated": Page("<p>dated</p><a href='/deep'>deep</a>", etag=False),
        "/deep": Page("<p>deep</p>"),
        "/packed": Page("<p>packed</p><a href='/behind'>5</a>", packed=True),
        "/behind": Page("<p>behind the packed one</p>"),
        "/changes": Page("<p>old</p>"),
        "/goes": Page("<p>goes</p>"),
    }
    for path, page in pages.items():
        web.host("site.test").set(path, page)
    return pages


def test_nothing_unchanged_is_sent_again(lab: Lab, web: ScriptedWeb, site: dict[str, Page]) -> None:
    """Entity tags and dates are sent back; links are followed from stored bodies; new, changed and gone are told."""
    first, second, third = (lab.folder / name for name in ("first", "second", "third"))
    assert lab.crawl(web.url("site.test"), out=first).code == 0
    assert set(changes(first).values()) == {None}
    fetched_by = row_of(first, "/")["crawl_id"]
    assert lab.crawl(web.url("site.test"), out=first).code == 0  # the folder has the id of another crawl now
    site["/changes"].change("<p>new</p><a href='/fresh'>6</a>")
    web.host("site.test").set("/goes", Reply(status=410)).set("/fresh", html("<p>fresh</p>"))
    ended = lab.crawl(web.url("site.test"), "--previous", str(first), out=second)
    assert ended.code == 0, ended.text
    assert changes(second) == {
        **dict.fromkeys(("/", "/dated", "/deep", "/packed", "/behind"), "unchanged"),
        "/changes": "changed",
        "/goes": "vanished",
        "/fresh": "new",
    }
    for path in ("/", "/dated", "/deep", "/packed", "/behind"):
        assert served(web, path) == [200, 304]
        before, now = row_of(first, path), row_of(second, path)
        assert (now["fetch_status"], now["bytes_fetched"], now["bytes_retained"]) == (304, 0, 0)
        assert now["content_digest"] == before["content_digest"]
        assert now["reasons"][0] == "not_modified"
        assert now["payload_crawl_id"] == before["crawl_id"]
        assert (now["content_mime_type"], now["modality"]) == ("text/html", "text")
    check_rows(second)
    revisits = {
        one.fields["WARC-Target-URI"]: one for one in records_of(second) if one.fields["WARC-Type"] == "revisit"
    }
    record = revisits[web.url("site.test", "/dated")]
    assert record.fields["WARC-Profile"] == "http://netpreserve.org/warc/1.1/revisit/server-not-modified"
    assert record.fields["WARC-Refers-To-Target-URI"] == web.url("site.test", "/dated")
    assert record.fields["WARC-Refers-To"] == f"<{row_of(first, '/dated')['record_id']}>"
    # A third crawl needs both: the bodies lie in the first, the newest answers in the second.
    ended = lab.crawl("--previous", str(second), "--previous", str(first), out=third)
    assert ended.code == 0, ended.text
    assert changes(third).pop("/goes") is None
    assert {change for path, change in changes(third).items() if path != "/goes"} == {"unchanged"}
    assert served(web, "/dated") == [200, 304, 304]
    assert served(web, "/changes") == [200, 200, 304]
    assert row_of(third, "/dated")["payload_crawl_id"] == fetched_by
    assert row_of(third, "/changes")["payload_crawl_id"] == row_of(second, "/")["crawl_id"]


def flip(out: Path, row: dict[str, Any]) -> None:
    """Damage the record of a row."""
    place = out / row["warc_filename"]
    data = bytearray(place.read_bytes())
    middle = row["warc_record_offset"] + row["warc_record_length"] // 2
    data[middle] ^= 0xFF
    place.write_bytes(data)


def test_a_copy_stands_only_for_what_it_proves(lab: Lab, web: ScriptedWeb) -> None:
    """Damaged, fickle, mistaken, refused by today's fields or elements: asked anew or refused, never taken on trust."""
    host = web.host("site.test")
    pages = {
        path: Page(f"<p>{path}</p>", *fields)
        for path, fields in {
            "/damaged": (),
            "/fickle": (("Vary", "Accept, *"),),
            "/agent": (("Vary", "User-Agent"),),
            "/reserves": (),
            "/element": (),
            "/whole": (),
        }.items()
    }
    pages["/element"].change("<html><head><meta name='tdm-reservation' content='1'></head><body>x</body></html>")
    for path, page in pages.items():
        host.set(path, page)
    mistaken = html("<p>mistaken</p>", headers=(("ETag", '"one"'),))
    host.set(
        "/mistaken",
        lambda asked: Reply(status=304, headers=(("ETag", '"two"'),)) if asked.header("If-None-Match") else mistaken,
    )
    host.set("/unasked", Reply(status=304))
    first, second = lab.folder / "first", lab.folder / "second"
    urls = [web.url("site.test", path) for path in (*pages, "/mistaken", "/unasked")]
    file = lab.policies / "crawl-policy.toml"
    file.write_text(f'purpose = "search_index"\n{file.read_text()}')
    assert lab.crawl(*urls, "--list", out=first).code == 0
    assert row_of(first, "/unasked")["reason"] == "http_unavailable"
    flip(first, row_of(first, "/damaged"))
    pages["/reserves"].later = (("tdm-reservation", "1"),)
    lab.policy()
    ended = lab.crawl(*urls, "--list", "--previous", str(first), out=second)
    assert ended.code == 0, ended.text
    assert {path: served(web, path)[1:] for path in (*pages, "/mistaken")} == {
        "/damaged": [200],
        "/fickle": [200],
        "/agent": [304],
        "/reserves": [304],
        "/element": [304],
        "/whole": [304],
        "/mistaken": [304, 200],
    }
    for path in ("/reserves", "/element"):
        row = row_of(second, path)
        assert (row["verdict"], row["reason"], row["change"]) == ("deny", "optout_reserved", "refused"), path
        assert row["bytes_retained"] == 0
    assert row_of(second, "/mistaken")["change"] == "unchanged"
    assert row_of(second, "/damaged")["payload_crawl_id"] is None
    assert row_of(second, "/damaged")["bytes_retained"] > 0
    check_rows(second)


def test_payloads_that_are_held_are_not_stored_again(lab: Lab, web: ScriptedWeb) -> None:
    """A site without validators is fetched whole; its bodies become revisits, also of another URL's body."""
    host = web.host("site.test").set("/a", html("<p>a</p>")).set("/b", html("<p>b</p>"))
    first, second = lab.folder / "first", lab.folder / "second"
    urls = [web.url("site.test", path) for path in ("/a", "/b", "/c")]
    assert lab.crawl(*urls, "--list", out=first).code == 0
    flip(first, row_of(first, "/b"))
    host.set("/c", html("<p>a</p>"))
    ended = lab.crawl(*urls, "--list", "--previous", str(first), out=second)
    assert ended.code == 0, ended.text
    held = {path: row_of(second, path) for path in ("/a", "/b", "/c")}
    assert [held[path]["bytes_retained"] > 0 for path in held] == [False, True, False]
    assert all(row["bytes_fetched"] > 0 for row in held.values())
    assert [row["change"] for row in held.values()] == ["unchanged", "unchanged", "new"]
    revisits = {
        one.fields["WARC-Target-URI"]: one.fields for one in records_of(second) if one.fields["WARC-Type"] == "revisit"
    }
    assert set(revisits) == {urls[0], urls[2]}
    assert {one["WARC-Profile"].rpartition("/")[2] for one in revisits.values()} == {"identical-payload-digest"}
    assert {one["Clearcrawl-Refers-To-Crawl"] for one in revisits.values()} == {row_of(first, "/a")["crawl_id"]}
    assert {one["WARC-Refers-To-Target-URI"] for one in revisits.values()} == {urls[0]}
    check_rows(second)


def test_what_is_no_earlier_crawl_refuses_the_start(lab: Lab, web: ScriptedWeb, tmp_path: Path) -> None:
    """Nothing there, no crawl, the new crawl's own folder: exit 2, one message, nothing written."""
    for folder in (tmp_path / "none", lab.policies):
        ended = lab.crawl(web.url("site.test"), "--previous", str(folder))
        assert ended.code == 2
        assert "holds no crawl" in ended.err
        assert "Traceback" not in ended.text
    assert not lab.out.exists()
    web.host("site.test", html("<p>x</p>"))
    assert lab.crawl(web.url("site.test"), "--list").code == 0
    ended = lab.crawl(web.url("site.test"), "--previous", str(lab.out))
    assert (ended.code, "is the folder of the new crawl" in ended.err) == (2, True)


def test_facts_name_their_methods(lab: Lab, web: ScriptedWeb) -> None:
    """Language, country, kind and similarity of a kept page, with what spoke; refused pages and hops have none."""
    german = "<p>" + "Dies ist ein ganz gewöhnlicher deutscher Satz über die Verwaltung von Rechnern. " * 5
    web.host("site.test").set("/", html(f"<html lang='de-AT'><body>{german}</body></html>"))
    web.host("docs.site.test").set("/", html(german.replace("Satz", "Text")))
    web.host("site.test").set("/gone", Reply(status=404))
    urls = [web.url("site.test"), web.url("docs.site.test"), web.url("site.test", "/gone")]
    assert lab.crawl(*urls, "--list").code == 0
    first, second, gone = (by_url(lab.out)[url] for url in urls)
    named = ("content_languages", "content_languages_method", "country_hint", "country_hint_method")
    assert [first[name] for name in named] == ["de-at", "markup", "AT", "markup"]
    assert second["content_languages"] == "de"
    assert second["content_languages_method"].startswith("model:py3langid/")
    assert second["country_hint"] is None
    assert second["site_category"] == "documentation"
    assert second["site_category_method"].startswith("label:docs 20")
    assert (first["site_category"], first["tokens"], first["ai_generated_flag"]) == (None, None, None)
    assert {first["near_duplicate_method"], second["near_duplicate_method"]} == {"simhash64/1"}
    bits = int(first["near_duplicate_hash"], 16) ^ int(second["near_duplicate_hash"], 16)
    assert 0 < bits.bit_count() < 20
    assert gone["near_duplicate_hash"] is None


def test_an_unchanged_page_is_explained_from_the_new_crawl_alone(lab: Lab, web: ScriptedWeb) -> None:
    """What the stored fields said is found beside the 304, also where the earlier crawl is gone; others are told."""
    fields = (("Content-Usage", "train-ai=y"),)
    web.host("site.test").set("/", Page("<html><head><meta name='tdm-reservation' content='0'></head><p>x", *fields))
    first, second, url = lab.folder / "first", lab.folder / "second", web.url("site.test")
    assert lab.crawl(url, "--list", out=first).code == 0
    ended = lab.crawl(url, "--list", "--previous", str(first), out=second)
    assert ended.code == 0, ended.text
    assert row_of(second, "/")["fetch_status"] == 304
    first.rename(lab.folder / "gone")
    command = [*lab.command()[:3], "audit", "explain", url, "--in", str(second), "--json"]
    ended = wait(lab.spawn(command))
    assert ended.code == 0, ended.text
    (decision,) = json.loads(ended.out)["urls"][0]["decisions"]
    assert (decision["reason"], decision["problems"]) == ("not_modified", [])
    assert {one["carrier"] for one in decision["row"]["statements"]} >= {"response_head", "html_head"}
