"""robots.txt as a structure (RFC 9309 sections 2.1 and 2.2): groups, rules, and the records of other protocols.

Knows which line belongs to which user-agent lines; does not know what a rule matches (match.py, rules.py) nor whether
the file may be believed (outcome.py). Any bytes give a file; the cost is linear in their number.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Final

from crawler.optout.robots.rules import RuleIndex
from crawler.optout.robots.text import SIZE_LIMIT, as_meant, find_problems, read_text

if TYPE_CHECKING:
    from collections.abc import Iterator

TEXT_LIMIT: Final = 2048
"""Longest literal text of a line or group that is handed out, in characters."""

_LINE: Final = re.compile(rb"^[ \t]*+(?:(user-agent)|(allow)|disallow)[ \t]*+:([^\n#]*+)", re.IGNORECASE | re.MULTILINE)
_OTHER: Final = re.compile(rb"^[ \t]*+[^ \t\n#:][^\n#:]*+:", re.MULTILINE)
_RULES_KEPT: Final = 64
"""Rules that were handed out and are kept as they are: few decide most URLs."""
_BLANK_LINE: Final = re.compile(rb"\n[ \t]*+(?=\n)")
_GENERAL: Final = (b"* ", b"*\t")


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One line of the form ``name: value`` that is neither a user-agent line nor a rule."""

    name: str
    """Lower case."""
    octets: bytes
    """The value without comment and outer white space; patterns are compiled from this."""
    line: int
    """From 1."""
    group: int | None
    """Index of the group, ``None`` before the first user-agent line (a *global* record)."""
    run: int | None
    """Index of the user-agent lines that own it; ``None`` where the whole group does (it stands after a rule)."""
    is_trailing: bool
    """Whether neither a user-agent line nor a rule follows in the file."""
    is_apart: bool
    """Whether it is trailing and a blank line parts it from the last group, as if meant for everybody."""
    literal: bytes
    """The whole line, at most four times ``TEXT_LIMIT`` octets."""

    @property
    def value(self) -> str:
        """The value as text; invalid octets are replaced."""
        return self.octets.decode("utf-8", "replace")

    @property
    def text(self) -> str:
        """The literal line, at most ``TEXT_LIMIT`` characters."""
        return _readable(self.literal)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One Allow or Disallow line with a value."""

    is_allow: bool
    octets: bytes
    line: int
    text: str


class Selection:
    """The groups that speak to one product token, merged (RFC 9309 section 2.2.1).

    ``basis`` says why: ``named`` (a user-agent line names the token), ``general`` (only ``*`` is left), ``none``.
    ``runs`` and ``groups`` are ascending indexes.
    """

    __slots__ = ("_file", "basis", "groups", "runs", "token")

    def __init__(
        self, file: RobotsFile, token: str, basis: str, runs: tuple[int, ...], groups: tuple[int, ...]
    ) -> None:
        self._file = file
        self.token = token
        self.basis = basis
        self.runs = runs
        self.groups = groups

    @property
    def rules(self) -> RuleIndex:
        """The merged rules, compiled once for all selections of the same groups."""
        return self._file.rules_of(self.groups)

    def records(self, name: str) -> tuple[Record, ...]:
        """Records of that name that belong to a user-agent line of this selection, or to all of its group."""
        return tuple(record for record in self._file.records(name) if self.owns(record))

    def owns(self, record: Record) -> bool:
        """Whether the record was written for this selection."""
        return self._owns(record.group, record.run)

    def _owns(self, group: int | None, run: int | None) -> bool:
        if run is not None:
            return _holds(self.runs, run)
        return group is not None and _holds(self.groups, group)

    def values(self, name: str) -> tuple[str, ...]:
        """Give the distinct values of ``records`` alone."""
        return tuple(dict.fromkeys(value for value, group, run in self._file.owned(name) if self._owns(group, run)))

    @property
    def text(self) -> str:
        """The literal lines of the groups, cut at ``TEXT_LIMIT`` characters."""
        return self._file.text_of(self.groups)


def _holds(ascending: tuple[int, ...], wanted: int) -> bool:
    place = bisect_left(ascending, wanted)
    return place < len(ascending) and ascending[place] == wanted


class RobotsFile:
    """A parsed robots.txt. Immutable in meaning; selections and rules are compiled when first asked for."""

    def __init__(self, body: bytes) -> None:
        self.body: Final = body
        """UTF-8 (as far as the site kept to it), line ends LF, no byte order mark."""
        # Offsets instead of objects: a file may hold 700,000 lines and must stay within 64 MiB.
        self._group_starts = array("I")
        self._group_rules = array("I")
        self._run_starts = array("I")
        self._run_groups = array("I")
        self._rule_starts = array("I")
        self._rule_values = array("I")
        self._rule_ends = array("I")
        self._rule_is_allow = bytearray()
        self._agents: dict[bytes, int | list[int]] = {}
        self._odd_agents: list[tuple[int, bytes]] = []
        self._last = -1
        self._read_lines()
        self._odd_blob = b"\n".join(value for _, value in self._odd_agents)
        self._rules: dict[tuple[int, ...], RuleIndex] = {}
        self._named: dict[tuple[bytes, bool], Selection | None] = {}
        self._general: dict[bool, Selection] = {}
        self._selected: dict[tuple[str, bool], Selection] = {}
        self._known_rules: dict[int, Rule] = {}
        self.problems: Final = tuple(find_problems(body))

    def _read_lines(self) -> None:
        body, is_open, end_of_run, start = self.body, False, -1, -1
        add_start, add_value, add_end = self._rule_starts.append, self._rule_values.append, self._rule_ends.append
        add_kind = self._rule_is_allow.append
        for found in _LINE.finditer(body):
            start = found.start()
            if found.start(1) < 0:
                if self._group_starts:
                    add_start(start)
                    add_value(found.start(3))
                    add_end(found.end())
                    add_kind(found.start(2) >= 0)
                    is_open = False
                continue
            if not is_open:
                self._group_starts.append(start)
                self._group_rules.append(len(self._rule_starts))
                is_open, end_of_run = True, -1
            if end_of_run < 0 or _OTHER.search(body, end_of_run, start):
                self._run_starts.append(start)
                self._run_groups.append(len(self._group_starts) - 1)
            end_of_run = found.end()
            self._name_agent(found[3].strip(b" \t").lower())
        self._last = start

    def _name_agent(self, value: bytes) -> None:
        run = len(self._run_starts) - 1
        known = self._agents.get(value)
        if known is None:
            self._agents[value] = run
        elif isinstance(known, list):
            known.append(run)
        else:
            self._agents[value] = [known, run]
        if b"/" in value or b"," in value or value[:2] in _GENERAL:
            self._odd_agents.append((run, value))

    @property
    def is_empty(self) -> bool:
        """Whether the file holds no group at all."""
        return not self._group_starts

    def group_for(self, token: str, *, is_strict: bool = False) -> Selection:
        """Select the groups that bind the token: those that name it, else the general ones, else none.

        ``is_strict`` compares whole values only; otherwise a version is cut off, lists are split, and ``*`` may be
        followed by white space (PC-24).
        """
        selected = self._selected.get((token, is_strict))
        if selected is None:
            selected = self._selected[token, is_strict] = self._select(token, is_strict=is_strict)
        return selected

    def _select(self, token: str, *, is_strict: bool) -> Selection:
        named = self.named_group(token, is_strict=is_strict)
        if named is not None:
            return named
        general = self._general.get(is_strict)
        if general is None:
            runs = self._runs_of(b"*")
            if not is_strict:
                runs = sorted({*runs, *(run for run, value in self._odd_agents if value[:2] in _GENERAL)})
            general = self._general[is_strict] = self._selection("*", "general" if runs else "none", runs)
        return Selection(self, token, general.basis, general.runs, general.groups)

    def named_group(self, token: str, *, is_strict: bool = False) -> Selection | None:
        """Select the groups that name the token, or ``None``: ``*`` is not taken instead."""
        name = token.lower().encode("utf-8", "surrogatepass")
        key = (name, is_strict)
        if key not in self._named:
            runs = self._runs_of(name)
            if not is_strict and name in self._odd_blob:
                runs = sorted({*runs, *self._runs_by_part(name)})
            self._named[key] = self._selection(token, "named", runs) if runs else None
        return self._named[key]

    def _selection(self, token: str, basis: str, runs: list[int]) -> Selection:
        groups = tuple(dict.fromkeys(self._run_groups[run] for run in runs))
        return Selection(self, token, basis, tuple(runs), groups)

    def _runs_of(self, value: bytes) -> list[int]:
        known = self._agents.get(value, [])
        return known if isinstance(known, list) else [known]

    def _runs_by_part(self, name: bytes) -> Iterator[int]:
        part = re.compile(rb"(?:^|,)[ \t]*+" + re.escape(name) + rb"[ \t]*+(?:[/,]|\Z)")
        for run, value in self._odd_agents:
            if part.search(value):
                yield run

    def text_of(self, groups: tuple[int, ...]) -> str:
        """Give the literal lines of groups, cut at ``TEXT_LIMIT`` characters."""
        parts: list[str] = []
        room = TEXT_LIMIT
        for group in groups:
            if room <= 0:
                break
            end = self._group_starts[group + 1] if group + 1 < len(self._group_starts) else len(self.body)
            start = self._group_starts[group]
            parts.append(_readable(self.body[start : min(end, start + room * 4)].strip()))
            room -= len(parts[-1])
        return "\n".join(parts)[:TEXT_LIMIT]

    def rules_of(self, groups: tuple[int, ...]) -> RuleIndex:
        """Compile the rules of groups as one set."""
        index = self._rules.get(groups)
        if index is None:
            index = self._rules[groups] = RuleIndex(self.numbered_rules(groups))
        return index

    def numbered_rules(self, groups: tuple[int, ...]) -> Iterator[tuple[int, bool, bytes]]:
        """Give number, whether it is an Allow, and pattern of each rule with a value, in the order of the file."""
        body, values, ends, is_allow = self.body, self._rule_values, self._rule_ends, self._rule_is_allow
        for group in groups:
            is_last = group + 1 == len(self._group_rules)
            for number in range(self._group_rules[group], len(ends) if is_last else self._group_rules[group + 1]):
                octets = body[values[number] : ends[number]].strip(b" \t")
                if octets:
                    yield number, is_allow[number] == 1, octets

    def rule(self, number: int) -> Rule:
        """Give the rule that ``RuleIndex.decide`` named."""
        known = self._known_rules.get(number)
        if known is None:
            if len(self._known_rules) >= _RULES_KEPT:
                self._known_rules.clear()
            known = self._known_rules[number] = self._rule(number)
        return known

    def _rule(self, number: int) -> Rule:
        start = self._rule_starts[number]
        return Rule(
            is_allow=self._rule_is_allow[number] == 1,
            octets=self.body[self._rule_values[number] : self._rule_ends[number]].strip(b" \t"),
            line=self.body.count(b"\n", 0, start) + 1,
            text=_readable(self._line_at(start)),
        )

    def records(self, name: str) -> tuple[Record, ...]:
        """Find all records of that name, compared without case, in order. Reads the file anew each time."""
        return tuple(self._find_records(name.lower()))

    def values(self, name: str, limit: int) -> tuple[str, ...]:
        """Give the values alone of the first records of that name that have one, wherever they stand."""
        values = (found[1].strip(b" \t") for found in _named(name).finditer(self.body))
        return tuple(value.decode("utf-8", "replace") for value in islice(filter(None, values), limit))

    def owned(self, name: str) -> Iterator[tuple[str, int | None, int | None]]:
        """Give value, group and run of each record of that name, as ``Record`` explains them."""
        for found in _named(name).finditer(self.body):
            yield found[1].strip(b" \t").decode("utf-8", "replace"), *self._owner(found.start())

    def global_records(self, name: str) -> tuple[Record, ...]:
        """Find the records that stand before the first user-agent line."""
        return tuple(record for record in self.records(name) if record.group is None)

    def trailing_records(self, name: str) -> tuple[Record, ...]:
        """Find the records behind the last user-agent line and rule; by grammar they are the last group's."""
        return tuple(record for record in self.records(name) if record.is_trailing)

    def _find_records(self, name: str) -> Iterator[Record]:
        wanted = re.escape(name.encode("utf-8", "surrogatepass"))
        line, counted = 1, 0
        for found in re.finditer(
            rb"^[ \t]*+" + wanted + rb"[ \t]*+:([^\n#]*+)", self.body, re.IGNORECASE | re.MULTILINE
        ):
            start = found.start()
            line += self.body.count(b"\n", counted, start)
            counted = start
            group, run = self._owner(start)
            yield Record(
                name=name,
                octets=found[1].strip(b" \t"),
                line=line,
                group=group,
                run=run,
                is_trailing=start > self._last,
                is_apart=start > self._last and _BLANK_LINE.search(self.body, max(self._last, 0), start) is not None,
                literal=self._line_at(start),
            )

    def _owner(self, start: int) -> tuple[int | None, int | None]:
        group = bisect_right(self._group_starts, start) - 1
        if group < 0:
            return None, None
        first_rule = self._group_rules[group]
        if first_rule < len(self._rule_starts) and self._rule_starts[first_rule] < start:
            return group, None
        return group, bisect_right(self._run_starts, start) - 1

    def _line_at(self, start: int) -> bytes:
        end = self.body.find(b"\n", start, start + TEXT_LIMIT * 4)
        return self.body[start : end if end >= 0 else start + TEXT_LIMIT * 4].strip(b" \t")

    def as_meant(self) -> RobotsFile | None:
        """Give the file without stray characters, where it holds any; lines keep their numbers."""
        text = as_meant(self.body)
        return None if text is None else RobotsFile(text)

    @property
    def cost(self) -> int:
        """Estimate of the memory held, in octets; compiled rules count apart (``RuleIndex.cost``)."""
        numbers = 4 * len(self._group_starts) + 4 * len(self._run_starts) + 2 * len(self._rule_starts)
        return 2048 + len(self.body) + len(self._odd_blob) + 4 * numbers + 220 * len(self._agents)


@lru_cache(maxsize=64)
def _named(name: str) -> re.Pattern[bytes]:
    """Find the lines of one record; the readers ask every file for the same few names."""
    wanted = re.escape(name.encode("utf-8", "surrogatepass"))
    return re.compile(rb"^[ \t]*+" + wanted + rb"[ \t]*+:([^\n#]*+)", re.IGNORECASE | re.MULTILINE)


def _readable(octets: bytes) -> str:
    return octets.decode("utf-8", "replace")[:TEXT_LIMIT]


def parse(body: bytes, *, limit: int = SIZE_LIMIT, is_truncated: bool = False) -> RobotsFile:
    """Parse the body of robots.txt as received (after content decoding).

    Reads the whole lines of the first ``limit`` octets; ``is_truncated`` says that the sender had more to say than
    ``body`` holds, so that its last line may be cut. Never raises on content.
    """
    return RobotsFile(read_text(body, limit=limit, is_truncated=is_truncated))
