"""Control of a domain: a file of its site through the gate, a TXT record; no answer proves and disproves nothing."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest

from crawler.asking.site_files import SiteAsker
from crawler.complaints.case import cases_of
from crawler.complaints.control import FILE, LABEL, line, prove, texts_in_dns, token_for
from crawler.errors import UsageError
from crawler.policy.gate import Gate
from crawler.policy.reading import read_policy
from crawler.storage.suffixes import bundled_suffixes
from tests.complaints.registers import NOW, received
from tests.complaints.test_deciding import _matcher
from tests.servers.replies import Reply, html, redirect, text
from tests.servers.web import ScriptedWeb

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.complaints.registers import Desk

POLICY = b"""version = "1"
[politeness]
delay = 0.0
[network]
test_hosts = {"*.test" = "127.0.0.1"}
[network_]
"""


@pytest.fixture
def web() -> Iterator[ScriptedWeb]:
    """A web on the port that a domain has: none does, so the test hosts answer on a port of their own."""
    with ScriptedWeb() as found:
        yield found


def _asker(blocked: str = "listed.test") -> SiteAsker:
    files = {"crawl-policy.toml": POLICY.replace(b"[network_]\n", b"")}
    policy = read_policy(files, tool_version="1")
    gate = Gate(policy, _matcher(blocked), bundled_suffixes())
    return SiteAsker(gate, announce=lambda _: None, pause=lambda _: None)


def _prove(desk: Desk, asker: SiteAsker, records: list[str] | None, host: str = "a.test") -> Any:
    with desk.open() as register:
        case = cases_of(register.entries)[1]
        return prove(
            register, case, host, asker=asker, look_up=lambda _: records, sealer=desk.sealer, now=NOW
        )  # fmt: skip


def _token(desk: Desk, host: str = "a.test") -> str:
    with desk.open() as register:
        return token_for(register, cases_of(register.entries)[1], host, sealer=desk.sealer, now=NOW)


def test_dns(desk: Desk) -> None:
    """The exact line in a TXT record proves it; the token stays the same."""
    desk.add(received(urls=["https://a.test/x"]))
    token = _token(desk)
    assert _token(desk) == token
    assert _prove(desk, _asker(), [line("other"), line(token)]).outcome == "proved"
    assert desk.cases()[1].controls[-1]["outcome"] == "proved"


def test_listed_host_is_asked_nothing(desk: Desk) -> None:
    """Not even DNS."""
    desk.add(received(urls=["https://listed.test/x"]))
    asked: list[str] = []
    with desk.open() as register:
        case = cases_of(register.entries)[1]
        found = prove(
            register, case, "listed.test", asker=_asker(), look_up=asked.append,  # type: ignore[func-returns-value]  # takes note
            sealer=desk.sealer, now=NOW,
        )  # fmt: skip
    assert found.outcome == "refused"
    assert asked == []


def test_no_answer_is_a_state_of_its_own(desk: Desk) -> None:
    """Neither proved nor disproved."""
    desk.add(received(urls=["https://a.test/x"]))
    assert _prove(desk, _asker(), None).outcome == "unread"


def test_foreign_domain(desk: Desk) -> None:
    """A case about one host gives no token for another one; a domain above the host is fine."""
    desk.add(received(urls=["https://www.a.test/x"]))
    with pytest.raises(UsageError, match="no host of"):
        _token(desk, "b.test")
    assert _token(desk, "a.test")


@pytest.mark.parametrize(
    ("reply", "found"),
    [
        (lambda token: text(f"\n {line(token)} \n"), True),
        (lambda token: text(line(token) + "0"), False),
        (lambda token: html(f"<p>{line(token)}</p>"), False),
        (lambda token: redirect("http://b.test/"), False),  # noqa: ARG005 - as its neighbours
        (lambda token: text(""), False),  # noqa: ARG005 - as above
    ],
)
def test_file_through_the_gate(web: ScriptedWeb, reply: Any, found: bool) -> None:
    """The file counts where its line stands alone, served by the host itself; robots.txt is asked first."""
    host = web.host("a.test", Reply(status=404)).set("/robots.txt", text("")).set(FILE, reply("t0ken"))
    assert host
    outcome = _asker().single(web.url("a.test", FILE))
    lines = (outcome.body or b"").decode().splitlines()
    assert (line("t0ken") in [one.strip() for one in lines] and not outcome.hops) is found
    assert web.log.targets("a.test")[0] == "/robots.txt"


def test_robots_may_forbid_the_file(web: ScriptedWeb) -> None:
    """Then it is not asked for, and counts as nothing."""
    web.host("a.test", text(line("x"))).set("/robots.txt", text("User-agent: *\nDisallow: /\n"))
    assert _asker().single(web.url("a.test", FILE)).why == "disallowed_by_robots"
    assert web.log.targets("a.test") == ["/robots.txt"]


def test_real_resolver() -> None:
    """TXT records in several strings, and no answer at all, by a name server on loopback."""
    resolver = pytest.importorskip("dns.resolver")
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))
    threading.Thread(target=_serve, args=(server,), daemon=True).start()
    found = resolver.Resolver(configure=False)
    found.nameservers, found.port = ["127.0.0.1"], server.getsockname()[1]
    earlier, resolver.default_resolver = resolver.default_resolver, found
    try:
        assert texts_in_dns(f"{LABEL}.a.test") == ["clearcrawl-complaint=abc"]
        assert texts_in_dns(f"{LABEL}.none.test") == []
        assert texts_in_dns(f"{LABEL}.broken.test") is None
    finally:
        resolver.default_resolver = earlier
        server.close()


def _serve(server: socket.socket) -> None:
    from dns import message, rcode, rrset  # noqa: PLC0415 - an extra

    while True:
        try:
            octets, client = server.recvfrom(4096)
        except OSError:
            return
        asked = message.from_wire(octets)
        answer = message.make_response(asked)
        name = asked.question[0].name
        if "broken" in str(name):
            answer.set_rcode(rcode.SERVFAIL)
        elif "none" in str(name):
            answer.set_rcode(rcode.NXDOMAIN)
        else:
            answer.answer.append(rrset.from_text(name, 60, "IN", "TXT", '"clearcrawl-" "complaint=abc"'))
        server.sendto(answer.to_wire(), client)
