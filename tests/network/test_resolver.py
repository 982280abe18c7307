"""The checked resolver with scripted answers; nothing outside loopback is ever dialled."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from socket import AF_INET, AI_CANONNAME, SOCK_STREAM
from typing import TYPE_CHECKING, Any

import pytest
from twisted.internet._resolver import GAIResolver
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import succeed
from twisted.internet.interfaces import IHostnameResolver, IResolutionReceiver
from twisted.internet.protocol import Factory, Protocol
from zope.interface import implementer

from crawler.network.canonical_names import CanonicalNames
from crawler.network.dialling import CheckedEndpoint, PeerDiffersError
from crawler.network.failures import AddressRefusedError, NameUnknownError
from crawler.network.policy_slot import NetworkRules, only_rules, rules_of, set_rules
from crawler.network.resolver import CACHED_NAMES, FAILURE_LIFETIME, LIFETIME, CheckedResolver, installed_resolver
from tests.network.conftest import rules
from tests.network.wire import REPLY, Wire, always
from tests.shared import shared_path

if TYPE_CHECKING:
    from collections.abc import Callable

    from twisted.internet.defer import Deferred

    from tests.network.conftest import Downloader

    Make = Callable[..., Downloader]
    Run = Callable[..., Any]
from typing import Never

PUBLIC = "1.1.1.1"
PEER_DIFFERS = "clearcrawl/connection/peer_differs"
REFUSED = json.loads((Path(__file__).parents[1] / "vectors" / "addresses" / "refused.json").read_text())


@implementer(IHostnameResolver)
class Script:
    """Answers as told: a list of addresses, an exception, or ``None`` for silence."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []
        self.waiting: list[Any] = []

    def resolveHostName(self, receiver: Any, name: str, *_: object) -> None:  # noqa: N802 - Twisted's name
        """Twisted's question."""
        self.asked.append(name)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        if answer is None:
            self.waiting.append(receiver)
            return
        self.tell(receiver, answer)

    @staticmethod
    def tell(receiver: Any, addresses: list[str]) -> None:
        """Give the answer to whoever asked."""
        receiver.resolutionBegan(None)
        for address in addresses:
            kind = IPv6Address if ":" in address else IPv4Address
            receiver.addressResolved(kind("TCP", address, 0))
        receiver.resolutionComplete()


class Fixed:
    """A resolver that let two loopback addresses pass; nothing listens at the first."""

    def lookup(self, _host: str, _rules: object) -> Deferred[tuple[str, ...]]:
        """As the checked resolver."""
        return succeed(("127.0.0.2", "127.0.0.1"))


class Anywhere:
    """A resolver that lets the unspecified address pass: the system connects that to loopback."""

    def lookup(self, _host: str, _rules: object) -> Deferred[tuple[str, ...]]:
        """As the checked resolver."""
        return succeed(("0.0.0.0",))  # noqa: S104 - to be dialled, not bound


def reactor_of() -> Any:
    """Give the running one, which must not be imported before it is installed."""
    from twisted.internet import reactor  # noqa: PLC0415 - as above

    return reactor


async def connect(port: int) -> str:
    """Connect to the two addresses and say which one answered."""
    endpoint = CheckedEndpoint(reactor_of(), Fixed(), rules(), "two.test", port)
    connected = await endpoint.connect(Factory.forProtocol(Protocol)).asFuture(asyncio.get_running_loop())
    peer = connected.transport.getPeer().host
    connected.transport.abortConnection()
    return peer


@pytest.fixture
def resolver_of(run: Run) -> Callable[..., Any]:
    """Makes resolvers with a script, a clock that stands still, and a way to ask them."""

    def make(*answers: Any, timeout: float = 10.0) -> tuple[CheckedResolver, Script, list[float], Callable[..., Any]]:

        script = Script(*answers)
        clock = [1000.0]
        resolver = CheckedResolver(reactor_of(), script, timeout=timeout, clock=lambda: clock[0])

        def ask(host: str, network_rules: NetworkRules | None = None) -> Any:
            return run(resolver.addresses(host, network_rules or rules(test_hosts={})))

        return resolver, script, clock, ask

    return make


