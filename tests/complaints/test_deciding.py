"""Clock, duplicates, links and receipts: what a person may decide, and by when."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.blocklists.interface import Entry, EntryKind
from crawler.blocklists.matcher import Matcher
from crawler.complaints.case import cases_of, number_of
from crawler.complaints.clock import Targets, acknowledge_by, decide_by, reminders
from crawler.complaints.complaint import read
from crawler.complaints.deciding import Wanted, decide, enter_receipt, removals_of
from crawler.complaints.handling import acknowledge, enter, supplement
from crawler.complaints.letters import acknowledgement
from crawler.complaints.likeness import MOST_SHOWN, Earlier, is_identical
from crawler.complaints.statistics import statistics_of
from crawler.errors import UsageError
from crawler.policy.profile_reading import provider
from crawler.provenance.removals import read_removals
from crawler.values.digest import Digest
from crawler.values.strict_toml import Source
from tests.complaints.registers import NOW, received

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from crawler.complaints.case import Case
    from crawler.complaints.complaint import Complaint
    from crawler.complaints.register import Register
    from tests.complaints.registers import Desk

TARGETS = Targets(acknowledge_days=5, decide_days=30)
OPEN = Targets(acknowledge_days=None, decide_days=None)
TODAY = NOW.date()
REASON = "The reservation stood there and was missed."


def _decide(
    desk: Desk, number: int, *, outcome: str = "rejected", duplicate_of: int | None = None, **more: Any
) -> None:
    matcher = more.pop("matcher", None)
    with desk.open() as register:
        cases = cases_of(register.entries)
        earlier = None if duplicate_of is None else cases[duplicate_of]
        wanted = Wanted(outcome=outcome, by="legal", duplicate_of=earlier, **{"reason": REASON, **more})
        decide(register, cases[number], wanted, matcher=matcher, known_agreements=(), sealer=desk.sealer, now=NOW)


def _due(desk: Desk, targets: Targets = TARGETS, today: date = TODAY) -> list[tuple[int, str, bool, bool]]:
    return [
        (one.case, one.what, one.is_overdue, one.is_soon) for one in reminders(desk.cases().values(), targets, today)
    ]


# -- clock


def test_clock(desk: Desk) -> None:
    """Acknowledgement from receipt, decision from when it was complete; the last day still is in time."""
    desk.add(received())
    (case,) = desk.cases().values()
    assert acknowledge_by(case, TARGETS) == TODAY + timedelta(days=5)
    assert decide_by(case, TARGETS) == TODAY + timedelta(days=30)
    assert _due(desk) == [(1, "acknowledge", False, False), (1, "decide", False, False)]
    assert _due(desk, today=TODAY + timedelta(days=2))[0] == (1, "acknowledge", False, True)
    assert _due(desk, today=TODAY + timedelta(days=5))[0] == (1, "acknowledge", False, True)
    assert _due(desk, today=TODAY + timedelta(days=6))[0] == (1, "acknowledge", True, False)


def test_clock_waits_for_what_is_missing(desk: Desk) -> None:
    """While something is missing only the acknowledgement is due; the addition starts the clock of the decision."""
    desk.add(received(reservation=None), days_ago=40)
    assert _due(desk) == [(1, "acknowledge", True, False)]
    with desk.open() as register:
        case = cases_of(register.entries)[1]
        acknowledge(register, case, at=NOW - timedelta(days=38), by="d", text="x", sealer=desk.sealer, now=NOW)
    assert _due(desk) == [(1, "ask", False, False)]
    with desk.open() as register:
        case = cases_of(register.entries)[1]
        at = NOW - timedelta(days=10)
        addition = received(**dict.fromkeys(("urls", "works", "name")))
        supplement(register, case, addition, received_at=at, sealer=desk.sealer, now=NOW)
    (case,) = desk.cases().values()
    assert case.is_complete
    assert decide_by(case, TARGETS) == TODAY + timedelta(days=20)
    assert case.complaint is not None
    assert case.complaint.text("name") == "Jane Doe"


def test_targets_that_nobody_set(desk: Desk) -> None:
    """Are neither met nor missed."""
    desk.add(received(), days_ago=400)
    assert _due(desk, OPEN) == [(1, "acknowledge", False, False), (1, "decide", False, False)]
    found = statistics_of(desk.path, OPEN, today=TODAY)
    assert (found.overdue, found.acknowledged.late, found.decided.late) == (0, 0, 0)
    assert found.decided.target_days is None


def test_the_most_urgent_comes_first(desk: Desk) -> None:
    """Overdue before due, earlier days before later ones."""
    desk.add(received(), days_ago=4)
    desk.add(received(name="John Roe"), days_ago=60)
    assert [number for number, *_ in _due(desk)] == [2, 2, 1, 1]


def test_future_and_order_of_days(desk: Desk) -> None:
    """Nothing is received in the future, or acknowledged before it came in, or twice."""
    with pytest.raises(UsageError, match="future"):
        desk.add(received(), days_ago=-2)
    desk.add(received())
    with desk.open() as register:
        case = cases_of(register.entries)[1]
        with pytest.raises(UsageError, match="after that day"):
            acknowledge(register, case, at=NOW - timedelta(days=1), by="d", text="x", sealer=desk.sealer, now=NOW)
        acknowledge(register, case, at=NOW, by="d", text="x", sealer=desk.sealer, now=NOW)
        case = cases_of(register.entries)[1]
        with pytest.raises(UsageError, match="was acknowledged on"):
            acknowledge(register, case, at=NOW, by="d", text="x", sealer=desk.sealer, now=NOW)


def test_letter(desk: Desk) -> None:
    """Names what is missing, the day, and that other remedies stay; a stranger's text cannot steer a terminal."""
    desk.add(received(reservation=None, urls=["\x1b[2Jnot a url"]))
    (case,) = desk.cases().values()
    known = provider(Source("provider.toml", b'name = "AI"\n[rightsholders]\ncontact = "mailto:r@ai.example"\n').root())
    text = acknowledgement(case, known, TARGETS)
    assert "reservation: the reservation of rights" in text
    assert "within 30 days after" in text
    assert "r@ai.example" in text
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= 80


