"""The forms of an answer, as JSON values: every one says where it comes from and whether it is public."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from crawler.policy.texts import TextBlock

Answer = dict[str, Any]


def statement(text: str, *, source: str, is_public: bool = True) -> Answer:
    """A sentence of ours about what the program does, or about a setting."""
    return {"kind": "statement", "text": text, "source": source, "public": is_public}


def settings(entries: Mapping[str, str], *, source: str, is_public: bool = True) -> Answer:
    """Names and values."""
    listed = [{"name": name, "value": value} for name, value in entries.items()]
    return {"kind": "settings", "entries": listed, "source": source, "public": is_public}


def table(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], *, source: str, is_public: bool = True
) -> Answer:
    """Rows of JSON values; none are shown as "nothing"."""
    return {
        "kind": "table", "title": title, "columns": list(columns), "rows": [list(row) for row in rows],
        "source": source, "public": is_public,
    }  # fmt: skip


def words(paragraphs: Sequence[str], *, source: str, is_public: bool) -> Answer:
    """What a person wrote into a key of a profile."""
    parts = [{"is_list": False, "lines": [one]} for one in paragraphs]
    return {"kind": "words", "parts": parts, "lang": "", "signed": None, "source": source, "public": is_public}


def block(text: TextBlock) -> Answer:
    """What a person wrote, and another approved, as a file of its own."""
    return {
        "kind": "words",
        "parts": [{"is_list": one.is_list, "lines": list(one.lines)} for one in text.paragraphs],
        "lang": text.lang,
        "signed": {"owner": text.owner, "approved_by": text.approved_by, "since": str(text.since)},
        "source": text.name,
        "public": text.is_public,
    }
