"""Folders of lists: opened, refused, replayed from kept bytes."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from crawler.errors import DocumentError, UsageError
from crawler.policy.document import Blocklists
from crawler.storage import blocklists as module
from crawler.storage import list_files
from crawler.storage.blocklists import open_blocklists, open_contents
from crawler.storage.suffixes import bundled_suffixes

if TYPE_CHECKING:
    from crawler.storage.blocklists import OpenedBlocklists

TODAY = date(2026, 11, 23)
AGES = Blocklists(warn_age=7, refuse_age=30)
SHIPPED = Path(__file__).parents[2] / "blocklists"


def _entry(name: str, content: bytes, more: str = "updates = false") -> str:
    return f"""
[[list]]
id = "{name}"
title = "t"
issuer = "i"
country = "EU"
legal_basis = "b"
kind = "authority"
licence = "CC0-1.0"
source = "s"
format = "domains"
file = "lists/{name}.txt"
retrieved_at = 2026-11-01
sha256 = "{hashlib.sha256(content).hexdigest()}"
{more}
"""


def _folder(tmp_path: Path, lists: dict[str, bytes], more: str = "updates = false", **files: bytes) -> Path:
    folder = tmp_path / "blocklists"
    (folder / "lists").mkdir(parents=True)
    catalog = "".join(_entry(name, content, more) for name, content in lists.items())
    (folder / "catalog.toml").write_text(catalog)
    for name, content in lists.items():
        (folder / "lists" / f"{name}.txt").write_bytes(content)
    for name, content in files.items():
        (folder / f"{name}.txt").write_bytes(content)
    return folder


def _open(folder: Path) -> OpenedBlocklists:
    return open_blocklists(folder, today=TODAY, ages=AGES, suffixes=bundled_suffixes())


def _mistakes(folder: Path) -> list[str]:
    with pytest.raises(DocumentError) as failure:
        _open(folder)
    return [str(mistake) for mistake in failure.value.mistakes]


def test_shipped() -> None:
    """The folder that comes with the program is in order, names nobody, and covers what its list says."""
    opened = _open(SHIPPED)
    assert opened.warnings == ()
    (own, demonstration) = opened.lists
    assert (own.id, own.record, own.entries) == ("local", None, 0)
    assert demonstration.record is not None
    assert demonstration.record.entries == demonstration.entries
    listed = opened.matcher.find("http://www.warez.test/")
    assert listed is not None
    assert (listed.list_id, listed.list_digest) == ("demonstration", demonstration.digest)


def test_order_and_digest(tmp_path: Path) -> None:
    """The operator's own list answers first; the digest stands for all bytes and opens the same again."""
    folder = _folder(
        tmp_path, {"a": b"bad.test\nhttp://worse.test/x\n", "b": b"bad.test\n"}, local=b"bad.test # mine\n"
    )
    opened = _open(folder)
    listed = opened.matcher.find("bad.test")
    assert listed is not None
    assert listed.list_id == "local"
    assert [(each.id, each.entries, each.notes) for each in opened.lists] == [("local", 1, 0), ("a", 1, 1), ("b", 0, 0)]
    assert [file.name for file in opened.files] == ["catalog.toml", "local.txt", "lists/a.txt", "lists/b.txt"]
    kept = {file.name: file.content for file in opened.files}
    again = open_contents(kept, today=TODAY, suffixes=bundled_suffixes())
    assert again.digest == opened.digest
    assert again.matcher.find("worse.test") == opened.matcher.find("worse.test")
    kept["local.txt"] += b"more.test\n"
    assert open_contents(kept, today=TODAY, suffixes=bundled_suffixes()).digest != opened.digest


def test_changed_bytes(tmp_path: Path) -> None:
    """A list whose bytes are not those of the catalog keeps the crawl from starting; so does one that is gone."""
    folder = _folder(tmp_path, {"a": b"bad.test\n", "b": b"worse.test\n"})
    (folder / "lists" / "a.txt").write_bytes(b"good.test\n")
    (folder / "lists" / "b.txt").unlink()
    first, second = _mistakes(folder)
    assert first.startswith("lists/a.txt: is sha256:")
    assert second.startswith("lists/b.txt: no such file")


