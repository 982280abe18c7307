"""Changes to the text of the catalog that leave every comment, blank line and order of the person who wrote it.

Text in, text out. What the keys mean is read in ``catalog``; files are replaced by ``storage``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import tomlkit
from tomlkit.items import AoT, Table, Whitespace

from crawler.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from tomlkit.container import Container
    from tomlkit.items import InlineTable

    Value = str | int | bool | date | list[str] | dict[str, str | bool]

NEW = """# The lists in force: one [[list]] each. README.md says what every key means.
# A list without origin, licence and digest is not loaded, and the crawl does not start.
"""
"""A catalog that names nothing."""


def with_entry(text: str, kind: str, values: Mapping[str, Value]) -> str:
    """Add an entry ``[[kind]]`` behind the last one of its kind, or at the end."""
    document = tomlkit.parse(text if text.endswith("\n") else f"{text}\n")
    entry = tomlkit.table()
    for key, value in values.items():
        entry.add(key, _inline(value) if isinstance(value, dict) else value)
    entries = document.get(kind)
    if not isinstance(entries, AoT) or not entries:
        start = f"{text.rstrip()}\n\n" if text.strip() else ""
        return f"{start}[[{kind}]]\n{entry.as_string()}"
    last = entries[-1].value
    following = _split_off_following(last)
    last.append(None, Whitespace("\n"))
    entries.append(entry)
    entry.value.body.extend(following or [(None, Whitespace("\n"))])
    return document.as_string().rstrip("\n") + "\n"


def with_changes(text: str, kind: str, entry_id: str, changes: Mapping[str, Value | None]) -> str:
    """Set keys of the entry of that id, in place where they stand, else below its last key; ``None`` removes one."""
    document = tomlkit.parse(text)
    entries = document.get(kind)
    found = [entry for entry in entries if entry.get("id") == entry_id] if isinstance(entries, AoT) else []
    if len(found) != 1:
        raise UsageError(f'no single [[{kind}]] with id = "{entry_id}" to change')
    entry = found[0]
    following = _split_off_following(entry.value)
    for key, value in changes.items():
        if value is not None:
            entry[key] = value
        elif key in entry:
            entry.remove(key)
    entry.value.body.extend(following)
    return document.as_string()


def _inline(values: Mapping[str, str | bool]) -> InlineTable:
    found = tomlkit.inline_table()
    found.update(values)
    return found


def _split_off_following(container: Container) -> list[Any]:
    """Take off what stands after the last key and its own comments: from the first blank line on it is the next one's.

    The parser counts everything up to the next header as part of the table above it.
    """
    body = container.body
    end = max((index for index, (key, _) in enumerate(body) if key is not None), default=-1) + 1
    if end and isinstance(body[end - 1][1], Table):
        return _split_off_following(body[end - 1][1].value)
    while end < len(body) and not _is_blank_line(body[end][1]):
        end += 1
    following = list(body[end:])
    del body[end:]
    return following


def _is_blank_line(item: object) -> bool:
    return isinstance(item, Whitespace) and "\n" in item.s
