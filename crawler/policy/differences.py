"""Which keys decide otherwise in another policy: effective values, so that a default written out changes nothing."""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from crawler.policy.reading import AGREEMENTS, CRAWL_POLICY, PROTOCOLS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from crawler.policy.document import CrawlPolicy

_FILES = {"agreement": AGREEMENTS, "protocols": PROTOCOLS, "off": PROTOCOLS}
_LISTS = {"overrides": "override", "agreements": "agreement", "protocols": "protocols", "protocols_off": "off"}
"""Fields that are entries of a file, and how their keys begin."""
_NAMES = ("scope", "name")
_RENAMED = {"conditional_met": "conditional.met"}
_LEFT_OUT = ("digest",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One key with two values."""

    file: str
    key: str
    old: str | None
    """``None`` where there is no such entry."""
    new: str | None

    def __str__(self) -> str:
        return f"{self.file}: {self.key}: {_told(self.old)} -> {_told(self.new)}"


def differences(old: CrawlPolicy, new: CrawlPolicy) -> tuple[Difference, ...]:
    """All keys that differ, in the order of the newer policy, those that only the older one has behind them."""
    before, after = effective(old), effective(new)
    keys = [*after, *(key for key in before if key not in after)]
    return tuple(
        Difference(file=file_of(key), key=key, old=before.get(key), new=after.get(key))
        for key in keys
        if before.get(key) != after.get(key)
    )


def effective(policy: CrawlPolicy) -> Mapping[str, str]:
    """Every key that decides, as the files spell it, with the value in force as text."""
    found: dict[str, str] = {}
    for field in fields(policy):
        value = getattr(policy, field.name)
        if field.name == "profile":
            duties = _text(value.licence_duties)
            found["profile"] = f"{value.name} (unknown = {_text(value.unknown)}, licence_duties = {duties})"
        elif field.name in _LISTS:
            for entry in value:
                found |= _flat(_entry_key(_LISTS[field.name], entry, found), entry, without=_NAMES)
        elif field.name not in _LEFT_OUT:
            found |= _flat(_RENAMED.get(field.name, field.name), value)
    return found


def file_of(key: str) -> str:
    """The file that holds a key of ``effective``."""
    return _FILES.get(key.partition("[")[0], CRAWL_POLICY)


def _entry_key(kind: str, entry: Any, taken: Mapping[str, str]) -> str:
    """By scope or name; a number tells apart what shares one."""
    told = [getattr(entry, name) for name in _NAMES if hasattr(entry, name)]
    named = told[0] if told else ", ".join(entry.readers)
    key, number = f"{kind}[{named}]", 2
    while any(one.startswith(f"{key}.") for one in taken):
        key, number = f"{kind}[{named}, {number}]", number + 1
    return key


def _flat(key: str, value: Any, *, without: tuple[str, ...] = ()) -> dict[str, str]:
    if is_dataclass(value):
        names = [field.name for field in fields(value) if field.name not in without]
        return {name: text for one in names for name, text in _flat(f"{key}.{one}", getattr(value, one)).items()}
    if isinstance(value, dict):
        return {f"{key}.{name}": str(one) for name, one in sorted(value.items())}
    return {key: _text(value)}


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, (frozenset, tuple)):
        return ", ".join(_items(value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _items(value: frozenset[Any] | tuple[Any, ...]) -> Iterator[str]:
    texts = map(_text, value)
    yield from sorted(texts) if isinstance(value, frozenset) else texts


def _told(value: str | None) -> str:
    return "not there" if value is None else repr(value)