def test_bad_entries(tmp_path: Path) -> None:
    """Mistakes of all lists are told at once, with file and line; the own list may name what is protected."""
    folder = _folder(
        tmp_path,
        {"a": b"bad.test\nco.uk\n", "b": b"", "c": b"safe.example\n"},
        local=b"safe.example\n*\n",
        protected=b"www.safe.example\ncom\n",
    )
    assert [text.split(": ")[0] for text in _mistakes(folder)] == [
        *("protected.txt:2", "local.txt:2", "lists/a.txt:2", "lists/b.txt", "lists/c.txt:1")
    ]


def test_many_mistakes_are_cut(tmp_path: Path) -> None:
    """A file in the wrong format does not print a million lines."""
    found = _mistakes(_folder(tmp_path, {"a": b"0.0.0.0 bad.test\n" * 1000}))
    assert len(found) == module.MISTAKES_SHOWN + 1
    assert "950 lines more" in found[-1]


@pytest.mark.parametrize(("age", "outcome"), [(7, "good"), (8, "warned"), (30, "warned"), (31, "refused")])
def test_ages(tmp_path: Path, age: int, outcome: str) -> None:
    """Days count since the last successful check."""
    folder = _folder(tmp_path, {"a": b"bad.test\n"}, f"updates = true\nlast_checked = {TODAY - timedelta(days=age)}")
    if outcome == "refused":
        (found,) = _mistakes(folder)
        assert found.startswith("catalog.toml:16: list[1].last_checked: a was checked 31 days ago")
    else:
        assert bool(_open(folder).warnings) == (outcome == "warned")


def test_a_decision_does_not_age(tmp_path: Path) -> None:
    """A list that is not to be updated is only reminded of its review."""
    folder = _folder(
        tmp_path, {"a": b"bad.test\n"}, "updates = false\nlast_checked = 2001-01-01\nreview_by = 2026-11-22"
    )
    assert _open(folder).warnings == ("a: was to be reviewed by 2026-11-22",)


def test_dates(tmp_path: Path) -> None:
    """A list outside of its dates is not loaded, be it ever so old, and that is said."""
    folder = _folder(tmp_path, {"a": b"bad.test\n"}, "updates = true\nlast_checked = 2025-01-01\nvalid_to = 2026-11-22")
    opened = _open(folder)
    assert opened.matcher.find("bad.test") is None
    assert "a: not in force on 2026-11-23, not loaded" in opened.warnings


def test_strange_files(tmp_path: Path) -> None:
    """A file that the catalog does not name is not loaded, and that is said."""
    folder = _folder(tmp_path, {"a": b"bad.test\n"})
    (folder / "lists" / "b.txt").write_bytes(b"worse.test\n")
    opened = _open(folder)
    assert opened.warnings == ("lists/b.txt: not in the catalog, not loaded",)
    assert opened.matcher.find("worse.test") is None


def test_folders_that_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing folder, a missing catalog, an unreadable and a huge file are misuse, with the path named."""
    with pytest.raises(UsageError, match="no such folder"):
        _open(tmp_path / "none")
    with pytest.raises(UsageError, match=r"catalog\.toml: no such file"):
        _open(tmp_path)
    (tmp_path / "catalog.toml").write_bytes(b"")
    assert _open(tmp_path).lists == ()
    (tmp_path / "local.txt").mkdir()
    with pytest.raises(UsageError, match=r"local\.txt: cannot be read"):
        _open(tmp_path)
    (tmp_path / "local.txt").rmdir()
    (tmp_path / "local.txt").write_bytes(b"bad.test\n" * 10)
    monkeypatch.setattr(list_files, "LIST_LIMIT", 50)
    with pytest.raises(UsageError, match="more than 50 octets"):
        _open(tmp_path)
