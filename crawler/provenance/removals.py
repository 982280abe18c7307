"""The one format of lists of what must go from past crawls: revocations, purge lists, changes of blocklists.

JSON Lines: first a header, then one line for each thing that goes. Who makes such a list and who obeys it is elsewhere.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

from crawler.errors import DocumentError, Mistake, UrlError
from crawler.values.host import canonical_host
from crawler.values.url import canonicalise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

FORMAT = "clearcrawl-removals/1"
KINDS = ("domain", "path", "network", "url")
"""A host with all below it; ``host/path`` with all below it on that host; addresses in CIDR notation; one exact URL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """One thing that goes, and why."""

    kind: str
    """One of ``KINDS``."""
    value: str
    """Canonical, as the matcher and the records spell it."""
    reason: str
    """A code of ``policy.reasons``: ``blocklist``, or that of a later reservation."""
    basis: str
    """What it rests on: list and version, complaint, statement."""
    since: str
    """UTC, ISO 8601: from when on it has been so."""
    crawl_id: str | None = None
    """The one crawl that is meant; ``None`` means all."""
    urls: int | None = None
    """How many rows of past crawls it touched when the list was made."""
    authority: str | None = None
    """Who ordered it: a court, a rights holder, the operator."""


def write_removals(removals: Iterable[Removal], *, tool: str, made_at: str) -> Iterator[bytes]:
    """The lines of a list: the header first, then its entries in the order given."""
    yield _line({"format": FORMAT, "tool": tool, "made_at": made_at})
    for removal in removals:
        yield _line({key: value for key, value in asdict(removal).items() if value is not None})


def read_removals(name: str, content: bytes) -> tuple[Removal, ...]:
    """Read a list strictly; raises DocumentError with every mistake, ``name`` being the file's for the messages."""
    mistakes: list[Mistake] = []
    found: list[Removal] = []
    for number, line in enumerate(content.splitlines(), start=1):
        try:
            read = json.loads(line)
            if number == 1:
                _check_header(read)
            else:
                found.append(_removal(read))
        except (ValueError, RecursionError) as error:
            mistakes.append(Mistake(file=name, key="", line=number, problem=str(error)))
    if not content.strip():
        mistakes.append(Mistake(file=name, key="", line=None, problem="is empty; a list begins with its header"))
    if mistakes:
        raise DocumentError(mistakes)
    return tuple(found)


def _check_header(read: object) -> None:
    if not isinstance(read, dict) or read.get("format") != FORMAT:
        raise ValueError(f'the first line is a header with "format": "{FORMAT}"')


def _removal(read: Any) -> Removal:
    if not isinstance(read, dict):
        raise ValueError("is no object")  # noqa: TRY004 - a mistake of the file, not of the caller
    known = {field.name for field in fields(Removal)}
    unknown = sorted(read.keys() - known)
    missing = sorted({"kind", "value", "reason", "basis", "since"} - read.keys())
    if unknown or missing:
        raise ValueError(f"unknown keys: {', '.join(unknown) or 'none'}; missing keys: {', '.join(missing) or 'none'}")
    texts = {key: value for key, value in read.items() if key != "urls"}
    wrong = sorted(key for key, value in texts.items() if not isinstance(value, str) or not value)
    if wrong or not isinstance(read.get("urls", 0), int):
        raise ValueError(f"not text where text is wanted, or no number in urls: {', '.join(wrong) or 'urls'}")
    if read["kind"] not in KINDS:
        raise ValueError(f"kind is {read['kind']!r}; known are {', '.join(KINDS)}")
    _check_value(read["kind"], read["value"])
    return Removal(**read)


def _check_value(kind: str, value: str) -> None:
    """Raise ValueError unless the value is spelt as rows and records spell it: another one would match nothing."""
    try:
        spelt = _SPELL[kind](value)
    except UrlError as error:
        raise ValueError(f"{value!r} is no {kind}: {error}") from error
    if spelt != value:
        raise ValueError(f"{value!r} is not canonical; write {spelt!r}")


def _path(value: str) -> str:
    host, slash, path = value.partition("/")
    if not path:
        raise ValueError(f"{value!r} is no path of a host; write host/path")
    return f"{canonical_host(host)}{slash}{path}"


_SPELL: dict[str, Callable[[str], str]] = {
    "domain": canonical_host,
    "path": _path,
    "network": lambda value: str(ip_network(value)),
    "url": canonicalise,
}


def _line(body: dict[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=True).encode() + b"\n"
