"""Replay of what rests on more than one fetch: dated lines of the policy, look-up services, media, earlier crawls."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

from crawler.audit.replay.running import Replay, replay
from crawler.demo.media import TDM_RESERVED, jpeg, pdf
from crawler.storage.reading import CrawlReader
from tests.integration.findings import by_url
from tests.servers.replies import Reply, html, text

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.lab import Lab
    from tests.servers.web import ScriptedWeb

DATES = "valid_from = 2026-01-01\nvalid_to = {}\n"


def replayed(out: Path, *others: Path) -> Replay:
    """Replay one crawl, with others beside it."""
    found = Replay()
    with CrawlReader.open(out) as reader:
        beside = [CrawlReader.open(one) for one in others]
        replay(reader, found, others=beside)
        for one in beside:
            one.close()
    return found


def entries(out: Path, kind: str) -> list[dict[str, object]]:
    """Bodies of the entries of one type."""
    lines = (
        line for path in sorted((out / "log").iterdir()) for line in gzip.decompress(path.read_bytes()).split(b"\n")
    )
    return [entry["body"] for entry in map(json.loads, filter(None, lines)) if entry["type"] == kind]


def test_dated_lines_are_logged_at_first_use_and_replayed(lab: Lab, web: ScriptedWeb) -> None:
    """An override and an agreement lift what they name while they are valid; the log names each once."""
    site, late = web.host("site.test"), web.host("late.test")
    for host in (site, late):
        host.set("/robots.txt", text("User-agent: *\nDisallow: /closed/\n"))
        for path in ("/closed/1", "/closed/2"):
            host.set(path, html("<p>x"))
    reserving = (("tdm-reservation", "1"),)
    web.host("news.test").set("/1", html("<p>x", headers=reserving)).set("/2", html("<p>y", headers=reserving))
    file = lab.policies / "crawl-policy.toml"
    told = 'reason = "By contract."\ndecided_by = "Counsel"\nlifts = ["robots_disallow"]\n'
    lines = [
        f'[[override]]\nscope = "{host}"\ndocument = "{host}.pdf"\n{told}{DATES.format(end)}'
        for host, end in (("site.test", "2199-12-31"), ("late.test", "2026-01-02"))
    ]
    file.write_text(file.read_text() + "".join(lines))
    scope = web.url("news.test", "/")
    (lab.policies / "agreements.toml").write_text(
        f'[[agreement]]\nscope = "{scope}"\npermits = ["ai_training"]\nref = "contract 7"\n{DATES.format("2199-12-31")}'
    )
    urls = [web.url(host, path) for host in ("site.test", "late.test") for path in ("/closed/1", "/closed/2")]
    ended = lab.crawl(*urls, web.url("news.test", "/1"), web.url("news.test", "/2"), "--list")
    assert ended.code == 0, ended.text
    rows = by_url(lab.out)
    assert [rows[url]["verdict"] for url in urls] == ["allow", "allow", "deny", "deny"]
    used = sorted(entries(lab.out, "override_used"), key=str)
    assert [{name: one[name] for name in one if name.endswith("_ref")} for one in used] == [
        {"agreement_ref": "contract 7"},
        {"override_ref": "site.test.pdf"},
    ]
    found = replayed(lab.out)
    assert (found.counts, found.exit_code) == ({"same": 6}, 0)


def test_answers_of_a_look_up_service_are_replayed(lab: Lab, web: ScriptedWeb) -> None:
    """The answers that were kept are read again: of pages that were kept, and of those that were not."""
    site = web.host("site.test")
    site.set("/free", html("<p>x")).set("/reserved", html("<p>y")).set("/broken", html("<p>z"))
    reserved = {"use": "train-genai", "preference": "reserved", "evidence": "https://registry.example/1"}
    answers = {"free": {"statements": []}, "reserved": {"statements": [reserved]}, "broken": []}

    def answer(request: object) -> Reply:
        name = next(name for name in answers if f"%2F{name}" in str(request))
        return Reply(body=json.dumps(answers[name]).encode())

    web.host("bridge.test").set("/look-up", answer)
    lab.policy(lookups={"tdm-ai": web.url("bridge.test", "/look-up")}, unread={"retries": 0})
    assert lab.crawl(*(web.url("site.test", f"/{name}") for name in answers), "--list").code == 0
    assert {row["url_path"]: row["verdict"] for row in by_url(lab.out).values()} == {
        "/free": "allow", "/reserved": "deny", "/broken": "deny",
    }  # fmt: skip
    found = replayed(lab.out)
    assert (found.counts, found.exit_code) == ({"same": 3}, 0), found.findings


def test_embedded_media_are_replayed(lab: Lab, web: ScriptedWeb) -> None:
    """Reservations that pages hand on, metadata in files, and types that nobody wanted."""
    lab.policy(media={"embedded": ["image", "document"], "kinds": ["image", "document"]})
    site, cdn = web.host("site.test"), web.host("cdn.test")
    media = "".join(f"<img src='{web.url('cdn.test', path)}'>" for path in ("/a.jpg", "/page"))
    site.set("/", html(f"{media}<embed src=/b.pdf><a href=/c.mp3>x</a><a href=/marked>x</a>"))
    site.set("/marked", html("<img src=/d.jpg>", headers=(("X-Robots-Tag", "noimageai"),)))
    picture = Reply(headers=(("Content-Type", "image/jpeg"),), body=jpeg())
    site.set("/d.jpg", picture)
    cdn.set("/a.jpg", picture).set("/page", html("<p>no picture"))
    site.set("/b.pdf", Reply(headers=(("Content-Type", "application/pdf"),), body=pdf("kept back", TDM_RESERVED)))
    site.set("/c.mp3", Reply(headers=(("Content-Type", "audio/mpeg"),), body=b"\xff\xfb\x90\0".ljust(4000, b"\0")))
    assert lab.crawl(web.url("site.test")).code == 0
    rows = {row["url_path"]: row["reason"] for row in by_url(lab.out).values()}
    assert (rows["/d.jpg"], rows["/b.pdf"]) == ("optout_reserved", "optout_reserved")
    found = replayed(lab.out)
    assert found.counts.keys() <= {"same", "on_record"}, found.findings
    assert found.whys.keys() <= {"media_type_not_wanted"}


def test_a_crawl_that_builds_on_another(lab: Lab, web: ScriptedWeb) -> None:
    """A 304 needs no other folder, not even a refused one; a body that lies elsewhere is missing until it is given."""
    later: list[tuple[str, str]] = []

    def page(request: object) -> Reply:
        tag = ("ETag", '"1"')
        if "If-None-Match" in str(request):
            return Reply(status=304, headers=(tag, *later))
        return html("<p>tagged", headers=(tag,))

    site = web.host("site.test").set("/tagged", page).set("/plain", html("<p>plain"))
    site.set("/kept", lambda asked: page(asked) if not later else Reply(status=304, headers=(("ETag", '"1"'),)))
    first, second = lab.folder / "first", lab.folder / "second"
    urls = [web.url("site.test", path) for path in ("/tagged", "/plain", "/kept")]
    assert lab.crawl(*urls, "--list", out=first).code == 0
    later.append(("tdm-reservation", "1"))
    ended = lab.crawl(*urls, "--list", "--previous", str(first), out=second)
    assert ended.code == 0, ended.text
    rows = {row["url_path"]: row for row in by_url(second).values()}
    assert [rows[path]["verdict"] for path in ("/tagged", "/plain", "/kept")] == ["deny", "allow", "allow"]
    assert rows["/plain"]["payload_crawl_id"] is not None
    alone, together = replayed(second), replayed(second, first)
    assert (alone.counts, alone.whys) == ({"same": 2, "unreplayable": 1}, {"payload_elsewhere": 1})
    assert (together.counts, together.exit_code) == ({"same": 3}, 0), together.findings
