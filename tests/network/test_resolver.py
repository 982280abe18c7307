"""The checked resolver with scripted answers; nothing outside loopback is ever dialled."""

from __future__ import annotations

import asyncio
import json

import pytest
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import IHostnameResolver, IResolutionReceiver
from zope.interface import implementer

from crawler.network.dialling import CheckedEndpoint, PeerDiffersError
from crawler.network.failures import AddressRefusedError, NameUnknownError
from crawler.network.policy_slot import NetworkRules, only_rules, rules_of, set_rules
from crawler.network.resolver import CACHED_NAMES, FAILURE_LIFETIME, LIFETIME, CheckedResolver, installed_resolver
from tests.network.conftest import rules
from tests.network.wire import REPLY, Wire, always
from tests.shared import shared_path

PUBLIC = "1.1.1.1"


@implementer(IHostnameResolver)
class Script:
    """Answers as told: a list of addresses, an exception, or ``None`` for silence."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = []
        self.waiting = []

    def resolveHostName(self, receiver, name, portNumber=0, addressTypes=None, transportSemantics="TCP"):  # noqa: N802, N803 - IHostnameResolver
        self.asked.append(name)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        if answer is None:
            self.waiting.append(receiver)
            return
        self.tell(receiver, answer)

    @staticmethod
    def tell(receiver, addresses):
        receiver.resolutionBegan(None)
        for address in addresses:
            kind = IPv6Address if ":" in address else IPv4Address
            receiver.addressResolved(kind("TCP", address, 0))
        receiver.resolutionComplete()


@pytest.fixture
def resolver_of(run):
    """Makes resolvers with a script, a clock that stands still, and a way to ask them."""

    def make(*answers, timeout=10.0):
        from twisted.internet import reactor

        script = Script(*answers)
        clock = [1000.0]
        resolver = CheckedResolver(reactor, script, timeout=timeout, clock=lambda: clock[0])
        ask = lambda host, network_rules=None: run(resolver.addresses(host, network_rules or rules(test_hosts={})))  # noqa: E731
        return resolver, script, clock, ask

    return make


def test_allowed_answers_are_handed_out_in_order(resolver_of):
    """IPv4 and IPv6 alike; a repeated answer counts once."""
    _, script, _, ask = resolver_of([PUBLIC, "2606:4700:4700::1111", PUBLIC])
    assert ask("Example.COM.") == (PUBLIC, "2606:4700:4700::1111")
    assert script.asked == ["example.com"]


@pytest.mark.parametrize(
    "answer",
    ["127.0.0.1", "10.0.0.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "224.0.0.1", "192.88.99.1", "::1", "::"]  # noqa: S104 - to be refused
    + [
        "::ffff:127.0.0.1",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "2001::1",
        "fec0::1",
        "fd00::1",
        "ff02::1",
    ]
    + ["fe80::1%lo", "nonsense"],
)
def test_one_bad_answer_refuses_all(resolver_of, answer):
    """All answers must be allowed (R4.1)."""
    for answers in ([answer], [PUBLIC, answer], [answer, PUBLIC]):
        *_, ask = resolver_of(answers)
        with pytest.raises(AddressRefusedError) as caught:
            ask("example.com")
        assert caught.value.code == "address_refused"


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f.1",
        "0177.0.0.1",
        "0.0.0.0",
        "[::1]",
        "::1",
        "::ffff:127.0.0.1",
        "10.1.2.3",
    ]  # noqa: S104 - to be refused
    + ["[fd00::1]", "①②⑦.0.0.1", "localhost", "intranet", "a.local", "x.internal", "a..b", "", "[::1", "u:p@127.0.0.1"],
)
def test_local_spellings_are_refused_without_a_question(resolver_of, host):
    """Literals are read as the C library reads them; local names are not looked up."""
    _, script, _, ask = resolver_of([PUBLIC])
    with pytest.raises(AddressRefusedError):
        ask(host)
    assert script.asked == []


def test_shared_host_vectors(resolver_of):
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


def test_shared_rebinding_vectors(resolver_of):
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


def test_answers_are_kept_for_five_minutes_at_most(resolver_of):
    """Within its lifetime an answer is used again, then asked for anew."""
    _, script, clock, ask = resolver_of([PUBLIC], ["1.0.0.1"])
    assert ask("example.com") == ask("example.com") == (PUBLIC,)
    clock[0] += LIFETIME - 1
    assert ask("example.com") == (PUBLIC,)
    clock[0] += 2
    assert ask("example.com") == ("1.0.0.1",)
    assert LIFETIME <= 300
    assert len(script.asked) == 2


def test_failures_are_kept_for_a_short_while(resolver_of):
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


def test_silence_ends_by_the_timeout(resolver_of):
    """A late answer is not used."""
    _, script, _, ask = resolver_of(None, timeout=0.1)
    with pytest.raises(NameUnknownError, match=r"no answer in 0\.1 s"):
        ask("example.com")
    script.tell(script.waiting[0], [PUBLIC])
    with pytest.raises(NameUnknownError):
        ask("example.com")


def test_waiters_share_one_question(resolver_of, run):
    """All of them get the answer; one that gives up leaves the others alone."""
    resolver, script, _, _ = resolver_of(None)

    async def many():
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


def test_cache_is_bounded(resolver_of):
    """The names used least recently are forgotten."""
    resolver, script, _, ask = resolver_of([PUBLIC])
    ask("first.example.com")
    for number in range(CACHED_NAMES):
        resolver._keep(f"{number}.example.com", (PUBLIC,), "")
    assert len(resolver._answers) == CACHED_NAMES
    ask("first.example.com")
    assert len(script.asked) == 2


def test_rules_are_applied_to_kept_answers(resolver_of):
    """A blocklist entry that comes later covers addresses that are already known."""
    _, script, _, ask = resolver_of([PUBLIC])
    assert ask("example.com") == (PUBLIC,)
    refusing = rules(test_hosts={}, refuse=lambda host, ip: f"{host} {ip} in 1.1.1.0/24")
    with pytest.raises(AddressRefusedError, match="1.1.1.0/24") as caught:
        ask("example.com", refusing)
    assert caught.value.code == "blocklist"
    with pytest.raises(AddressRefusedError):
        ask("1.1.1.1", refusing)
    assert len(script.asked) == 1


def test_failing_blocklist_refuses(resolver_of):
    """R2.4: an exception inside a check is a refusal."""
    *_, ask = resolver_of([PUBLIC])

    def broken(host, ip):
        raise KeyError(host, ip)

    with pytest.raises(AddressRefusedError) as caught:
        ask("example.com", rules(test_hosts={}, refuse=broken))
    assert caught.value.code == "internal_error"


def test_test_hosts_are_not_looked_up(resolver_of):
    """Only names that the map covers get its address."""
    _, script, _, ask = resolver_of(["127.0.0.1"])
    mapped = rules(test_hosts={"*.demo.test": "127.0.0.1", "plain.test": "127.0.0.2"})
    assert ask("a.demo.test", mapped) == ("127.0.0.1",)
    assert ask("plain.test", mapped) == ("127.0.0.2",)
    assert script.asked == []
    with pytest.raises(AddressRefusedError):
        ask("a.plain.test", mapped)


def test_without_rules_everything_is_refused(resolver_of, run):
    """No entry, or an unclear one, dials nothing."""
    resolver, *_ = resolver_of([PUBLIC])
    lookup = resolver.lookup("example.com", None)
    errors = []
    lookup.addErrback(lambda failure: errors.append(failure.value))
    assert errors[0].code == "internal_error"


def test_rules_belong_to_one_crawler():
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

    def __init__(self):
        self.addresses, self.is_complete = [], False

    def resolutionBegan(self, resolution):  # noqa: N802 - IResolutionReceiver
        resolution.cancel()

    def addressResolved(self, address):  # noqa: N802 - IResolutionReceiver
        self.addresses.append(address)

    def resolutionComplete(self):  # noqa: N802 - IResolutionReceiver
        self.is_complete = True


def test_whoever_asks_the_reactor_gets_checked_answers(resolver_of, monkeypatch):
    """Twisted's interface gives checked addresses, or none at all."""
    resolver, *_ = resolver_of(["2606:4700:4700::1111", PUBLIC], [PUBLIC, "10.0.0.1"])
    monkeypatch.setattr("crawler.network.resolver.only_rules", lambda: rules(test_hosts={}))
    good, bad, narrow = Receiver(), Receiver(), Receiver()
    resolver.resolveHostName(good, "good.example", 443)
    resolver.resolveHostName(bad, "bad.example", 443)
    resolver.resolveHostName(narrow, "good.example", 443, [IPv4Address])
    assert good.addresses == [IPv6Address("TCP", "2606:4700:4700::1111", 443), IPv4Address("TCP", PUBLIC, 443)]
    assert narrow.addresses == [IPv4Address("TCP", PUBLIC, 443)]
    assert bad.addresses == []
    assert good.is_complete
    assert bad.is_complete