# -- decisions


@pytest.mark.parametrize("reason", ["", "   ", "no", "unfounded!!!", "\n\n"])
@pytest.mark.parametrize("outcome", ["unfounded", "rejected"])
def test_no_decision_without_a_reason(desk: Desk, outcome: str, reason: str) -> None:
    """The exceptions and everything else want a sentence."""
    desk.add(received())
    with pytest.raises(UsageError, match="say why"):
        _decide(desk, 1, outcome=outcome, reason=reason)
    assert desk.cases()[1].decision is None


def test_duplicate(desk: Desk) -> None:
    """An answered complaint of the same rightsholder that names nothing new; spelling does not count."""
    desk.add(received())
    desk.add(received(organisation=" example PRESS", works=["my  novel"]))
    with pytest.raises(UsageError, match="not answered yet"):
        _decide(desk, 2, outcome="duplicate", duplicate_of=1)
    _decide(desk, 1)
    _decide(desk, 2, outcome="duplicate", duplicate_of=1)
    assert desk.cases()[2].outcome == "duplicate"
    desk.add(received())
    with pytest.raises(UsageError, match="itself a duplicate"):
        _decide(desk, 3, outcome="duplicate", duplicate_of=2)


@pytest.mark.parametrize(
    "change",
    [
        {"organisation": "Another Press"},
        {"works": ["My Novel", "My next Novel"]},
        {"urls": ["https://press.example/novel", "https://press.example/other"]},
        {"domains": ["press.example"]},
        {"on_behalf_of": "Somebody"},
    ],
)
def test_no_duplicate(desk: Desk, change: dict[str, Any]) -> None:
    """Another rightsholder, or anything new, is decided on its own."""
    desk.add(received(), received(**change))
    _decide(desk, 1)
    with pytest.raises(UsageError, match="not identical"):
        _decide(desk, 2, outcome="duplicate", duplicate_of=1)


def test_duplicate_of_nothing(desk: Desk) -> None:
    """Two complaints that name no work and no place are not identical; an earlier case cannot repeat a later one."""
    empty = {"works": None, "urls": None}
    desk.add(received(**empty), received(**empty))
    _decide(desk, 1)
    with pytest.raises(UsageError, match="not identical"):
        _decide(desk, 2, outcome="duplicate", duplicate_of=1)
    _decide(desk, 2)
    with pytest.raises(UsageError, match="earlier case"):
        _decide(desk, 1, outcome="duplicate", duplicate_of=2, again=True)
    with pytest.raises(UsageError, match="belong together"):
        _decide(desk, 2, outcome="duplicate", again=True)


def test_upheld_wants_an_act(desk: Desk) -> None:
    """And what is not upheld removes nothing."""
    desk.add(received())
    with pytest.raises(UsageError, match="say what is done"):
        _decide(desk, 1, outcome="upheld")
    with pytest.raises(UsageError, match="removes and blocks nothing"):
        _decide(desk, 1, removals=_list(desk))
    with pytest.raises(UsageError, match="no blocklist in force"):
        _decide(desk, 1, outcome="upheld", blocked=("press.example",), matcher=_matcher("other.example"))
    with pytest.raises(UsageError, match=r"agreements\.toml"):
        _decide(desk, 1, outcome="upheld", agreements=("ref-1",))
    _decide(desk, 1, outcome="upheld", blocked=("www.press.example",), matcher=_matcher("press.example"))
    decision = desk.cases()[1].decision
    assert decision is not None
    assert decision["blocked"][0]["entry"] == "press.example"
    with pytest.raises(UsageError, match="was decided as upheld"):
        _decide(desk, 1)
    _decide(desk, 1, again=True)
    assert desk.cases()[1].outcome == "rejected"


