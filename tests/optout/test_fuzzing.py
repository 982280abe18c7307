"""A sample of the inputs of ``make fuzz``: no reader raises or breaks its promises, whatever it is handed."""

from __future__ import annotations

from random import Random

import pytest

from tests.fuzzing import TARGETS

INPUTS = 250
"""For each carrier."""


@pytest.mark.parametrize("reader", TARGETS)
def test_sample(reader: str) -> None:
    """Words of the grammar, damaged documents and plain octets give a reading that answers; some say something."""
    random = Random(f"sample:{reader}")  # noqa: S311 - the same inputs each time
    said = sum(target.run(target.make(random)) for target in TARGETS[reader] for _ in range(INPUTS))
    assert said


def test_same_seed_same_inputs() -> None:
    """A failure can be had again from its seed."""
    target = TARGETS["tdmrep"][0]
    assert [target.make(Random(3)) for _ in range(2)] == [target.make(Random(3))] * 2  # noqa: S311 - as above