def test_allowed_answers_are_handed_out_in_order(resolver_of: Callable[..., Any]) -> None:
    """IPv4 and IPv6 alike; a repeated answer counts once."""
    _, script, _, ask = resolver_of([PUBLIC, "2606:4700:4700::1111", PUBLIC])
    assert ask("Example.COM.") == (PUBLIC, "2606:4700:4700::1111")
    assert script.asked == ["example.com"]


@pytest.mark.parametrize("answer", REFUSED["answers"])
def test_one_bad_answer_refuses_all(resolver_of: Callable[..., Any], answer: str) -> None:
    """All answers must be allowed (R4.1)."""
    for answers in ([answer], [PUBLIC, answer], [answer, PUBLIC]):
        *_, ask = resolver_of(answers)
        with pytest.raises(AddressRefusedError) as caught:
            ask("example.com")
        assert caught.value.code == "address_refused"


@pytest.mark.parametrize("host", REFUSED["hosts"])
def test_local_spellings_are_refused_without_a_question(resolver_of: Callable[..., Any], host: str) -> None:
    """Literals are read as the C library reads them; local names are not looked up."""
    _, script, _, ask = resolver_of([PUBLIC])
    with pytest.raises(AddressRefusedError):
        ask(host)
    assert script.asked == []


def test_shared_host_vectors(resolver_of: Callable[..., Any]) -> None:
    """All forms of the adversarial set."""
    cases = json.loads(shared_path("vectors/adversarial/ssrf/hosts.json").read_text())
    for host in cases["blocked"] + cases["malformed_refuse"]:
        _, script, _, ask = resolver_of([PUBLIC])
        with pytest.raises(AddressRefusedError):
            ask(host)
        assert script.asked == []
    for host in cases["allowed_control"]:
        *_, ask = resolver_of([PUBLIC])
        assert ask(host) == (host,)


def test_shared_rebinding_vectors(resolver_of: Callable[..., Any]) -> None:
    """A name that turns to loopback is refused as soon as it does; a mixed answer at once."""
    for case in json.loads(shared_path("vectors/adversarial/ssrf/rebinding.json").read_text())["cases"]:
        _, script, clock, ask = resolver_of(*case["answers"])
        for answer in case["answers"]:
            if all(address == PUBLIC for address in answer):
                assert ask(case["name"]) == tuple(answer)
            else:
                with pytest.raises(AddressRefusedError):
                    ask(case["name"])
            clock[0] += LIFETIME + 1
        assert len(script.asked) == len(case["answers"])


def test_answers_are_kept_for_five_minutes_at_most(resolver_of: Callable[..., Any]) -> None:
    """Within its lifetime an answer is used again, then asked for anew."""
    _, script, clock, ask = resolver_of([PUBLIC], ["1.0.0.1"])
    assert ask("example.com") == ask("example.com") == (PUBLIC,)
    clock[0] += LIFETIME - 1
    assert ask("example.com") == (PUBLIC,)
    clock[0] += 2
    assert ask("example.com") == ("1.0.0.1",)
    assert LIFETIME <= 300
    assert len(script.asked) == 2


def test_failures_are_kept_for_a_short_while(resolver_of: Callable[..., Any]) -> None:
    """A name without an address is not asked for again at once."""
    _, script, clock, ask = resolver_of([], RuntimeError("broken"), [PUBLIC])
    for _ in range(2):
        with pytest.raises(NameUnknownError) as caught:
            ask("example.com")
    assert caught.value.code == "dns_error"
    clock[0] += FAILURE_LIFETIME + 1
    with pytest.raises(NameUnknownError, match="broken"):
        ask("example.com")
    clock[0] += FAILURE_LIFETIME + 1
    assert ask("example.com") == (PUBLIC,)
    assert len(script.asked) == 3


def test_silence_ends_by_the_timeout(resolver_of: Callable[..., Any]) -> None:
    """A late answer is not used."""
    _, script, _, ask = resolver_of(None, timeout=0.1)
    with pytest.raises(NameUnknownError, match=r"no answer in 0\.1 s"):
        ask("example.com")
    script.tell(script.waiting[0], [PUBLIC])
    with pytest.raises(NameUnknownError):
        ask("example.com")


