"""The resolver that every connection uses: it hands out only addresses that may be dialled (R4.1, R4.2).

Names are looked up by the reactor's own resolver; judged here is what it answers. Nothing is resolved twice.
What Twisted describes by zope interfaces is ``Any`` here, since mypy cannot read them.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from ipaddress import ip_address
from time import monotonic
from typing import TYPE_CHECKING, Any

from scrapy.utils.defer import maybe_deferred_to_future
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IHostnameResolver, IHostResolution, IResolutionReceiver
from zope.interface import implementer

from crawler.network.canonical_names import CanonicalNames
from crawler.network.failures import AddressRefusedError, NameUnknownError
from crawler.network.policy_slot import only_rules
from crawler.values.dialling import Refused, after_lookup, before_lookup, listed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Self

    from scrapy.crawler import Crawler
    from twisted.python.failure import Failure

    from crawler.network.policy_slot import NetworkRules

LIFETIME = 300.0
"""Seconds that an answer is used (R4.2: at most 5 min)."""
FAILURE_LIFETIME = 30.0
"""Seconds during which a name that did not resolve is not asked for again."""
CACHED_NAMES = 10_000
DNS_TIMEOUT = 10.0
"""Seconds for one question where the setting of that name says nothing."""


@dataclass(frozen=True, slots=True)
class _Answer:
    """What the resolver said, before it is judged: the rules may change while it is kept."""

    addresses: tuple[str, ...]
    problem: str
    """Why there are no addresses, else empty."""
    expires: float


@implementer(IHostnameResolver)
class CheckedResolver:
    """Resolves a host only if every address of it may be dialled.

    Refuses with ``AddressRefusedError``, fails with ``NameUnknownError``; both carry their reason code.
    """

    def __init__(
        self,
        reactor: Any,
        upstream: Any,
        *,
        timeout: float,
        clock: Callable[[], float] = monotonic,
        unowned: Callable[[], NetworkRules | None] = only_rules,
    ) -> None:
        self._reactor = reactor
        self._upstream = upstream
        self._timeout = timeout
        self._clock = clock
        self._unowned = unowned
        self._canonical = CanonicalNames()
        self._asked = self._canonical.around(reactor, upstream)
        self._answers: OrderedDict[str, _Answer] = OrderedDict()
        self._pending: dict[str, _Lookup] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler, reactor: Any) -> Self:
        """Make the one resolver of the process. Scrapy passes the ``CrawlerProcess`` here, not a crawler."""
        upstream = reactor.nameResolver
        if isinstance(upstream, CheckedResolver):
            upstream = upstream._upstream  # noqa: SLF001 - an earlier crawl of this process
        return cls(reactor, upstream, timeout=crawler.settings.getfloat("DNS_TIMEOUT") or DNS_TIMEOUT)

    def install_on_reactor(self) -> None:
        """Make the reactor resolve through this object, whoever asks."""
        self._reactor.installNameResolver(self)

    async def addresses(self, host: str, rules: NetworkRules | None = None) -> tuple[str, ...]:
        """Addresses that a connection to the host would dial, first choice first; they are kept for the dialling.

        ``rules`` are those of the crawler that asks; without them the process must hold exactly one set.
        """
        return await maybe_deferred_to_future(self.lookup(host, rules or self._unowned()))

    def lookup(self, host: str, rules: NetworkRules | None) -> Deferred[tuple[str, ...]]:
        """As ``addresses``; fires at once where the answer is known."""
        if rules is None:
            return fail(AddressRefusedError(f"{host}: no rules are in force", code="internal_error"))
        try:
            known = self._known(host, rules)
        except (AddressRefusedError, NameUnknownError) as error:
            return fail(error)
        if not isinstance(known, str):
            return succeed(known)
        waiting: Deferred[tuple[str, ...]] = self._ask(known)
        return waiting.addCallback(lambda _: self._settled(known, rules))

    def _settled(self, name: str, rules: NetworkRules) -> tuple[str, ...]:
        alias = self._canonical.take(name)
        if alias is not None:
            rules.aliased(name, alias)
        return _judged(name, self._answers[name], rules)

    def _known(self, host: str, rules: NetworkRules) -> tuple[str, ...] | str:
        """Return the addresses where no question to the network is needed, else the canonical name to ask for."""
        found = before_lookup(host, rules.test_hosts)
        if isinstance(found, Refused):
            raise _error(found)
        if found.addresses:
            return _unlisted(found.name, found.addresses, rules)
        answer = self._answers.get(found.name)
        if answer is None or answer.expires <= self._clock():
            return found.name
        self._answers.move_to_end(found.name)
        return _judged(found.name, answer, rules)

    def _ask(self, name: str) -> Deferred[tuple[str, ...]]:
        """Join the running look-up of this name, or start one."""
        lookup = self._pending.get(name)
        if lookup is None:
            lookup = self._pending[name] = _Lookup(name)
            lookup.start(self._reactor, self._asked, self._timeout, self._keep)
        return lookup.wait()

    def _keep(self, name: str, addresses: tuple[str, ...], problem: str) -> None:
        lifetime = FAILURE_LIFETIME if problem else LIFETIME
        self._pending.pop(name, None)
        self._answers[name] = _Answer(addresses, problem, self._clock() + lifetime)
        self._answers.move_to_end(name)
        while len(self._answers) > CACHED_NAMES:
            self._answers.popitem(last=False)

    def resolveHostName(  # noqa: N802 - IHostnameResolver
        self,
        resolutionReceiver: Any,  # noqa: N803 - IHostnameResolver
        hostName: str,  # noqa: N803 - IHostnameResolver
        portNumber: int = 0,  # noqa: N803 - IHostnameResolver
        addressTypes: Sequence[type[Any]] | None = None,  # noqa: N803 - IHostnameResolver
        transportSemantics: Any = "TCP",  # noqa: N803 - IHostnameResolver
    ) -> Any:
        """Twisted's way in, for whoever dials without our handler; a refusal is an empty answer."""
        resolution = _Resolution(hostName)
        resolutionReceiver.resolutionBegan(resolution)

        def answered(addresses: tuple[str, ...]) -> None:
            for address in addresses:
                kind = IPv6Address if ":" in address else IPv4Address
                if addressTypes is None or kind in addressTypes:
                    resolutionReceiver.addressResolved(kind(transportSemantics, address, portNumber))

        def refused(failure: Failure) -> None:
            failure.trap(AddressRefusedError, NameUnknownError)

        lookup = self.lookup(hostName, self._unowned()).addCallbacks(answered, refused)
        lookup.addCallback(lambda _: resolutionReceiver.resolutionComplete())
        return resolution


