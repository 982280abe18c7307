"""Both uses are asked, the crawl's own first; what is unread for either is unread."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

from crawler.optout.collect import NOTHING, CarrierReadings
from crawler.optout.interface import OptOutReader
from crawler.optout.statement import Preference, Question, Silence, Use
from crawler.policy.questions import collect_all
from crawler.values.url import parse
from tests.policy.samples import PAGE, policy, statement, unread

if TYPE_CHECKING:
    from crawler.optout.statement import Statement

URL = parse(PAGE)
TRAINING = policy()


class Reader(OptOutReader):
    """A protocol whose readings the test makes itself."""

    id = "tdmrep"


@dataclass(frozen=True, kw_only=True)
class Reading(Silence):
    """Says one thing about one use, breaks on another, and remembers what it was asked."""

    said: tuple[Statement, ...] = ()
    breaks: Use | None = None
    asked: list[Question] = field(default_factory=list)

    def about(self, question: Question) -> tuple[Statement, ...]:
        """Answer for the use that was asked about."""
        self.asked.append(question)
        if question.use is self.breaks:
            raise ValueError("broken")
        return tuple(one for one in self.said if one.use is question.use)


def carriers(*said: Statement, breaks: Use | None = None) -> tuple[CarrierReadings, Reading]:
    """One reader that found something."""
    reading = Reading(said=said, breaks=breaks)
    return CarrierReadings(reads=((Reader(), reading),)), reading


def test_the_question_says_who_asks_what() -> None:
    """Product token, class of user, country and media type come from the policy and the response."""
    found, reading = carriers()
    identity = replace(TRAINING.identity, user_class="research", country="FR")
    collect_all(URL, found, replace(TRAINING, identity=identity), media_type="text/html")
    assert reading.asked == [
        Question(
            url=URL.text,
            use=use,
            token="ExampleBot",  # noqa: S106 - a product token
            media_type="text/html",
            user_class="research",
            country="FR",
        )
        for use in (Use.TRAIN_GENAI, Use.SEARCH)
    ]


def test_both_uses_are_answered_the_crawls_own_first() -> None:
    """Statements on search come second; nothing is lost or doubled."""
    training, search = statement(), statement(Preference.ALLOWED, Use.SEARCH)
    found, _ = carriers(search, training)
    assert collect_all(URL, found, TRAINING).statements == (training, search)


def test_a_crawl_for_search_asks_once() -> None:
    """The purpose is search: there is no second question."""
    search = statement(Preference.RESERVED, Use.SEARCH)
    found, reading = carriers(search, statement())
    assert collect_all(URL, found, replace(TRAINING, purpose=Use.SEARCH)).statements == (search,)
    assert len(reading.asked) == 1


def test_silence_on_search_leaves_the_first_answer() -> None:
    """Nothing said, nothing added."""
    found, _ = carriers(statement())
    collected = collect_all(URL, found, TRAINING)
    assert (collected.statements, collected.unread) == ((statement(),), ())
    assert collect_all(URL, NOTHING, TRAINING).statements == ()


@pytest.mark.parametrize("breaks", [Use.TRAIN_GENAI, Use.SEARCH])
def test_a_reader_that_breaks_on_either_use_blocks(breaks: Use) -> None:
    """What could not be asked is unread once, whichever question it was."""
    found, _ = carriers(breaks=breaks)
    before = CarrierReadings(unread=(unread(why="timeout"),))
    collected = collect_all(URL, found + before, TRAINING)
    first, _ = collected.unread
    assert first.why == "timeout"
    assert all(one.blocks for one in collected.unread)


def test_inherited_statements_bind_the_use_that_they_are_about() -> None:
    """Reservations of earlier hops are given back for both uses, each once."""
    training, search = statement(), statement(Preference.RESERVED, Use.SEARCH)
    collected = collect_all(URL, NOTHING, TRAINING, inherited=iter((search, training)))
    assert collected.statements == (training, search)


def test_carriers_that_say_nothing_are_still_on_record() -> None:
    """Where no carrier was found, what was looked at and what stayed unread is told for both uses."""
    looked = CarrierReadings(unread=(unread(), unread()))
    found = collect_all(URL, looked + NOTHING, TRAINING)
    assert (found.statements, found.soft, found.references, found.problems) == ((), (), (), ())
    assert found.unread == looked.unread
    assert NOTHING + looked is looked
