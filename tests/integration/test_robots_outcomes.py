"""Every outcome of asking for robots.txt, served for real: where it refuses, no page is asked for (R3.1 to R3.16)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.integration.findings import by_url, check_requests, check_rows, log_entries
from tests.integration.lab import Lab
from tests.servers.replies import Reply, gzipped, html, redirect, text
from tests.servers.web import ScriptedWeb
from tests.shared import shared_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CLOSED = "User-agent: *\nDisallow: /\n"
OPEN = "User-agent: *\nDisallow: /elsewhere\n"
LONG = b"# filling\n" * 250_000
REFUSED = "127.0.0.9"
"""An address where nobody listens."""


class Case(NamedTuple):
    """How a host answers for robots.txt, and what is expected of the page."""

    reply: Reply
    verdict: str
    reason: str
    status: str
    """Column ``robots_status``."""


def status(number: int, body: str = OPEN) -> Reply:
    """A status whose body would allow everything, were it read."""
    return text(body, status=number)


def deny(reply: Reply, code: str) -> Case:
    """Denied by the outcome itself."""
    return Case(reply, "deny", code, code)


def defer(reply: Reply, code: str) -> Case:
    """Put off by the outcome itself."""
    return Case(reply, "defer", code, code)


def allow(reply: Reply, code: str) -> Case:
    """Allowed: the page is fetched."""
    return Case(reply, "allow", "unknown_allowed", code)


def closed(reply: Reply) -> Case:
    """Read, and a rule denies."""
    return Case(reply, "deny", "robots_disallow", "robots_rules")


def table(port: int) -> dict[str, Case]:
    """Cases by host, without the suffix; ``port`` is the server's."""
    unreachable = "robots_unreachable"
    return {
        "s200-closed": closed(text(CLOSED)),
        "s200-open": allow(text(OPEN), "robots_rules"),
        "s200-nothing": allow(text(""), "robots_empty"),
        "s200-html": allow(html("<p>no such page</p>"), "robots_empty"),
        "s200-image-type": closed(text(CLOSED, "image/png")),
        "s203-closed": closed(status(203, CLOSED)),
        "s203-open": allow(status(203), "robots_rules"),
        "s204": allow(Reply(status=204), "robots_empty"),
        "s206": deny(status(206), "robots_truncated"),
        **{f"s{n}": deny(status(n), unreachable) for n in (201, 202, 205, 226, 299)},
        "s300": deny(status(300), "robots_redirect"),
        "s301-nowhere": deny(status(301), "robots_redirect"),
        "s304": deny(Reply(status=304), unreachable),
        "s306": deny(status(306), "robots_redirect"),
        **{f"s{n}": allow(status(n, CLOSED), "robots_unavailable") for n in (400, 404, 405, 410, 418, 499)},
        **{f"s{n}": deny(status(n), "robots_forbidden") for n in (401, 402, 403, 407, 451)},
        **{f"s{n}": defer(status(n), "robots_busy") for n in (408, 429)},
        **{f"s{n}": deny(status(n), unreachable) for n in (500, 501, 502, 503, 504, 599, 600, 999)},
        "hang": deny(Reply(action="hang"), unreachable),
        "slow-body": deny(Reply(body=OPEN.encode(), body_delay=30), unreachable),
        "drip": deny(Reply(body=OPEN.encode() * 20, drip=(1, 0.2)), unreachable),
        "closed-connection": deny(Reply(action="close"), unreachable),
        "reset": deny(Reply(action="reset"), unreachable),
        "garbage": deny(Reply(raw=b"\x00\x01 no HTTP\r\n\r\n"), unreachable),
        "refused": deny(text(OPEN), unreachable),
        "short-body": deny(Reply(body=OPEN.encode(), content_length=300, keep_alive=False), unreachable),
        "cut-chunks": deny(Reply(body=OPEN.encode(), framing="chunked", cut_after=12), unreachable),
        "broken-gzip": deny(gzipped(text(OPEN * 50), is_broken=True), unreachable),
        "gzip": closed(gzipped(text(CLOSED))),
        "no-gzip": deny(Reply(headers=(("Content-Encoding", "gzip"),), body=OPEN.encode()), unreachable),
        "unknown-coding": deny(Reply(headers=(("Content-Encoding", "rot13"),), body=OPEN.encode()), unreachable),
        "many-headers": deny(text(OPEN, headers=tuple((f"X-{n}", "x") for n in range(500))), unreachable),
        "nul": closed(Reply(body=b"User-agent: *\n\x00\nDisallow: /\n")),
        "nul-in-name": closed(Reply(body=b"User-agent: *\nDis\x00allow: /x\nDisallow: /\n")),
        "bom": closed(Reply(body=b"\xef\xbb\xbf" + CLOSED.encode())),
        "utf-16-le": closed(Reply(body=b"\xff\xfe" + CLOSED.encode("utf-16-le"))),
        "utf-16-be": closed(Reply(body=b"\xfe\xff" + CLOSED.encode("utf-16-be"))),
        "latin-1": closed(Reply(body=b"# caf\xe9\n" + CLOSED.encode())),
        "cr-lines": closed(Reply(body=CLOSED.replace("\n", "\r").encode())),
        "long-no-rule": Case(Reply(body=OPEN.encode() + LONG), "deny", "robots_truncated", "robots_truncated"),
        "long-closed": closed(Reply(body=CLOSED.encode() + LONG)),
        "long-open": allow(Reply(body=b"User-agent: *\nAllow: /page\n" + LONG), "robots_rules"),
        "long-gzip": deny(gzipped(Reply(body=OPEN.encode() + LONG)), unreachable),
        "hop-closed": closed(redirect(f"http://rules-closed.test:{port}/robots.txt")),
        "hop-open": allow(redirect(f"http://rules-open.test:{port}/any/file", 307), "robots_rules"),
        "hop-missing": allow(redirect("/gone.txt", 308), "robots_unavailable"),
        "hop-forbidden": deny(redirect("/private.txt"), "robots_forbidden"),
        "hop-busy": defer(redirect("/later.txt"), "robots_busy"),
        "hop-down": deny(redirect("/down.txt"), unreachable),
        "hop-blocklisted": deny(redirect(f"http://blocked.test:{port}/robots.txt"), "robots_redirect"),
        "hop-private": deny(redirect("http://10.1.2.3/robots.txt"), "robots_redirect"),
        "hop-loopback": deny(redirect(f"http://127.0.0.1:{port}/robots.txt"), "robots_redirect"),
        "hop-file": deny(redirect("file:///etc/hosts"), "robots_redirect"),
        "hop-login": deny(redirect("http://user:word@rules-open.test/robots.txt"), "robots_redirect"),
        "hop-port": deny(redirect("http://rules-open.example:8081/robots.txt"), "robots_redirect"),
        "hops-5": closed(redirect("/hop/1")),
        "hops-6": defer(redirect("/hop/0"), "robots_redirect"),
        "loop": defer(redirect("/loop"), "robots_redirect"),
        "self-loop": defer(redirect("/robots.txt"), "robots_redirect"),
        "refresh": allow(html("<meta http-equiv=refresh content='0;url=/page'>"), "robots_empty"),
    }


