"""One row decided again: screened, asked of its site, and judged with the response, as the crawl did and in its order.

Where the crawl met an event that leaves no bytes (a name that did not resolve, a pause, a count), the row's word is
taken for the event and for nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from crawler.audit.replay.alike import Alike, names_places, told
from crawler.audit.replay.columns import NO_BARRIER, lay_out, statement_of
from crawler.audit.replay.evidence import Failure, Response
from crawler.audit.replay.state import UnreplayableError
from crawler.errors import ClearcrawlError
from crawler.optout.collect import reserve_for_media
from crawler.optout.inherit import inherit
from crawler.optout.robots.waits import NO_WAITS
from crawler.policy.decision import Decision, Verdict
from crawler.policy.facts import Refusal
from crawler.policy.media import WITH_CONTENT, unwanted_type
from crawler.policy.questions import collect_all, question_of
from crawler.policy.reasons import REASONS, Check
from crawler.policy.response import facts_after
from crawler.policy.sections import MEDIA_KINDS
from crawler.policy.traps import find_trap
from crawler.policy.waiting import find_long_wait
from crawler.values.media_type import essence_of
from crawler.values.url import split

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from crawler.audit.replay.evidence import Records
    from crawler.audit.replay.rules import Rules
    from crawler.audit.replay.sites import Sites
    from crawler.audit.replay.state import Replayed
    from crawler.optout.collect import CarrierReadings, Collected
    from crawler.optout.robots.access import RobotsAnswer
    from crawler.optout.statement import Statement
    from crawler.policy.facts import Facts
    from crawler.policy.gate import Gate
    from crawler.policy.site import SiteKnowledge
    from crawler.storage.warc_reading import StoredRecord
    from crawler.values.url import Url

    Row = Mapping[str, Any]

EVENTS = frozenset(
    {code for code, reason in REASONS.items() if reason.check in {Check.CONNECTION, Check.STATUS, Check.BUDGET}}
    | {"address_refused", "robots_delay_too_long", "internal_error", "storage_error"}
)
"""Codes that an event may give a row which no record backs."""
OUR_FAILURE = "internal_error"
"""It may follow a whole answer, and no record shows it: the row's word is taken, and the page is not kept."""
TOLD_OF_CONTENT = frozenset({"media_type_not_wanted", "sitemap_refused"})
"""Codes that may rest on what the crawl asked for: a picture, a sitemap. No column tells of that but the reason."""
COUNTED = frozenset({"trap_limit", "sitemap_limit"})
"""Codes that may rest on a count, and stand behind another reason."""
_ROW_SAYS = "as the row tells"
_HIDDEN = "REDACTED:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What rows said that binds other rows, by crawl and URL."""

    handed_on: dict[tuple[str, str], tuple[Statement, ...]] = field(default_factory=dict)
    """Reservations of redirects, for what they led to."""
    bound: dict[tuple[str, str], tuple[Statement, ...]] = field(default_factory=dict)
    """Reservations of kept pages, for their media (PC-29)."""

    def update(self, other: Learned) -> None:
        """Take in what another process learned."""
        self.handed_on.update(other.handed_on)
        self.bound.update(other.bound)


