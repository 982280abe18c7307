"""Crawls that build on earlier ones: what is fetched again, what is stored again, and what is told of each page."""

from __future__ import annotations

import gzip
import hashlib
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.findings import by_url, check_rows, records_of
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
    assert row_of(third, "/dated")["payload_crawl_id"] == row_of(first, "/")["crawl_id"]
    assert row_of(third, "/changes")["payload_crawl_id"] == row_of(second, "/")["crawl_id"]