def test_resolver_of_the_process_is_installed_once(downloader):
    """A second crawl of one process does not stack resolvers."""
    from twisted.internet import reactor

    crawler = downloader().crawler
    first = installed_resolver(reactor, crawler)
    assert reactor.nameResolver is first
    assert installed_resolver(reactor, crawler) is first
    again = CheckedResolver.from_crawler(crawler, reactor)
    assert not isinstance(again._upstream, CheckedResolver)


def test_several_addresses_are_raced_and_only_those(run):
    """Where one address does not answer, the next one does; none is asked for again."""
    from twisted.internet import reactor
    from twisted.internet.protocol import Factory, Protocol

    class Fixed:
        """A resolver that let two loopback addresses pass."""

        def lookup(self, host, network_rules):
            from twisted.internet.defer import succeed

            return succeed(("127.0.0.2", "127.0.0.1"))

    async def connect(port):
        endpoint = CheckedEndpoint(reactor, Fixed(), rules(), "two.test", port)
        protocol = await endpoint.connect(Factory.forProtocol(Protocol)).asFuture(asyncio.get_running_loop())
        peer = protocol.transport.getPeer().host
        protocol.transport.abortConnection()
        return peer

    with Wire(always(REPLY)) as wire:
        assert run(connect(wire.port)) == "127.0.0.1"


