"""What a person must see before a new version of a list is put in force."""

from __future__ import annotations

from crawler.blocklists.change import KEPT, survey, weigh
from crawler.blocklists.interface import Entry, EntryKind, Finding
from crawler.storage.suffixes import bundled_suffixes


def _names(*names: str) -> list[Entry | Finding]:
    return [Entry(EntryKind.DOMAIN, name, line) for line, name in enumerate(names, start=1)]


def _survey(items: list[Entry | Finding], accepted: tuple[str, ...] = ()) -> object:
    return survey(
        items, is_suffix=bundled_suffixes().is_suffix, protected={"google.com", "archive.org"}, accepted=accepted
    )


def test_counts() -> None:
    """Entries count once, notes and errors for themselves; the first errors are kept."""
    notes = [Finding(line=1, problem="odd", is_error=False)]
    errors = [Finding(line=line, problem="bad", is_error=True) for line in range(KEPT + 5)]
    found = survey(
        [*_names("a.example", "a.example", "b.example"), *notes, *errors], is_suffix=lambda _: False, protected=()
    )
    assert (found.entries, found.notes, found.error_count, len(found.errors)) == (2, 1, KEPT + 5, KEPT)


def test_doubtful_names() -> None:
    """A public suffix, a bare label and a protected name are named once, with line and code; networks are not names."""
    items = _names("co.uk", "org", "google.com", "fine.example", "org")
    found = _survey([*items, Entry(EntryKind.NETWORK, "192.0.2.0/24", 9)])
    assert [(each.code, each.line, each.name) for each in found.doubts] == [  # type: ignore[attr-defined]
        ("public_suffix", 1, "co.uk"),
        ("bare_label", 2, "org"),
        ("protected", 3, "google.com"),
    ]
    assert all("public suffix" in each.problem for each in found.doubts[:2])  # type: ignore[attr-defined]
    assert _survey(items, ("co.uk", "org", "google.com")).doubts == []  # type: ignore[attr-defined]


def test_first_version_is_no_change() -> None:
    """A list that is new here can neither shrink nor grow."""
    change = weigh(None, _survey(_names("a.example")))  # type: ignore[arg-type]
    assert (change.before, change.after, change.added, change.removed, change.doubts) == (None, 1, 1, 0, ())


def test_limits_are_kept() -> None:
    """Ten per cent may go and half may come; one entry more than that needs a person."""
    old = [f"n{number}.example" for number in range(20)]
    new = [f"x{number}.example" for number in range(20)]

    def codes(names: list[str]) -> list[str]:
        return [each.code for each in weigh(_survey(_names(*old)), _survey(_names(*names))).doubts]  # type: ignore[arg-type]

    assert codes(old[2:]) == []
    assert codes(old[3:]) == ["lost"]
    assert codes([*old[3:], *new[:3]]) == ["lost"]
    assert codes([*old, *new[:10]]) == []
    assert codes([*old, *new[:11]]) == ["grown"]
    change = weigh(_survey(_names(*old[:5])), _survey(_names(*old[:1])))  # type: ignore[arg-type]
    assert change.doubts[0].problem.startswith("lost 4 of 5")