class Replayer:
    """Decides rows of one crawl folder again. Rows that redirect have to come before those they led to."""

    def __init__(self, sites: Sites, records: Records, rules: Rules) -> None:
        self._sites = sites
        self._records = records
        self._rules = rules
        self.learned = Learned()
        self._alike = Alike()

    def replay(self, row: Row) -> Replayed:
        """Raise ``UnreplayableError`` where evidence is missing or does not fit."""
        record = None if row["warc_filename"] is None else self._records.of(row)
        if row["verdict"] == "allow" and record is None:
            raise UnreplayableError("record_lost", "kept, and without a record")
        url = _url(row, record)
        try:
            gate = self._rules.gate_for(row)
        except (ClearcrawlError, ValueError, KeyError) as error:
            raise UnreplayableError("rules_lost", str(error)) from error
        case = _Case(url=url, row=row, gate=gate, day=self._rules.day_of(row), inherited=self._inherited(row))
        found = self._replay(case, record)
        if row["fetch_redirect"] is not None and found.decision.verdict is Verdict.ALLOW:
            reserved = inherit((*found.decision.statements, *case.inherited))
            if reserved:
                self.learned.handed_on[row["crawl_id"], row["url"]] = reserved
        return found if url.text == row["url"] else replace(found, url=url.text)

    def _inherited(self, row: Row) -> tuple[Statement, ...]:
        chain = row["redirect_chain"]
        handed_on = self.learned.handed_on.get((row["crawl_id"], chain[-1]), ()) if chain else ()
        return handed_on + self._of_pages(row) if self.learned.bound and row["statements"] else handed_on

    def _of_pages(self, row: Row) -> tuple[Statement, ...]:
        """Reservations of the pages that embed a file: those that the row names and that the pages do make."""
        named = set(row["statements"])
        pages = dict.fromkeys(one.source_url for one in row["statements"])
        bound = (one for page in pages for one in self.learned.bound.get((row["crawl_id"], page), ()))
        return tuple(dict.fromkeys(one for one in bound if statement_of(one) in named))

    def _bind_media(self, case: _Case, carriers: CarrierReadings) -> None:
        """Remember what a kept page reserves for its media."""
        if not any(reader.binds_media_of_page for reader, _ in carriers.reads):
            return
        question = question_of(case.url, case.gate.policy)
        reserved = (one for kind in MEDIA_KINDS for one in reserve_for_media(carriers, question, kind))
        found = tuple(dict.fromkeys(reserved))
        if found:
            self.learned.bound[case.row["crawl_id"], case.url.text] = found

    def _replay(self, case: _Case, record: StoredRecord | None) -> Replayed:
        gate, row = case.gate, case.row
        screened = gate.screen(case.url, today=case.day)
        if isinstance(screened, Decision):
            return lay_out(screened, listed=gate.listed(case.url))
        if row["robots_status"] is None:
            if row["reason"] not in EVENTS:
                raise UnreplayableError("no_site_files", "the row names no outcome of robots.txt, and no event")
            return _with_event(case)
        site = case.site = self._site(case)
        case.robots = site.robots.answer(case.url)
        response = None if record is None else self._records.read(case.url, row, record, gate.policy)
        if isinstance(response, Response):
            return _with_event(case) if row["reason"] == OUR_FAILURE else self._after(case, site, response)
        if not (isinstance(response, Failure) and case.is_own):
            before = self._admitted(case, site)
            if before.decision.verdict is not Verdict.ALLOW:
                return before
        if isinstance(response, Failure):
            return _refused(case, response.code, response.detail)
        return _with_event(case)

    def _site(self, case: _Case) -> SiteKnowledge:
        row, origin = case.row, case.url.origin
        site = self._sites.of(origin, row["fetch_time"] or row["decided_at"], case.gate)
        at = row["robots_retrieved_at"]
        if at is None or site.robots.outcome.retrieved_at == at:
            return site
        return self._sites.of(origin, at, case.gate, robots_at=at)

    def _admitted(self, case: _Case, site: SiteKnowledge) -> Replayed:
        """What the gate says before a request."""
        gate, robots, inherited, carriers = case.gate, case.robots, case.inherited, site.carriers
        budget = _budget(case)
        is_quiet = not (carriers.reads or inherited)
        said = None if is_quiet else collect_all(case.url, carriers, gate.policy, inherited=inherited)

        key = None
        if not names_places(gate):
            key = (id(gate), id(site), id(robots), case.day, budget, told(said))
            known = self._alike.get(key)
            if known is not None:
                return known
        event = budget.code if budget is not None and budget.detail == _ROW_SAYS else None
        found = lay_out(_before(case, site, said, budget), robots=robots, event=event)
        return found if key is None else self._alike.keep(key, found, gate, site, robots)

    def _after(self, case: _Case, site: SiteKnowledge, response: Response) -> Replayed:
        head, seen, gate = response.head, response.seen, case.gate
        if not case.is_own:
            before = self._admitted(case, site)
            if before.decision.verdict is not Verdict.ALLOW:
                return before
        if seen.carriers.references:
            moment = case.row["decided_at"]
            documents = self._sites.documents(seen.carriers.references, moment, gate)
            seen = replace(seen, carriers=seen.carriers + documents)
        media_type = essence_of(seen.content_type)
        refusal, event = _of_content(case, response, media_type)
        refusal = seen.refusal or refusal
        is_silent = not (seen.carriers.reads or seen.carriers.unread)
        carriers = site.carriers if is_silent else site.carriers + seen.carriers
        said = None
        if carriers.reads or case.inherited:
            said = collect_all(case.url, carriers, gate.policy, inherited=case.inherited, media_type=media_type)
        key = None
        if is_silent and not (seen.barrier or site.carriers.unread or names_places(gate)):
            robots = case.robots
            key = (id(gate), id(site), id(robots), case.day, head.status, refusal, seen.retry_after, event, told(said))
            known = self._alike.get(key)
            if known is not None:
                return known
        facts = facts_after(
            head,
            seen if refusal is seen.refusal else replace(seen, refusal=refusal),
            said or collect_all(case.url, carriers, gate.policy),
            today=case.day,
            robots=case.robots,
            unread_tries=site.unread_tries,
        )
        decision = self._judge(case, site, facts)
        if decision.verdict is Verdict.ALLOW:
            self._bind_media(case, seen.carriers)
        taken = event if event in decision.reasons else None
        found = lay_out(decision, robots=case.robots, barrier=seen.barrier, event=taken)
        return found if key is None else self._alike.keep(key, found, gate, site, case.robots)

    @staticmethod
    def _judge(case: _Case, site: SiteKnowledge, facts: Facts) -> Decision:
        gate = case.gate
        decision = gate.judge(facts)
        if decision.reason == "site_file_unread" and decision.verdict != case.row["verdict"]:
            # How often the URL itself was tried is the row's word: its last try is the one that is final.
            tries = max(site.unread_tries, gate.policy.unread.retries)
            decision = gate.judge(replace(facts, unread_tries=tries))
        return decision