def test_peer_that_was_not_checked_is_dropped(run):
    """R4.4: what the connection reached is compared with what was checked."""
    from twisted.internet import reactor
    from twisted.internet.protocol import Factory, Protocol

    class Elsewhere(Protocol):
        """A connection that says it reached another address."""

        def makeConnection(self, transport):  # noqa: N802 - Twisted's name
            transport.getPeer = lambda: IPv4Address("TCP", "127.0.0.9", 1)
            super().makeConnection(transport)

    class Fixed:
        """A resolver that let one loopback address pass."""

        def lookup(self, host, network_rules):
            from twisted.internet.defer import succeed

            return succeed(("127.0.0.1",))

    async def connect(port):
        endpoint = CheckedEndpoint(reactor, Fixed(), rules(), "two.test", port)
        await endpoint.connect(Factory.forProtocol(Elsewhere)).asFuture(asyncio.get_running_loop())

    with Wire(always(REPLY)) as wire, pytest.raises(PeerDiffersError):
        run(connect(wire.port))


def test_rebinding_between_two_requests_never_reaches_loopback(downloader, run):
    """The name turns to loopback after its first answer; the server there hears nothing."""
    from twisted.internet import reactor

    with Wire(always(REPLY)) as wire:
        one = downloader(rules(test_hosts={}))
        script = Script(["127.0.0.1"])
        one.handler._resolver = CheckedResolver(reactor, script, timeout=1)
        outcome = one.fetch(f"http://turn.example:{wire.port}/")
        assert wire.connections == []
    assert outcome.exchange.error == "address_refused"
    assert not outcome.exchange.defers
