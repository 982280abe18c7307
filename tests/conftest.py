"""What all tests share: Hypothesis without a clock, so that a busy machine changes no result."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("no_clock", deadline=None)
settings.load_profile("no_clock")