def test_waiters_share_one_question(resolver_of: Callable[..., Any], run: Run) -> None:
    """All of them get the answer; one that gives up leaves the others alone."""
    resolver, script, _, _ = resolver_of(None)

    async def many() -> list[Any]:
        tasks = [asyncio.ensure_future(resolver.addresses("example.com", rules(test_hosts={}))) for _ in range(5)]
        await asyncio.sleep(0)
        tasks[0].cancel()
        await asyncio.sleep(0)
        script.tell(script.waiting[0], [PUBLIC])
        return await asyncio.gather(*tasks, return_exceptions=True)

    first, *others = run(many())
    assert isinstance(first, asyncio.CancelledError)
    assert others == [(PUBLIC,)] * 4
    assert len(script.asked) == 1


def test_cache_is_bounded(resolver_of: Callable[..., Any]) -> None:
    """The names used least recently are forgotten."""
    resolver, script, _, ask = resolver_of([PUBLIC])
    ask("first.example.com")
    for number in range(CACHED_NAMES):
        resolver._keep(f"{number}.example.com", (PUBLIC,), "")
    assert len(resolver._answers) == CACHED_NAMES
    ask("first.example.com")
    assert len(script.asked) == 2


def test_rules_are_applied_to_kept_answers(resolver_of: Callable[..., Any]) -> None:
    """A blocklist entry that comes later covers addresses that are already known."""
    _, script, _, ask = resolver_of([PUBLIC])
    assert ask("example.com") == (PUBLIC,)
    refusing = rules(test_hosts={}, refuse=lambda host, ip: f"{host} {ip} in 1.1.1.0/24")
    with pytest.raises(AddressRefusedError, match=r"1\.1\.1\.0/24") as caught:
        ask("example.com", refusing)
    assert caught.value.code == "blocklist"
    with pytest.raises(AddressRefusedError):
        ask("1.1.1.1", refusing)
    assert len(script.asked) == 1


def test_failing_blocklist_refuses(resolver_of: Callable[..., Any]) -> None:
    """R2.4: an exception inside a check is a refusal."""
    *_, ask = resolver_of([PUBLIC])

    def broken(host: str, ip: str) -> Never:
        raise KeyError(host, ip)

    with pytest.raises(AddressRefusedError) as caught:
        ask("example.com", rules(test_hosts={}, refuse=broken))
    assert caught.value.code == "internal_error"


def test_test_hosts_are_not_looked_up(resolver_of: Callable[..., Any]) -> None:
    """Only names that the map covers get its address."""
    _, script, _, ask = resolver_of(["127.0.0.1"])
    mapped = rules(test_hosts={"*.demo.test": "127.0.0.1", "plain.test": "127.0.0.2"})
    assert ask("a.demo.test", mapped) == ("127.0.0.1",)
    assert ask("plain.test", mapped) == ("127.0.0.2",)
    assert script.asked == []
    with pytest.raises(AddressRefusedError):
        ask("a.plain.test", mapped)


def test_without_rules_everything_is_refused(resolver_of: Callable[..., Any]) -> None:
    """No entry, or an unclear one, dials nothing."""
    resolver, *_ = resolver_of([PUBLIC])
    lookup = resolver.lookup("example.com", None)
    errors = []
    lookup.addErrback(lambda failure: errors.append(failure.value))
    assert errors[0].code == "internal_error"


def test_rules_belong_to_one_crawler() -> None:
    """The process-wide answer exists only while it is unambiguous."""

    class Crawler:
        """Anything that can be referenced weakly."""

    one, two = Crawler(), Crawler()
    first, second = rules(), rules()
    before = only_rules()
    set_rules(one, first)
    assert rules_of(one) is first
    assert rules_of(two) is None
    set_rules(two, second)
    assert only_rules() is None
    del one, two
    assert only_rules() is before or isinstance(only_rules(), NetworkRules)


@implementer(IResolutionReceiver)
class Receiver:
    """What Twisted's endpoints hand in."""

    def __init__(self) -> None:
        self.addresses, self.is_complete = [], False

    def resolutionBegan(self, resolution: Any) -> None:  # noqa: N802 - Twisted's name
        """The beginning."""
        resolution.cancel()

    def addressResolved(self, address: Any) -> None:  # noqa: N802 - Twisted's name
        """One answer."""
        self.addresses.append(address)

    def resolutionComplete(self) -> None:  # noqa: N802 - Twisted's name
        """The end."""
        self.is_complete = True


