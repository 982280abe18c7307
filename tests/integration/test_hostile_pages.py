"""Barriers, hostile answers, redirects, statements and planted secrets, served for real: each ends in its own row."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import TYPE_CHECKING, Any, NamedTuple

import brotli
import pyarrow.parquet as pq
import pytest

from tests.integration.findings import by_url, check_requests, check_rows
from tests.integration.lab import Lab
from tests.servers.replies import Reply, html, redirect, text
from tests.servers.web import ScriptedWeb
from tests.shared import shared_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from tests.integration.lab import Ended

LIMIT = 200_000
"""Octets of a page that this policy takes."""


def coded(name: str, body: bytes) -> Reply:
    """A page under a content coding."""
    return Reply(headers=(("Content-Type", "text/html"), ("Content-Encoding", name)), body=body)


def zeros(size: int) -> bytes:
    """A gzip stream of so many octets that takes almost none."""
    packer = zlib.compressobj(9, wbits=31)
    return b"".join(packer.compress(bytes(1 << 20)) for _ in range(size >> 20)) + packer.flush()


def nested(layers: int) -> Reply:
    """A body wrapped so many times."""
    body = b"<p>x</p>"
    for _ in range(layers):
        body = gzip.compress(body)
    return coded(", ".join(["gzip"] * layers), body)


def page(status: int = 200, **fields: str) -> Reply:
    """A page with fields."""
    return html("<p>page</p>", status=status, headers=tuple((n.replace("_", "-"), v) for n, v in fields.items()))


LOGIN = (
    "<form action='/session' method=post><input name=user><input type=password name=p><button>Sign in</button></form>"
)
PAYWALL = (
    '<script type="application/ld+json">{"@context": "https://schema.org", "@type": "NewsArticle",'
    ' "isAccessibleForFree": false}</script><p>Read on with a subscription.</p>'
)
CHALLENGE = page(403, cf_mitigated="challenge")
BARRIERS: Mapping[str, tuple[Reply, str, str]] = {
    "s401": (page(401, WWW_Authenticate="Basic realm=x"), "deny", "http_401"),
    "s402": (page(402), "deny", "http_402"),
    "s403": (page(403), "deny", "http_403"),
    "s407": (page(407), "deny", "http_407"),
    "s451": (page(451), "deny", "http_451"),
    "s429": (page(429), "defer", "http_429"),
    "s408": (page(408), "defer", "http_busy"),
    "s500": (page(500), "defer", "http_busy"),
    "s503": (page(503, Retry_After="3600"), "defer", "http_busy"),
    "s404": (page(404), "deny", "http_unavailable"),
    "s410": (page(410), "deny", "http_unavailable"),
    "members": (redirect("/account/login?next=%2Fmembers"), "deny", "login_redirect"),
    "form": (html(LOGIN), "deny", "login_form"),
    "paywall": (html(PAYWALL), "deny", "paywall"),
    "challenge": (CHALLENGE, "deny", "challenge"),
}
HOSTILE: Mapping[str, tuple[Reply | Callable[[], Reply], str, str]] = {
    "gzip-bomb": (lambda: coded("gzip", zeros(200 << 20)), "deny", "body_too_large"),
    "brotli-bomb": (lambda: coded("br", brotli.compress(bytes(20 << 20))), "deny", "body_too_large"),
    "nested": (nested(10), "deny", "too_many_codings"),
    "announced": (Reply(body=b"<p>", content_length=10**9, keep_alive=False), "deny", "body_too_large"),
    "endless": (Reply(parts=lambda: iter(lambda: bytes(65536), None), framing="chunked"), "deny", "body_too_large"),
    "headers": (html("<p>x</p>", headers=tuple((f"X-{n}", "x") for n in range(300))), "deny", "headers_too_large"),
    "long-header": (page(X_Long="x" * 20_000), "deny", "headers_too_large"),
    "unknown-coding": (coded("rot13", b"<p>"), "deny", "undecodable"),
    "broken-gzip": (coded("gzip", gzip.compress(b"<p>page</p>" * 99)[:40]), "deny", "undecodable"),
    "deep": (html("<div>" * 5000), "deny", "unparseable"),
    "drip": (Reply(body=b"x" * 500, drip=(1, 0.3)), "defer", "timeout"),
    "hang": (Reply(action="hang"), "defer", "timeout"),
    "reset": (Reply(action="reset"), "defer", "connection_error"),
    "garbage": (Reply(raw=b"\x00\x01\r\n\r\n"), "defer", "connection_error"),
    "short": (Reply(body=b"<p>", content_length=100, keep_alive=False), "defer", "body_incomplete"),
    "cut": (Reply(body=b"x" * 100, framing="chunked", cut_after=10), "defer", "body_incomplete"),
    "loop": (redirect("/loop"), "deny", "redirect_loop"),
    "to-file": (redirect("file:///etc/hosts"), "deny", "scheme_refused"),
    "to-user": (redirect("http://user:word@site.test/"), "deny", "userinfo_refused"),
    "nowhere": (Reply(status=302), "deny", "http_unavailable"),
}
STATEMENTS: Mapping[str, tuple[Reply, str, str]] = {
    "header": (page(X_Robots_Tag="noai"), "deny", "optout_reserved"),
    "header-other": (page(X_Robots_Tag="otherbot: noai"), "allow", "unknown_allowed"),
    "header-ours": (page(X_Robots_Tag="labbot: noai"), "deny", "optout_reserved"),
    "tdm": (page(TDM_Reservation="1"), "deny", "optout_reserved"),
    "tdm-twice": (
        html("<p>x</p>", headers=(("TDM-Reservation", "0"), ("TDM-Reservation", "1"))),
        "deny",
        "optout_reserved",
    ),
    "meta": (html("<META content='index, NoAI' name=Robots>"), "deny", "optout_reserved"),
    "comment": (html("<!-- <meta name=robots content=noai> --><p>x</p>"), "allow", "unknown_allowed"),
    "meta-tdm": (html("<html><head><meta name=tdm-reservation content=1></head>"), "deny", "optout_reserved"),
}
TABLE = {**BARRIERS, **HOSTILE, **STATEMENTS}


class Crawled(NamedTuple):
    """A crawl of all of them."""

    web: ScriptedWeb
    lab: Lab
    ended: Ended
    rows: Mapping[str, dict[str, Any]]


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crawled]:
    """One host for each case, one crawl for all."""
    lab = Lab(tmp_path_factory.mktemp("hostile") / "lab")
    lab.policy(limits={"page_bytes": LIMIT, "first_byte_timeout": 2.0, "total_timeout": 4.0})
    with ScriptedWeb() as web:
        for name, (reply, _, _) in TABLE.items():
            web.host(f"{name}.test").set(f"/{name}", reply() if callable(reply) else reply)
        seeds = lab.seeds(web.url(f"{name}.test", f"/{name}") for name in TABLE)
        ended = lab.crawl(seeds, "--concurrency", "100", timeout=90)
        assert ended.code == 0, ended.text
        yield Crawled(web, lab, ended, by_url(lab.out))
    lab.close()


@pytest.mark.parametrize("name", TABLE)
def test_row(crawled: Crawled, name: str) -> None:
    """Verdict and reason are of this kind and no other, and what was refused is not kept."""
    _, verdict, reason = TABLE[name]
    row = crawled.rows[crawled.web.url(f"{name}.test", f"/{name}")]
    assert (row["verdict"], row["reason"]) == (verdict, reason)
    assert (row["bytes_retained"] > 0) == (verdict == "allow")
    if name in BARRIERS and verdict == "deny" and reason != "http_unavailable":
        assert row["access_barrier"]
        assert row["barrier_evidence"]


def test_rows_and_requests(crawled: Crawled) -> None:
    """The invariants hold over all of it, and nobody answered a challenge or logged in."""
    check_rows(crawled.lab.out)
    check_requests(crawled.lab.out, [crawled.web.url(one.host, one.target) for one in crawled.web.log])
    assert {one.method for one in crawled.web.log} == {"GET"}
    assert len(crawled.web.log.targets("members.test")) == len(crawled.web.log.targets("paywall.test"))
    assert "Traceback" not in crawled.ended.text


def test_redirect_vectors(lab: Lab) -> None:
    """As the vectors of redirects say: no hop gets round robots.txt, blocklist or scheme."""
    cases = json.loads(shared_path("vectors/adversarial/redirects/cases.json").read_text())["cases"]
    for case in [one for one in cases if "start" in one]:
        with ScriptedWeb() as fresh:
            own = Lab(lab.folder / case["id"])
            own.block(*case.get("blocklist", []))

            def here(url: str, port: int = fresh.port) -> str:
                return url.replace(".test/", f".test:{port}/")

            host, _, path = case["start"].removeprefix("http://").partition("/")
            for name, rules in case.get("robots", {}).items():
                fresh.host(name).set("/robots.txt", text(rules))
            for status, location in case.get("hops", [])[:1]:
                fresh.host(host).set(f"/{path}", redirect(here(location), status))
            for (_, at), (status, location) in zip(case.get("hops", []), case.get("hops", [])[1:], strict=False):
                hop, _, rest = at.removeprefix("http://").partition("/")
                fresh.host(hop).set(f"/{rest}", redirect(here(location), status))
            if "html" in case:
                fresh.host(host).set(f"/{path}", html(here(case["html"])))
            ended = own.crawl(fresh.url(host, f"/{path}"), "--scope", "any")
            assert ended.code == 0, ended.text
            asked = {f"{one.host}{one.target}" for one in fresh.log}
            assert not asked & set(case.get("never", [])), case["id"]
            if "record" in case:
                assert case["record"] in {row["reason"] for row in by_url(own.out).values()}, case["id"]
            own.close()


MARKER = "HIDEME7731"


def test_planted_secrets_stay_in_the_archive(lab: Lab, web: ScriptedWeb) -> None:
    """Six markers: in no manifest, log, index, description or output; only the WARC may hold them (R7.1)."""
    host = web.host("site.test")
    links = (
        f"<a href='/a?token={MARKER}'>a</a><a href='/b?x=1&session={MARKER}&y=2'>b</a><a href='/c?email={MARKER}'>c</a>"
    )
    host.set("/", html(links, headers=(("Set-Cookie", f"k={MARKER}"),)))
    host.set("/a", html("<p>a</p>")).set("/b", redirect(f"/d?sig={MARKER}")).set("/d", page(403))
    host.set("/c", Reply(action="reset"))
    host.set("/e", redirect(f"http://u:{MARKER}@site.test/"))
    ended = lab.crawl(web.url("site.test"), web.url("site.test", f"/e?password={MARKER}"))
    assert ended.code == 0, ended.text
    refused = lab.crawl(f"http://u:{MARKER}@site.test/", out=lab.folder / "other")
    assert refused.code == 2
    assert MARKER not in ended.text + refused.text
    assert len([one for one in web.log if MARKER in one.target]) >= 4
    for path in (path for path in lab.out.rglob("*") if path.is_file()):
        where = path.relative_to(lab.out).parts[0]
        if where not in {"warc", "state"}:  # the state asks for exact URLs, and is no evidence
            assert MARKER not in readable(path), path
    assert [row for row in by_url(lab.out).values() if "REDACTED" in row["url"]]


def readable(path: Path) -> str:
    """Everything that a file says."""
    if path.suffix == ".parquet":
        return json.dumps(pq.read_table(path).to_pylist(), default=str)
    data = path.read_bytes()
    return (gzip.decompress(data) if path.suffix == ".gz" else data).decode()


def test_text_of_strangers_stays_data(lab: Lab, web: ScriptedWeb) -> None:
    """Control and bidi characters of URLs, titles and reasons reach no terminal, names reach no path (R7.2, R7.3)."""
    host = web.host("site.test")
    strings = ["=2+2", "@X", "<b onclick=1>x</b>", "\x1b[31m", "\u202ex", "{{1}}", "a\nb"]
    names = ["../../x", "..%2fx", "b" * 1500, "a%00b", "%0d%0aX:%20y", "x%1b[31m", "\u202ex"]
    body = "".join(f"<title>{one}</title>" for one in strings) + "".join(f"<a href='/{one}'>x</a>" for one in names)
    host.set("/", html(body, headers=(("X-Robots-Tag", "index"), ("Content-Language", "=1+1"))))
    host.fallback = html("<p>x</p>", headers=(("Link", "<javascript:1>; rel=license"),))
    ended = lab.crawl(web.url("site.test"))
    assert ended.code == 0, ended.text
    assert not [char for char in ended.text if char in "\x1b\u202e\x00"]
    check_rows(lab.out)
    assert len(by_url(lab.out)) >= 6
    files = [path.name for path in lab.out.rglob("*") if path.is_file()]
    assert not [name for name in files if "site" in name or "bbb" in name or len(name) > 90]


def test_html_vectors(lab: Lab, web: ScriptedWeb) -> None:
    """As the vectors of pages and header lists say."""
    folder = shared_path("vectors/adversarial/html")
    host = web.host("site.test", html("<p>x</p>"))
    for file in folder.glob("*.html"):
        host.set(f"/{file.stem}", html(file.read_text()))
    headers = json.loads(shared_path("vectors/adversarial/headers/cases.json").read_text())
    for case in headers:
        host.set(f"/{case['id']}", html("<p>x</p>", headers=tuple((name, value) for name, value in case["headers"])))
    names = [file.stem for file in folder.glob("*.html")] + [case["id"] for case in headers]
    ended = lab.crawl(lab.seeds(web.url("site.test", f"/{name}") for name in names))
    assert ended.code == 0, ended.text
    rows = {row["url_path"]: row for row in by_url(lab.out).values()}
    assert rows["/o1_meta"]["reason"] == "optout_reserved"
    assert rows["/o2_comment"]["verdict"] == "allow"
    assert rows["/o3_injection"]["verdict"] == "allow"
    assert rows["/fine"]["verdict"] == "allow"
    assert "\x1b" not in ended.text
    for case in headers:
        denied = rows[f"/{case['id']}"]["reason"] == "optout_reserved"
        assert denied == (case["expect"] == "opt_out"), case
    assert "HIDEME" not in ended.text