@implementer(IHostResolution)
class _Resolution:
    def __init__(self, name: str) -> None:
        self.name = name

    def cancel(self) -> None:
        """Nothing to cancel: look-ups are shared and end by their own time-out."""


@implementer(IResolutionReceiver)
class _Lookup:
    """One running question to the upstream resolver and all who wait for its answer."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._found: list[str] = []
        self._waiting: list[Deferred[tuple[str, ...]]] = []
        self._late: Any = None
        self._keep: Callable[[str, tuple[str, ...], str], None] | None = None

    def start(
        self,
        reactor: Any,
        upstream: Any,
        timeout: float,
        keep: Callable[[str, tuple[str, ...], str], None],
    ) -> None:
        self._keep = keep
        self._late = reactor.callLater(timeout, self._end, f"no answer in {timeout:g} s")
        try:
            upstream.resolveHostName(self, self._name)
        except Exception as error:  # noqa: BLE001 - becomes the outcome of every waiter
            self._end(f"the resolver failed: {error!r}")

    def wait(self) -> Deferred[tuple[str, ...]]:
        """Fires when the answer is kept. One waiter's cancellation leaves the others alone."""
        if self._keep is None:
            return succeed(())
        waiting: Deferred[tuple[str, ...]] = Deferred(self._forget)
        self._waiting.append(waiting)
        return waiting

    def _forget(self, waiting: Deferred[tuple[str, ...]]) -> None:
        if waiting in self._waiting:
            self._waiting.remove(waiting)

    def resolutionBegan(self, resolution: Any) -> None:  # noqa: N802 - IResolutionReceiver
        """Nothing to remember."""

    def addressResolved(self, address: Any) -> None:  # noqa: N802 - IResolutionReceiver
        self._found.append(address.host)

    def resolutionComplete(self) -> None:  # noqa: N802 - IResolutionReceiver
        self._end("" if self._found else "the name has no address")

    def _end(self, problem: str) -> None:
        keep, self._keep = self._keep, None
        if keep is None:  # an answer after the time-out
            return
        if self._late is not None and self._late.active():
            self._late.cancel()
        # An answer that comes together with the time-out is not used: what is dialled is what was kept.
        keep(self._name, () if problem else tuple(dict.fromkeys(self._found)), problem)
        waiting, self._waiting = self._waiting, []
        for deferred in waiting:
            deferred.callback(())


def _judged(name: str, answer: _Answer, rules: NetworkRules) -> tuple[str, ...]:
    """Let the answer pass if all of it may be dialled (R4.1)."""
    if answer.problem:
        raise NameUnknownError(f"{name}: {answer.problem}")
    refused = after_lookup(name, answer.addresses)
    if refused is not None:
        raise _error(refused)
    return _unlisted(name, answer.addresses, rules)


def _unlisted(name: str, addresses: tuple[str, ...], rules: NetworkRules) -> tuple[str, ...]:
    """Let the addresses pass if no blocklist entry covers one of them."""
    refused = listed(name, addresses, rules.refuse)
    if refused is not None:
        raise _error(refused)
    return addresses


def _error(refused: Refused) -> AddressRefusedError:
    return AddressRefusedError(refused.detail, code=refused.code)


def same_address(first: str, second: str) -> bool:
    """Whether two texts spell one address."""
    return first == second or ip_address(first) == ip_address(second)


def installed_resolver(reactor: Any, crawler: Crawler) -> CheckedResolver:
    """The reactor's checked resolver; one is installed where the runner does not do it (``AsyncCrawlerRunner``)."""
    current = reactor.nameResolver
    if not isinstance(current, CheckedResolver):
        current = CheckedResolver.from_crawler(crawler, reactor)
        current.install_on_reactor()
    return current
