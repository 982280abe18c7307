"""What protego says about the same rules (R3.13): it may refuse what our matcher allows, never the other way round.

It is given the selected rules alone, under one ``User-agent: *``, in plain ASCII. A rule with ten or more wildcards is
left out, and so is what lies behind the caps; where the winning rule was left out, protego is not asked.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from protego import Protego

if TYPE_CHECKING:
    from collections.abc import Iterable

WILDCARDS_LIMIT: Final = 10
"""A rule with so many wildcards is left out."""

RULES_LIMIT: Final = 6_000
"""Rules given at most: protego holds 750 octets for each. The second largest of 17,912 real files has 5,809."""

SPECIAL_LIMIT: Final = 2_500
"""Rules with ``*`` or ``$`` among them, which protego tries one by one. The largest real set has 1,867."""

RULE_LIMIT: Final = 4096
"""A rule with so many octets is left out."""

OCTETS_LIMIT: Final = 512 * 1024
"""Octets of all rules given."""

STEP_LIMIT: Final = 10_000_000
"""Rules times octets of the target beyond which protego is not asked."""

_UNPRINTABLE: Final = re.compile(r"[^\x21-\x7e]")


class SecondOpinion:
    """Protego on one set of rules."""

    __slots__ = ("_given", "_last", "_left_out", "_protego")

    def __init__(self, rules: Iterable[tuple[int, bool, bytes]]) -> None:
        """Take rules in ascending order of their numbers, as ``RuleIndex`` does."""
        lines = ["User-agent: *\n"]
        self._left_out: set[int] = set()
        self._last = -1
        room, special = OCTETS_LIMIT, 0
        for number, is_allow, octets in rules:
            if octets.count(b"*") >= WILDCARDS_LIMIT or len(octets) >= RULE_LIMIT:
                self._left_out.add(number)
                continue
            room -= len(octets)
            special += b"*" in octets or b"$" in octets
            if room < 0 or special > SPECIAL_LIMIT or len(lines) > RULES_LIMIT:
                break
            lines.append(f"{'Allow' if is_allow else 'Disallow'}: {_printable(octets.decode('latin-1'))}\n")
            self._last = number
        self._given = len(lines) - 1
        self._protego = Protego.parse("".join(lines)) if self._given else None

    def allows(self, target: str, winner: int) -> bool | None:
        """Whether protego would fetch the target; ``winner`` is the number of the rule that decides, or negative.

        ``None``: not asked, since there is nothing to ask, the winner was left out, or it would cost too much.
        """
        if self._protego is None or winner > self._last or winner in self._left_out:
            return None
        if self._given * len(target) > STEP_LIMIT:
            return None
        allowed: bool = self._protego.can_fetch(f"http://a{_clean(target)}", "a")
        return allowed

    @property
    def cost(self) -> int:
        """Estimate of the memory held, in octets."""
        return 2048 + 550 * self._given + 64 * len(self._left_out)


def _printable(octets: str) -> str:
    return _UNPRINTABLE.sub(lambda found: f"%{ord(found[0]):02X}", octets)


def _clean(target: str) -> str:
    """Bring a target to what an HTTP request line can hold."""
    if not target.isascii():
        target = target.encode("utf-8", "surrogatepass").decode("latin-1")
    target = _printable(target.partition("#")[0])
    return target if target.startswith("/") else f"/{target}"