def _matcher(domain: str) -> Matcher:
    matcher = Matcher()
    matcher.open_list("local", Digest("sha256:0"))
    matcher.add(Entry(EntryKind.DOMAIN, domain, 1))
    return matcher


def _list(desk: Desk) -> bytes:
    return removals_of(desk.cases()[1], by="legal", now=NOW)


def test_removals_and_receipt(desk: Desk) -> None:
    """The list names what the complaint names; only a receipt that answers all of it closes the case."""
    desk.add(received(domains=["press.example"]))
    removals = _list(desk)
    listed = read_removals("x", removals)
    assert [(one.kind, one.value) for one in listed] == [
        ("url", "https://press.example/novel"), ("domain", "press.example")
    ]  # fmt: skip
    assert "Jane" not in removals.decode()
    _decide(desk, 1, outcome="upheld", removals=removals)
    assert desk.cases()[1].state == "decided"
    assert ("remove" in {what for _, what, *_ in _due(desk)}) is True
    purged = [{"kind": one.kind, "value": one.value} for one in listed]
    good = {"format": "clearcrawl-purge-receipt/1", "is_dry_run": False, "rows": 3, "crawls": [{}], "removals": purged}
    for change, words in (
        ({"format": "x"}, "its format"),
        ({"is_dry_run": True}, "dry run"),
        ({"removals": purged[:1]}, "does not name domain press.example"),
        ({"rows": None}, "none of clearcrawl purge"),
    ):
        with desk.open() as register, pytest.raises(UsageError, match=words):
            _answer(desk, register, json.dumps({**good, **change}).encode())
    with desk.open() as register:
        assert _answer(desk, register, json.dumps(good).encode()) == 3
    assert desk.cases()[1].is_closed
    assert statistics_of(desk.path, TARGETS, today=TODAY).rows_removed == 3


def _answer(desk: Desk, register: Register, octets: bytes) -> int:
    case: Case = cases_of(register.entries)[1]
    return enter_receipt(register, case, octets, by="d", sealer=desk.sealer, now=NOW)


def _alike(complaint: Complaint, earlier: Mapping[int, Complaint]) -> list[tuple[int, str]]:
    known = Earlier([complaint])
    for number, one in earlier.items():
        known.add(number, one)
    return [(one.case, one.how) for one in known.alike(complaint)]


def test_alike(desk: Desk) -> None:
    """What resembles an earlier case is told, and decides nothing."""
    desk.add(
        received(), received(works=["Another"]), received(organisation="Other House", urls=["https://press.example/x"])
    )
    earlier = desk.cases()
    found = _alike(received().complaint, {number: case.complaint for number, case in earlier.items() if case.complaint})
    assert found == [(1, "identical"), (2, "same_rightsholder"), (3, "same_site")]
    assert all(case.decision is None for case in earlier.values())


def test_alike_within_one_file(desk: Desk) -> None:
    """Complaints that come together are compared with each other as well."""
    with desk.open() as register:
        both = [received(), received()]
        first, second = enter(register, both, received_at=NOW, sealer=desk.sealer, now=NOW)
    assert (first.alike, [(one.case, one.how) for one in second.alike]) == ((), [(1, "identical")])


SOME = st.builds(
    lambda organisation, works, paths: read(
        {"organisation": organisation, "works": works, "urls": [f"https://{path}.example/{path}" for path in paths]}
    ),
    st.sampled_from(["", "House", "Other House"]),
    st.lists(st.sampled_from("ab"), max_size=2),
    st.lists(st.sampled_from("xyz"), max_size=3),
)


@given(SOME, st.lists(SOME, max_size=25))
def test_alike_is_what_comparing_each_would_find(complaint: Complaint, earlier: list[Complaint]) -> None:
    """However it is looked up: the same as a comparison with every case, cut to the first ten."""

    def how(one: Complaint) -> int:
        if is_identical(complaint, one):
            return 0
        if complaint.rightsholder and complaint.rightsholder == one.rightsholder:
            return 1
        return 2 if complaint.hosts() & one.hosts() else 3

    names = ("identical", "same_rightsholder", "same_site")
    wanted = sorted((how(one), number) for number, one in enumerate(earlier, start=1) if how(one) < len(names))
    found = _alike(complaint, dict(enumerate(earlier, start=1)))
    assert found == [(number, names[kind]) for kind, number in wanted[:MOST_SHOWN]]


@pytest.mark.parametrize("text", ["", "0", "C-0", "C-", "1.5", "-1", "\uff11x", "9" * 30, "\x1b"])
def test_case_numbers(text: str) -> None:
    """Anything else than a number is refused."""
    with pytest.raises(UsageError):
        number_of(text)