@dataclass(slots=True, kw_only=True)
class _Case:
    """One row on its way through the checks."""

    url: Url
    row: Row
    gate: Gate
    day: date
    inherited: tuple[Statement, ...]
    site: SiteKnowledge | None = None
    robots: RobotsAnswer | None = None

    @property
    def is_own(self) -> bool:
        """Whether the row is judged by the policy that it names: then a request that left had been admitted."""
        return self.gate.policy.digest == str(self.row["policy_digest"])


def _budget(case: _Case) -> Refusal | None:
    """What of the budget the evidence shows: depth and form of the URL, and the waits that robots.txt names."""
    policy, robots = case.gate.policy, case.robots
    assert robots is not None  # noqa: S101 - the site was asked before
    budget = find_trap(case.url, policy.traps, depth=case.row["depth"], pages_of_domain=0)
    if budget is None and robots.waits != NO_WAITS:
        budget = find_long_wait(robots.waits, policy.politeness, case.row["decided_at"].time())
    if budget is None and len(case.row["reasons"]) > 1 and case.row["stage"] == "before_fetch":
        told = next((code for code in case.row["reasons"][1:] if code in COUNTED), None)
        if told is not None:
            defers = REASONS[told].verdicts[0] is Verdict.DEFER
            return Refusal(code=told, detail=_ROW_SAYS, defers=defers)
    return budget


def _of_content(case: _Case, response: Response, media_type: str | None) -> tuple[Refusal | None, str | None]:
    """What refuses the type of a body, and the code where the row's word is taken for it."""
    media, row = case.gate.policy.media, case.row
    if response.head.status not in WITH_CONTENT or response.seen.redirect is not None:
        return None, None
    found = unwanted_type(media_type, media) or unwanted_type(row["content_mime_detected"], media)
    told = next((code for code in row["reasons"] if code in TOLD_OF_CONTENT), None)
    if found is not None or told is None:
        return found, None
    return Refusal(code=told, detail=""), told


def _before(case: _Case, site: SiteKnowledge, said: Collected | None, budget: Refusal | None) -> Decision:
    """What the gate says before a request; ``said`` is ``None`` where nobody states anything."""
    collected = said or collect_all(case.url, site.carriers, case.gate.policy, inherited=case.inherited)
    return case.gate.admit(
        case.url,
        today=case.day,
        robots=case.robots,
        statements=collected.statements,
        soft=collected.soft,
        unread=collected.unread,
        unread_tries=site.unread_tries,
        budget=budget,
    )


def _with_event(case: _Case) -> Replayed:
    """With the event that the row tells of; where it tells of none, what was made of the evidence stands."""
    row = case.row
    was_answered = row["fetch_status"] is not None and row["reason"] != OUR_FAILURE
    if row["stage"] != "before_fetch" or row["reason"] not in EVENTS or was_answered:
        return lay_out(case.gate.admit(case.url, today=case.day, robots=case.robots), robots=case.robots)
    found = _refused(case, row["reason"], "")
    barrier = {name: row[name] for name in NO_BARRIER}
    return replace(found, columns={**found.columns, **barrier}, event=row["reason"])


def _refused(case: _Case, code: str, detail: str) -> Replayed:
    """The decision of a visit that ended on the way."""
    reason = REASONS.get(code)
    if reason is None:
        raise UnreplayableError("record_lost", f"the record tells of {code!r}, which is no reason")
    budget = Refusal(code=code, detail=detail, defers=reason.verdicts[0] is Verdict.DEFER)
    decision = case.gate.admit(case.url, today=case.day, robots=case.robots, budget=budget)
    return lay_out(decision, robots=case.robots)


def _url(row: Row, record: StoredRecord | None) -> Url:
    """The exact URL: the record's, else the row's where nothing is hidden in it."""
    if record is not None:
        url = split(record.target_uri)  # type: ignore[arg-type] # our own record; a foreign one is no URL
        if _HIDDEN not in row["url"] and url.text != row["url"]:
            raise UnreplayableError("record_lost", f"the record is about {url.text}")
        return url
    if _HIDDEN in row["url"]:
        raise UnreplayableError("url_hidden", "a value of the URL is hidden, and no record holds the exact one")
    return split(row["url"])
