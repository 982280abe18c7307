"""Lists whose publisher signs them: no version comes into force that its key did not sign, and none goes back."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from crawler.blocklists.signed_terms import FORMAT
from crawler.policy.document import Blocklists
from crawler.provenance.signed_note import VerifierKey, write_note
from crawler.storage.list_folder import ListFolder
from crawler.storage.list_report import lint
from crawler.storage.list_updates import Acceptance, Retrieved, Updater
from crawler.storage.suffixes import bundled_suffixes
from crawler.values.digest import sha256

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from crawler.storage.list_updates import Outcome

SECRET, OTHER = (Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32) for number in (1, 2))
KEY = VerifierKey(name="court.example", public=SECRET.public_key().public_bytes_raw())
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
NAMES = [f"n{number}.example" for number in range(20)]


def content(*more: str) -> bytes:
    """A plain list."""
    return "".join(f"{name}\n" for name in (*NAMES, *more)).encode()


class Publisher:
    """A source and the note beside it."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.is_known = False
        """Whether the source answers that nothing changed."""

    def put(
        self, version: int, data: bytes, *, expires: str = "2026-12-31", secret: Ed25519PrivateKey = SECRET
    ) -> None:
        """Publish a version with its note."""
        digest = sha256(data).removeprefix("sha256:")
        text = f"{FORMAT}\nversion {version}\nexpires {expires}\nsha256 {digest}\noctets {len(data)}\n".encode()
        self.files = {"the source": data, "the source.note": write_note(text, KEY, secret.sign(text))}

    def retrieve(self, source: str, etag: str | None) -> Retrieved:
        """As an updater asks."""
        if self.is_known and not source.endswith(".note"):
            return Retrieved(etag=etag)
        found = self.files.get(source)
        return Retrieved(failure=f"{source}: answered 404") if found is None else Retrieved(content=found)


class Desk:
    """A folder with one signed list in force: version 7."""

    def __init__(self, folder: ListFolder) -> None:
        self.folder = folder
        self.publisher = Publisher()
        self.publisher.put(7, content())
        self.updater = Updater(
            folder, suffixes=bundled_suffixes(), retrieve=self.publisher.retrieve, now=NOW, tool="test"
        )
        added = self.updater.add(
            {
                "id": "a", "title": "t", "issuer": "i", "country": "DE", "legal_basis": "b", "kind": "authority",
                "licence": "l", "source": "the source", "updates": True, "signed_by": str(KEY),
            }
        )  # fmt: skip
        assert added.outcome == "new", added

    def update(self, acceptance: Acceptance | None = None) -> Outcome:
        """Ask the publisher."""
        return self.updater.update("a", acceptance)

    def state(self) -> tuple[int | None, date | None]:
        """What the catalog says of the signature."""
        (record,) = self.folder.catalog().lists
        return record.signed_version, record.signed_until


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """An open folder."""
    with ListFolder.open(tmp_path) as folder:
        yield Desk(folder)


def test_a_newer_version(desk: Desk) -> None:
    """It comes into force with its number and its last day; the same bytes may be confirmed for longer."""
    assert desk.state() == (7, date(2026, 12, 31))
    desk.publisher.put(8, content("new.example"))
    assert desk.update().outcome == "updated"
    desk.publisher.put(9, content("new.example"), expires="2027-01-31")
    assert desk.update().outcome == "unchanged"
    assert desk.state() == (9, date(2027, 1, 31))
    desk.publisher.is_known = True
    assert desk.update().outcome == "unchanged"


@pytest.mark.parametrize(
    ("version", "expires", "secret", "problem"),
    [
        (6, "2026-12-31", SECRET, "never goes back"),
        (7, "2026-12-31", SECRET, "one number stands for one version"),
        (8, "2026-11-22", SECRET, "which is over"),
        (8, "2026-12-31", OTHER, "not signed by court.example"),
        (8, "2026-13-31", SECRET, "cannot be used"),
    ],
)
def test_refused(desk: Desk, version: int, expires: str, secret: Ed25519PrivateKey, problem: str) -> None:
    """Older, ambiguous, expired, foreign or malformed: what is in force stays, and the reason is told."""
    desk.publisher.put(version, content("new.example"), expires=expires, secret=secret)
    before = desk.folder.text()
    outcome = desk.update()
    assert outcome.outcome == "failed"
    assert problem in outcome.detail
    assert outcome.in_force == sha256(content())
    assert desk.folder.text() == before


@pytest.mark.parametrize("note", [None, b"", b"no note", b"text\n\nno signature\n"])
def test_without_a_note(desk: Desk, note: bytes | None) -> None:
    """No note, or none that can be read: no version."""
    desk.publisher.put(8, content("new.example"))
    desk.publisher.files["the source.note"] = note or b""
    if note is None:
        del desk.publisher.files["the source.note"]
    outcome = desk.update()
    assert (outcome.outcome, "signed note" in outcome.detail) == ("failed", True)


def test_other_bytes(desk: Desk) -> None:
    """A list that is not the one that was signed, and one that its source calls unchanged while another was signed."""
    desk.publisher.put(8, content("new.example"))
    note = desk.publisher.files["the source.note"]
    desk.publisher.files["the source"] = content("evil.example")
    assert "was signed as" in desk.update().detail
    desk.publisher.files["the source.note"] = note
    desk.publisher.is_known = True
    assert "was signed as" in desk.update().detail


def test_a_person_may_go_back(desk: Desk) -> None:
    """An earlier version comes back by digest, name and reason (the flag of R7.5); the publisher's number stays."""
    desk.publisher.put(8, content("new.example"))
    assert desk.update().outcome == "updated"
    word = Acceptance(digest=sha256(content()), by="A. Person", reason="the new one was a mistake")
    assert desk.update(word).outcome == "updated"
    assert desk.state() == (8, None)
    desk.publisher.put(7, content("older.example"))
    assert "never goes back" in desk.update().detail


def test_lint_tells_when_it_is_over(desk: Desk) -> None:
    """A signature that has ended is work for a person."""
    remarks = lint(
        desk.folder.path,
        today=date(2027, 1, 1),
        ages=Blocklists(warn_age=100, refuse_age=200),
        suffixes=bundled_suffixes(),
    )
    assert any("signed it until 2026-12-31" in each.problem for each in remarks if each.level == "warning")
