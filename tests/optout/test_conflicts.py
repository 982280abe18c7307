"""Statements that disagree: found for each use, whatever their order, with the strictest of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from crawler.optout.conflicts import conflicts
from crawler.optout.statement import Preference, Use
from tests.policy.samples import statement

if TYPE_CHECKING:
    from crawler.optout.statement import Statement

_STATEMENTS = st.lists(
    st.builds(
        statement, protocol=st.sampled_from("abc"), use=st.sampled_from(Use), preference=st.sampled_from(Preference)
    ),
    max_size=6,
)


def test_two_uses() -> None:
    """What is said about search contradicts nothing that is said about training."""
    grant = statement(protocol="a", use=Use.TRAIN_GENAI, preference=Preference.ALLOWED)
    paid = statement(protocol="b", use=Use.TRAIN_GENAI, preference=Preference.CONDITIONAL)
    search = statement(protocol="a", use=Use.SEARCH, preference=Preference.RESERVED)
    (found,) = conflicts([grant, search, paid])
    assert (found.use, found.applied) == (Use.TRAIN_GENAI, Preference.CONDITIONAL)
    assert (found.strictest, found.others) == ((paid,), (grant,))
    assert conflicts([grant, search]) == ()


@given(_STATEMENTS)
def test_any_two_that_disagree(statements: list[Statement]) -> None:
    """A use has a conflict exactly where two of its statements differ; nothing is lost, and order changes nothing."""
    found = {one.use: one for one in conflicts(statements)}
    for use in Use:
        spoken = [one for one in statements if one.use is use]
        said = {one.preference for one in spoken}
        assert (use in found) == (len(said) > 1)
        if use in found:
            one = found[use]
            assert {id(each) for each in (*one.strictest, *one.others)} == set(map(id, spoken))
            assert {each.preference for each in one.strictest} == {one.applied}
            assert one.applied is min(said, key=list(Preference).index)
    again = {one.use: one.applied for one in conflicts(reversed(statements))}
    assert again == {use: one.applied for use, one in found.items()}
