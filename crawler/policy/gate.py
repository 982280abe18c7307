"""The one gate that every request passes directly before its connection is opened (reliability R2.1 to R2.6).

Order: scheme, canonical URL, port, form of the host, blocklist, robots, budget; the address when it is dialled. An
exception inside a check is a refusal. The gate knows no network: what was read comes in, a decision goes out.
"""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from crawler.errors import UrlError
from crawler.policy.decide import decide, is_quiet, judge_access, refuse
from crawler.policy.decision import Access, Decision, Stage, State, Verdict
from crawler.policy.facts import Facts, ListsInForce, Refusal
from crawler.policy.reading import missing_identity
from crawler.values import host as hosts
from crawler.values.address import TestHosts, refused_address
from crawler.values.url import parse

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from crawler.blocklists.interface import Listed
    from crawler.blocklists.matcher import Matcher
    from crawler.optout.robots.access import RobotsAnswer
    from crawler.optout.statement import SoftDirective, Statement, Unread
    from crawler.policy.document import CrawlPolicy
    from crawler.values.digest import Digest
    from crawler.values.host import Suffixes
    from crawler.values.url import Url

_Answer = TypeVar("_Answer")

INTERNAL_ERRORS_IN_A_ROW = 3
"""So many failed checks one after the other stop the crawl (R2.4)."""


class RequestKind(StrEnum):
    """What is asked for. Hops, refreshes, retries and resumed URLs are what they were: pages for the most part."""

    PAGE = "page"
    ROBOTS = "robots"
    """Needs no robots answer; everything else does."""
    SITE_FILE = "site_file"