def test_whoever_asks_the_reactor_gets_checked_answers(run: Run) -> None:  # noqa: ARG001 - the reactor is running
    """Twisted's interface gives checked addresses, or none at all."""
    script = Script(["2606:4700:4700::1111", PUBLIC], [PUBLIC, "10.0.0.1"])
    resolver = CheckedResolver(reactor_of(), script, timeout=10, unowned=lambda: rules(test_hosts={}))
    good, bad, narrow = Receiver(), Receiver(), Receiver()
    resolver.resolveHostName(good, "good.example", 443)
    resolver.resolveHostName(bad, "bad.example", 443)
    resolver.resolveHostName(narrow, "good.example", 443, [IPv4Address])
    assert good.addresses == [IPv6Address("TCP", "2606:4700:4700::1111", 443), IPv4Address("TCP", PUBLIC, 443)]
    assert narrow.addresses == [IPv4Address("TCP", PUBLIC, 443)]
    assert bad.addresses == []
    assert good.is_complete
    assert bad.is_complete


def test_resolver_of_the_process_is_installed_once(downloader: Make) -> None:
    """A second crawl of one process does not stack resolvers."""
    crawler = downloader().crawler
    first = installed_resolver(reactor_of(), crawler)
    assert reactor_of().nameResolver is first
    assert installed_resolver(reactor_of(), crawler) is first
    again = CheckedResolver.from_crawler(crawler, reactor_of())
    assert not isinstance(again._upstream, CheckedResolver)


def test_several_addresses_are_raced_and_only_those(run: Run) -> None:
    """Where one address does not answer, the next one does; none is asked for again."""
    with Wire(always(REPLY)) as wire:
        assert run(connect(wire.port)) == "127.0.0.1"


def test_peer_that_was_not_checked_is_dropped_and_counted(downloader: Make) -> None:
    """R4.4: what the connection reached is compared with what was checked."""
    with Wire(always(REPLY)) as wire:
        one = downloader()
        one.handler.ways.resolver = Anywhere()
        outcome = one.fetch(f"http://a.test:{wire.port}/")
        assert wire.requests == []
    assert isinstance(outcome.error, PeerDiffersError)
    assert outcome.exchange.error == "address_refused"
    assert one.crawler.stats.get_value(PEER_DIFFERS) == 1


def test_rebinding_between_two_requests_never_reaches_loopback(downloader: Make) -> None:
    """The name turns to loopback after its first answer; the server there hears nothing."""
    with Wire(always(REPLY)) as wire:
        one = downloader(rules(test_hosts={}))
        script = Script(["127.0.0.1"])
        one.handler.ways.resolver = CheckedResolver(reactor_of(), script, timeout=1)
        outcome = one.fetch(f"http://turn.example:{wire.port}/")
        assert wire.connections == []
    assert outcome.exchange.error == "address_refused"
    assert not outcome.exchange.defers


def test_the_name_behind_an_alias_is_told_once() -> None:
    """The canonical name comes with the addresses; where it is the host itself there is nothing to tell."""
    asked = []

    def getaddrinfo(host: str, port: int, *_: object) -> list[Any]:
        asked.append(_[-1])
        name = {"alias.example": "LISTED.example.", "plain.example": "plain.example"}[host]
        return [(AF_INET, SOCK_STREAM, 6, name, (PUBLIC, port)), (AF_INET, SOCK_STREAM, 6, "", (PUBLIC, port))]

    names = CanonicalNames(getaddrinfo)
    assert names("alias.example", 80)[0][4] == (PUBLIC, 80)
    assert names("plain.example", 80)
    assert asked == [AI_CANONNAME, AI_CANONNAME]
    assert [names.take("alias.example"), names.take("alias.example"), names.take("plain.example")] == [
        "listed.example",
        None,
        None,
    ]


def test_an_alias_is_told_to_the_rules_and_changes_no_answer(resolver_of: Callable[..., Any]) -> None:
    """Whoever installed a resolver keeps it as it is; the system's own is asked for the canonical name as well."""
    told: list[tuple[str, str]] = []
    resolver, script, _, ask = resolver_of([PUBLIC])
    resolver._canonical._names["alias.example"] = "listed.example"
    assert ask("alias.example", replace(rules(test_hosts={}), aliased=lambda *pair: told.append(pair))) == (PUBLIC,)
    assert told == [("alias.example", "listed.example")]
    assert resolver._asked is script
    system = GAIResolver(reactor_of())
    assert CheckedResolver(reactor_of(), system, timeout=1)._asked._getaddrinfo.take("nobody.example") is None
