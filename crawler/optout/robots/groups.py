"""robots.txt as a structure (RFC 9309 sections 2.1 and 2.2): groups, rules, and the records of other protocols.

Knows which line belongs to which user-agent lines; does not know what a rule matches (match.py, rules.py) nor whether
the file may be believed (outcome.py). Any bytes give a file; the cost is linear in their number.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from crawler.optout.robots.rules import RuleIndex
from crawler.optout.statement import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

PARSER_VERSION: Final = "1"
"""Raised by every change that could read a file otherwise; part of the evidence."""

SIZE_LIMIT: Final = 2 * 1024 * 1024
"""Octets of a file that are read; RFC 9309 section 2.5 demands 500 KiB, PC-10 takes 2 MiB."""

TEXT_LIMIT: Final = 2048
"""Longest literal text of a line or group that is handed out, in characters."""

PROBLEM_LIMIT: Final = 100

_LINE: Final = re.compile(rb"^[ \t]*+(user-agent|allow|disallow)[ \t]*+:([^\n#]*+)", re.IGNORECASE | re.MULTILINE)
_OTHER: Final = re.compile(rb"^[ \t]*+[^ \t\n#:][^\n#:]*+:", re.MULTILINE)
_MISSPELT: Final = re.compile(
    rb"^[ \t]*+(?:"
    rb"(dis{1,3}al{1,3}[ao]w[a-z]*+|disllow|dia?sl{1,2}ow|al{1,3}ows?|user[ _-]?agents?)[ \t]*+:"
    rb"|(?:user-agent|allow|disallow)[ \t]++[^ \t\n#:])[^\n]*+",
    re.IGNORECASE | re.MULTILINE,
)
_NOT_MISSPELT: Final = frozenset({b"user-agent", b"allow", b"disallow", b"disallowaitraining"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One line of the form ``name: value`` that is neither a user-agent line nor a rule."""

    name: str
    """Lower case."""
    value: str
    """Without comment and outer white space; invalid octets replaced."""
    octets: bytes
    """The value exactly; patterns are compiled from this."""
    line: int
    """From 1."""
    text: str
    """The literal line, at most ``TEXT_LIMIT`` characters."""
    group: int | None
    """Index of the group, ``None`` before the first user-agent line (a *global* record)."""
    run: int | None
    """Index of the user-agent lines that own it; ``None`` where the whole group does (it stands after a rule)."""
    is_trailing: bool
    """Whether neither a user-agent line nor a rule follows in the file."""


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
    """

    __slots__ = ("_file", "_text", "basis", "groups", "runs", "token")

    def __init__(self, file: RobotsFile, token: str, basis: str, runs: tuple[int, ...]) -> None:
        self._file = file
        self.token = token
        self.basis = basis
        self.runs = runs
        self.groups = tuple(dict.fromkeys(file.group_of_run(run) for run in runs))
        self._text: str | None = None

    @property
    def rules(self) -> RuleIndex:
        """The merged rules, compiled once for all selections of the same groups."""
        return self._file.rules_of(self.groups)

    def records(self, name: str) -> tuple[Record, ...]:
        """Records of that name that belong to a user-agent line of this selection, or to all of its group."""
        return tuple(record for record in self._file.records(name) if self.owns(record))

    def owns(self, record: Record) -> bool:
        """Whether the record was written for this selection."""
        return record.group in self.groups if record.run is None else record.run in self.runs

    @property
    def text(self) -> str:
        """The literal lines of the groups, cut at ``TEXT_LIMIT`` characters."""
        if self._text is None:
            self._text = self._file.text_of(self.groups)
        return self._text


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
        self._rule_lines = array("I")
        self._agents: dict[bytes, int | list[int]] = {}
        self._odd_agents: list[tuple[int, bytes]] = []
        self._last = -1
        self._read_lines()
        self._odd_blob = b"\n".join(value for _, value in self._odd_agents)
        self._rules: dict[tuple[int, ...], RuleIndex] = {}
        self._selections: dict[tuple[bytes, bool], Selection] = {}
        self._records: dict[str, tuple[Record, ...]] = {}
        self.problems: Final = tuple(self._find_problems())

    def _read_lines(self) -> None:
        body, line, counted, is_open, end_of_run = self.body, 1, 0, False, -1
        for found in _LINE.finditer(body):
            start = found.start()
            line += body.count(b"\n", counted, start)
            counted = start
            if body[found.start(1)] | 0x20 == ord("u"):
                if not is_open:
                    self._group_starts.append(start)
                    self._group_rules.append(len(self._rule_starts))
                    is_open = True
                    end_of_run = -1
                if end_of_run < 0 or _OTHER.search(body, end_of_run, start):
                    self._run_starts.append(start)
                    self._run_groups.append(len(self._group_starts) - 1)
                end_of_run = found.end()
                self._name_agent(found[2].strip(b" \t").lower())
            elif self._group_starts:
                self._rule_starts.append(start)
                self._rule_lines.append(line)
                is_open = False
            else:
                continue
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
        if b"/" in value or b"," in value or value[:2] in (b"* ", b"*\t"):
            self._odd_agents.append((run, value))

    def _find_problems(self) -> Iterator[Problem]:
        line, counted, count = 1, 0, 0
        for found in _MISSPELT.finditer(self.body):
            if (found[1] or b"").lower() in _NOT_MISSPELT:
                continue
            if count == PROBLEM_LIMIT:
                return
            count += 1
            line += self.body.count(b"\n", counted, found.start())
            counted = found.start()
            yield Problem(line=line, text=f"not read as a rule: {_readable(found[0].strip())}")

    @property
    def is_empty(self) -> bool:
        """Whether the file holds no group at all."""
        return not self._group_starts

    def group_for(self, token: str, *, is_strict: bool = False) -> Selection:
        """Select the groups that bind the token: those that name it, else the general ones, else none.

        ``is_strict`` compares whole values only; otherwise a version is cut off, lists are split, and ``*`` may be
        followed by white space (PC-24).
        """
        key = (token.lower().encode("utf-8", "surrogatepass"), is_strict)
        selection = self._selections.get(key)
        if selection is None:
            selection = self._selections[key] = self._select(token, *key)
        return selection

    def named_group(self, token: str, *, is_strict: bool = False) -> Selection | None:
        """Select the groups that name the token, or ``None``: ``*`` is not taken instead."""
        selection = self.group_for(token, is_strict=is_strict)
        return selection if selection.basis == "named" else None

    def _select(self, token: str, name: bytes, is_strict: bool) -> Selection:
        runs = self._runs_of(name)
        if not is_strict:
            runs = sorted({*runs, *self._runs_by_part(name)})
        if runs:
            return Selection(self, token, "named", tuple(runs))
        runs = self._runs_of(b"*")
        if not is_strict:
            runs = sorted({*runs, *(run for run, value in self._odd_agents if value[:2] in (b"* ", b"*\t"))})
        return Selection(self, token, "general" if runs else "none", tuple(runs))

    def _runs_of(self, value: bytes) -> list[int]:
        known = self._agents.get(value, [])
        return known if isinstance(known, list) else [known]

    def _runs_by_part(self, name: bytes) -> Iterator[int]:
        if name not in self._odd_blob:
            return
        part = re.compile(rb"(?:^|,)[ \t]*+" + re.escape(name) + rb"[ \t]*+(?:[/,]|\Z)")
        for run, value in self._odd_agents:
            if part.search(value):
                yield run

    def group_of_run(self, run: int) -> int:
        """Index of the group in which a run of user-agent lines stands."""
        return self._run_groups[run]

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
        for group in groups:
            is_last = group + 1 == len(self._group_rules)
            end = len(self._rule_starts) if is_last else self._group_rules[group + 1]
            for number in range(self._group_rules[group], end):
                is_allow, octets = self._rule_value(number)
                if octets:
                    yield number, is_allow, octets

    def _rule_value(self, number: int) -> tuple[bool, bytes]:
        found = _LINE.match(self.body, self._rule_starts[number])
        assert found is not None  # noqa: S101 - the offset came from the same expression
        return found[1][0] | 0x20 == ord("a"), found[2].strip(b" \t")

    def rule(self, number: int) -> Rule:
        """Give the rule that ``RuleIndex.decide`` named."""
        is_allow, octets = self._rule_value(number)
        start = self._rule_starts[number]
        return Rule(is_allow=is_allow, octets=octets, line=self._rule_lines[number], text=self._line_at(start))

    def records(self, name: str) -> tuple[Record, ...]:
        """Find all records of that name, compared without case, in order."""
        name = name.lower()
        found = self._records.get(name)
        if found is None:
            found = self._records[name] = tuple(self._find_records(name))
        return found

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
            octets = found[1].strip(b" \t")
            group, run = self._owner(start)
            yield Record(
                name=name,
                value=octets.decode("utf-8", "replace"),
                octets=octets,
                line=line,
                text=self._line_at(start),
                group=group,
                run=run,
                is_trailing=start > self._last,
            )

    def _owner(self, start: int) -> tuple[int | None, int | None]:
        group = bisect_right(self._group_starts, start) - 1
        if group < 0:
            return None, None
        first_rule = self._group_rules[group]
        if first_rule < len(self._rule_starts) and self._rule_starts[first_rule] < start:
            return group, None
        return group, bisect_right(self._run_starts, start) - 1

    def _line_at(self, start: int) -> str:
        end = self.body.find(b"\n", start, start + TEXT_LIMIT * 4)
        return _readable(self.body[start : end if end >= 0 else start + TEXT_LIMIT * 4].strip(b" \t"))

    @property
    def cost(self) -> int:
        """Estimate of the memory held, in octets; compiled rules count apart (``RuleIndex.cost``)."""
        numbers = 4 * len(self._group_starts) + 4 * len(self._run_starts) + 2 * len(self._rule_starts)
        return 2048 + len(self.body) + len(self._odd_blob) + 4 * numbers + 220 * len(self._agents)


def _readable(octets: bytes) -> str:
    return octets.decode("utf-8", "replace")[:TEXT_LIMIT]


def parse(body: bytes, *, limit: int = SIZE_LIMIT, is_truncated: bool = False) -> RobotsFile:
    """Parse the body of robots.txt as received (after content decoding).

    Reads the whole lines of the first ``limit`` octets; ``is_truncated`` says that the sender had more to say than
    ``body`` holds, so that its last line may be cut. Never raises on content.
    """
    text = _decode(body[:limit]).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if is_truncated or len(body) > limit:
        text = text[: text.rfind(b"\n") + 1]
    return RobotsFile(text)


def _decode(body: bytes) -> bytes:
    """Drop a byte order mark; UTF-16 is read only where its mark says so."""
    if body.startswith(b"\xef\xbb\xbf"):
        return body[3:]
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        codec = "utf-16-le" if body.startswith(b"\xff\xfe") else "utf-16-be"
        return body[2:].decode(codec, "replace").encode("utf-8")
    return body