class Gate:
    """The checks, bound to one policy and to the blocklists in force, which ``use_lists`` may change at any time."""

    def __init__(
        self, policy: CrawlPolicy, matcher: Matcher, suffixes: Suffixes, lists_digest: Digest | None = None
    ) -> None:
        self.policy = policy
        self.lists = ListsInForce(matcher=matcher, digest=lists_digest)
        """What is asked now; one assignment puts others in force."""
        self._suffixes = suffixes
        self._test_hosts = TestHosts(policy.network.test_hosts)
        self._missing = missing_identity(policy.identity)
        self._quiet: dict[tuple[ListsInForce, Stage, int | None], Decision] = {}
        """Decisions about URLs of which nothing special is known."""
        self.consecutive_internal_errors = 0

    @property
    def is_broken(self) -> bool:
        """Whether the crawl has to stop because checks keep failing (R2.4)."""
        return self.consecutive_internal_errors >= INTERNAL_ERRORS_IN_A_ROW

    def use_lists(self, matcher: Matcher, digest: Digest) -> None:
        """Put another snapshot in force for every request that is not yet sent (R2.5)."""
        self.lists = ListsInForce(matcher=matcher, digest=digest)
        self._quiet = {}

    def screen_again(self, url: Url, decision: Decision, *, today: date) -> Decision | None:
        """Refuse an admitted URL that the blocklists have come to cover since; ``None`` where it may still be sent.

        To be asked directly before a request leaves: it may have waited for its turn.
        """
        if decision.lists is self.lists:
            return None
        screened = self.screen(url, today=today)
        return screened if isinstance(screened, Decision) else None

    def lane(self, url: Url) -> str:
        """Whose politeness budget the URL shares."""
        return hosts.lane(url.host, self._suffixes)

    def is_test_host(self, host: str) -> bool:
        """Whether the host is one of ``[network] test_hosts``; the crawl is then marked TEST."""
        return self._test_hosts.address_of(host) is not None

    def screen(self, raw: str | Url, *, today: date) -> Url | Decision:
        """Check what needs no network: the canonical URL, or the decision that refuses it."""

        def check() -> Url | Decision:
            try:
                url = parse(raw, limit=self.policy.limits.url_bytes) if isinstance(raw, str) else raw
            except UrlError as error:
                return _refused(error.reason, str(error))
            if self._form_problem(url) is None and self.listed(url) is None:
                return url
            facts = self._facts(url, today)
            access = judge_access(facts, self.policy, needs_robots=False)
            return refuse(facts, access) if access.findings else url

        return self._fail_closed(check, Stage.BEFORE_FETCH)

    def admit(
        self,
        url: Url,
        *,
        today: date,
        kind: RequestKind = RequestKind.PAGE,
        robots: RobotsAnswer | None = None,
        statements: Sequence[Statement] = (),
        soft: Sequence[SoftDirective] = (),
        unread: Sequence[Unread] = (),
        unread_tries: int = 0,
        budget: Refusal | None = None,
    ) -> Decision:
        """Decide before the fetch; only a decision with ALLOW may open a connection.

        ``statements``, ``soft`` and ``unread`` are those of the site files and of earlier hops. For site files
        only access counts: they are read to learn of rights, and nothing of them is kept as content.
        """

        def check() -> Decision:
            needs_robots = kind is not RequestKind.ROBOTS
            facts = self._facts(
                url,
                today,
                robots=robots if needs_robots else None,
                statements=tuple(statements),
                soft=tuple(soft),
                unread=tuple(unread),
                unread_tries=unread_tries,
                budget=budget,
            )
            if kind is RequestKind.PAGE:
                return self._decide(facts, facts.listed, facts.lists or self.lists)
            access = judge_access(facts, self.policy, needs_robots=needs_robots)
            return refuse(facts, access) if access.findings else _admitted(kind, facts)

        return self._fail_closed(check, Stage.BEFORE_FETCH)

    def judge(self, facts: Facts) -> Decision:
        """Decide after the response with all that is known; fails closed like every other check.

        The blocklists are asked again: what was listed while its answer was on the way is not kept either, and an
        entry that an override lifts is named by the last decision too.
        """

        def check() -> Decision:
            lists = self.lists
            return self._decide(facts, facts.listed or lists.matcher.about_url(facts.url), lists)

        return self._fail_closed(check, facts.stage)

    def _decide(self, facts: Facts, listed: Listed | None, lists: ListsInForce) -> Decision:
        """Decide, with what the blocklists say now; about URLs of which nothing special is known once for all."""
        if listed is not None or not is_quiet(facts, self.policy):
            return decide(replace(facts, listed=listed, lists=lists), self.policy)
        key = (lists, facts.stage, facts.status)
        found = self._quiet.get(key)
        if found is None:
            found = self._quiet[key] = decide(replace(facts, lists=lists), self.policy)
        return found

    def address_problem(self, host: str, address: str) -> str | None:
        """Say why the address must not be dialled for this host (R4.1, R4.2), or ``None``.

        A test host may be dialled at its mapped address only; no other host there. Raises nothing.
        """
        mapped = self._test_hosts.address_of(host)
        if mapped is not None:
            return None if address == mapped else f"{host} is a test host at {mapped}, not at {address}"
        problem = refused_address(address)
        return f"{address} is {problem}" if problem is not None else self.listed_address(host, address)

    def listed(self, url: Url) -> Listed | None:
        """Name the blocklist entry that covers a URL; for the row of a refusal, never for a decision."""
        return self.lists.matcher.about_url(url)

    def listed_address(self, host: str, address: str) -> str | None:  # noqa: ARG002 - host and address, as the resolver asks
        """Say which blocklist entry covers a resolved address, or ``None``."""
        try:
            listed = self.lists.matcher.about_address(address)
        except Exception as error:  # noqa: BLE001 - a failed check is a refusal (R2.4)
            return f"the blocklists could not be asked: {error!r}"
        return None if listed is None else f"{listed.list_id}, line {listed.line}: {listed.entry}"

    def _facts(
        self,
        url: Url,
        today: date,
        *,
        robots: RobotsAnswer | None = None,
        statements: tuple[Statement, ...] = (),
        soft: tuple[SoftDirective, ...] = (),
        unread: tuple[Unread, ...] = (),
        unread_tries: int = 0,
        budget: Refusal | None = None,
    ) -> Facts:
        """Run the checks of the URL itself; the blocklist is not asked about what is no public host."""
        refusal = self._form_problem(url)
        lists = self.lists
        return Facts(
            url=url,
            stage=Stage.BEFORE_FETCH,
            today=today,
            refusal=refusal or budget,
            listed=lists.matcher.about_url(url) if refusal is None else None,
            lists=lists,
            robots=robots,
            statements=statements,
            soft=soft,
            unread=unread,
            unread_tries=unread_tries,
        )

    def _form_problem(self, url: Url) -> Refusal | None:
        if self._test_hosts.address_of(url.host) is not None:
            return None
        if url.port not in self.policy.network.ports:
            return Refusal(code="port_refused", detail=f"port {url.port}")
        problem = hosts.refused_host(url.host)
        if problem is not None:
            return Refusal(code="host_refused", detail=problem)
        if self._missing:
            return Refusal(code="identity_missing", detail=f"[identity] {', '.join(self._missing)}")
        return None

    def _fail_closed(self, check: Callable[[], _Answer], stage: Stage) -> _Answer | Decision:
        try:
            answer = check()
        except Exception as error:  # noqa: BLE001 - a failed check is a refusal (R2.4)
            self.consecutive_internal_errors += 1
            return _refused("internal_error", f"{type(error).__name__}: {error}", stage)
        self.consecutive_internal_errors = 0
        return answer


def _refused(code: str, detail: str, stage: Stage = Stage.BEFORE_FETCH) -> Decision:
    return Decision(
        verdict=Verdict.DENY,
        verdict_search_index=Verdict.DENY,
        access=Access.DENY,
        state=State.NO_ACCESS,
        stage=stage,
        reason=code,
        reasons=(code,),
        detail=detail,
    )


def _admitted(kind: RequestKind, facts: Facts) -> Decision:
    code = "robots_file" if kind is RequestKind.ROBOTS else "site_file"
    return Decision(
        verdict=Verdict.ALLOW,
        verdict_search_index=Verdict.ALLOW,
        access=Access.ALLOW,
        state=State.UNKNOWN,
        stage=Stage.BEFORE_FETCH,
        reason=code,
        reasons=(code,),
        listed=facts.listed,
        lists=facts.lists,
    )