class Crawled(NamedTuple):
    """A crawl of all cases."""

    web: ScriptedWeb
    lab: Lab
    cases: Mapping[str, Case]
    rows: Mapping[str, dict[str, object]]


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crawled]:
    """Crawl one page of each host in one go."""
    lab = Lab(tmp_path_factory.mktemp("outcomes") / "lab")
    lab.block("blocked.test")
    lab.policy(
        limits={"first_byte_timeout": 2.0, "total_timeout": 4.0},
        network__test_hosts={"refused.test": REFUSED},
    )
    with ScriptedWeb() as web:
        web.host("rules-closed.test").set("/robots.txt", text(CLOSED))
        web.host("rules-open.test", text(OPEN))
        web.host("blocked.test", text(OPEN))
        cases = table(web.port)
        for name, case in cases.items():
            host = web.host(f"{name}.test").set("/robots.txt", case.reply).set("/page", html("<p>page</p>"))
            host.set("/private.txt", status(403)).set("/later.txt", status(429)).set("/down.txt", status(503))
            for hop in range(5):
                host.set(f"/hop/{hop}", redirect(f"/hop/{hop + 1}"))
            host.set("/hop/5", text(CLOSED)).set("/loop", redirect("/robots.txt"))
        seeds = lab.seeds(web.url(f"{name}.test", "/page") for name in cases)
        ended = lab.crawl(seeds, "--concurrency", "100", timeout=90)
        assert ended.code == 0, ended.text
        yield Crawled(web, lab, cases, by_url(lab.out))
    lab.close()


NAMES = tuple(table(1))


@pytest.mark.parametrize("name", NAMES)
def test_outcome(crawled: Crawled, name: str) -> None:
    """The page is asked for where the table allows it and nowhere else; the row says why."""
    case = crawled.cases[name]
    asked = crawled.web.log.targets(f"{name}.test").count("/page")
    row = crawled.rows[crawled.web.url(f"{name}.test", "/page")]
    got = (asked, row["verdict"], row["reason"], row["robots_status"])
    assert got == (int(case.verdict == "allow"), case.verdict, case.reason, case.status)


def test_a_refused_hop_is_not_dialled(crawled: Crawled) -> None:
    """The blocklisted host of a redirect is asked for nothing."""
    assert crawled.web.log.targets("blocked.test") == []
    assert not [one.host for one in crawled.web.log if one.host.startswith(("10.", "127."))]


def test_hops_are_counted(crawled: Crawled) -> None:
    """Five hops are followed, the sixth is not."""
    assert crawled.web.log.targets("hops-5.test") == ["/robots.txt", *(f"/hop/{n}" for n in range(1, 6))]
    assert crawled.web.log.targets("hops-6.test") == ["/robots.txt", *(f"/hop/{n}" for n in range(5))]


def test_no_refresh_and_no_cookie(crawled: Crawled) -> None:
    """A meta refresh in robots.txt leads nowhere, and nobody is sent a cookie, a referrer or credentials."""
    assert crawled.web.log.targets("refresh.test")[1] != "/page"
    sent = {name.lower() for one in crawled.web.log for name, _ in one.headers}
    assert not sent & {"cookie", "referer", "authorization", "from"}


def test_evidence(crawled: Crawled) -> None:
    """Each authority has its entry in the log, each row its proof, each request its attempt (R3.16, R2.1)."""
    check_rows(crawled.lab.out)
    origins = {entry["body"]["origin"] for entry in log_entries(crawled.lab.out) if entry["type"] == "robots"}
    assert origins >= {crawled.web.url(f"{name}.test", "") for name in crawled.cases}
    check_requests(crawled.lab.out, [crawled.web.url(one.host, one.target) for one in crawled.web.log])


def vector_reply(case: Mapping[str, object], web: ScriptedWeb, host: str) -> Reply:
    """Script a host as a vector of robots/http_cases.json describes it."""
    final = text(str(case.get("final_body", "")))
    if "redirects" in case:
        hops = int(str(case["redirects"]))
        for hop in range(1, hops):
            web.host(host).set(f"/hop{hop}", redirect(f"/hop{hop + 1}"))
        web.host(host).set(f"/hop{hops}", final)
        return redirect("/hop1")
    if "redirect_to" in case:
        target = str(case["redirect_to"]).replace("second.test/", f"second.test:{web.port}/")
        web.host("second.test").set("/robots.txt", final)
        return redirect(target)
    body = str(case.get("sent", case.get("body", ""))).encode()
    actions = {"hang_seconds": "hang", "connection_refused": "close"}
    return Reply(
        status=int(str(case.get("status", 200))),
        headers=tuple((str(name), str(value)) for name, value in _headers(case)),
        body=body,
        content_length=int(str(case["declared_length"])) if "declared_length" in case else None,
        keep_alive="declared_length" not in case,
        action=actions.get(str(case.get("action")), "answer"),
    )


def _headers(case: Mapping[str, object]) -> list[tuple[str, str]]:
    given = case.get("headers", [])
    return list(given.items()) if isinstance(given, dict) else list(given)  # type: ignore[call-overload]


def test_vectors(lab: Lab, web: ScriptedWeb) -> None:
    """As the vectors of others say."""
    cases = json.loads(shared_path("vectors/adversarial/robots/http_cases.json").read_text())
    refused = {f"{case['id']}.test": REFUSED for case in cases if case.get("action") == "connection_refused"}
    lab.policy(limits={"first_byte_timeout": 2.0, "total_timeout": 4.0}, network__test_hosts=refused)
    for case in cases:
        host = web.host(f"{case['id']}.test", html("<p>page</p>"))
        host.set("/.well-known/tdmrep.json", status(404))
        host.set("/robots.txt", vector_reply(case, web, f"{case['id']}.test"))
    assert lab.crawl(lab.seeds(web.url(f"{case['id']}.test", "/page") for case in cases)).code == 0
    rows = by_url(lab.out)
    for case in cases:
        asked = web.log.targets(f"{case['id']}.test").count("/page")
        row = rows[web.url(f"{case['id']}.test", "/page")]
        assert asked == int(case["expected"] == "allow"), case
        assert (row["verdict"] == "allow") == (case["expected"] == "allow"), case
        assert row["reason"], case
        assert row["robots_status"], case
