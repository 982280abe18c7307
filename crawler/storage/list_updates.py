"""Brings new versions of lists into a folder: read, weighed against the one in force, accepted or left for a person.

Whatever goes wrong, the version in force stays. How bytes come from a source is the caller's ``retrieve``.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from crawler.blocklists.catalog import ListRecord, read_whole
from crawler.blocklists.catalog_editing import with_changes, with_entry
from crawler.blocklists.change import survey, weigh
from crawler.blocklists.reading import Guards, protected_names, read_list
from crawler.blocklists.registry import detect, format_named
from crawler.errors import UsageError
from crawler.storage.blocklists import PROTECTED, own_guards
from crawler.storage.list_folder import file_of
from crawler.storage.list_signatures import signed_terms
from crawler.storage.list_snapshots import take_snapshot
from crawler.values.digest import sha256

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from crawler.blocklists.catalog import KnownList
    from crawler.blocklists.catalog_editing import Value
    from crawler.blocklists.change import Change, Survey
    from crawler.blocklists.interface import Columns, Entry, Finding
    from crawler.blocklists.signed_terms import SignedTerms
    from crawler.storage.list_folder import ListFolder
    from crawler.storage.suffixes import BundledSuffixes
    from crawler.values.digest import Digest

_ETAG_LENGTH = 500
_USUAL = "domains"
"""The format of a list that is written in no way we know: its reader says best what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrieved:
    """What asking a source came to."""

    content: bytes | None = None
    """``None`` where the source says that nothing changed, and where it failed."""
    etag: str | None = None
    failure: str | None = None
    """Why nothing came; asking again may help."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """A person's word for one version."""

    digest: Digest
    by: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one list."""

    id: str
    outcome: str
    """``new``, ``updated``, ``unchanged``, ``refused`` (a person must look) or ``failed`` (no bytes came)."""
    digest: Digest | None = None
    """Of the bytes that came."""
    in_force: Digest | None = None
    """Of the version in force afterwards."""
    change: Change | None = None
    errors: tuple[Finding, ...] = ()
    """Lines that keep it from ever being loaded; the first of them."""
    error_count: int = 0
    notes: int = 0
    """Lines that were read otherwise than they stand there, or not taken over."""
    detail: str = ""
    source: str | None = None
    """Where the bytes came from that were judged: the file or address in which the lines are."""

    @property
    def can_be_accepted(self) -> bool:
        """Whether a person's word would put the version in force."""
        return self.outcome == "refused" and not self.error_count and self.change is not None


class Updater:
    """Works on one open folder."""

    def __init__(
        self,
        folder: ListFolder,
        *,
        suffixes: BundledSuffixes,
        retrieve: Callable[[str, str | None], Retrieved],
        now: datetime,
        tool: str,
    ) -> None:
        """``retrieve`` takes a source and the ETag of what is here, if any."""
        self._folder = folder
        self._suffixes = suffixes
        self._retrieve = retrieve
        self._now = now
        self._tool = tool
        own = own_guards(suffixes)
        self._protected = protected_names(
            read_list(io.BytesIO(folder.read(PROTECTED) or b""), format_named("domains"), own, may_be_empty=True)
        )

    def add(
        self, values: Mapping[str, Value], form: str | None = None, acceptance: Acceptance | None = None
    ) -> Outcome:
        """Fetch a list that the catalog does not know yet, and put it in force; ``values`` are the keys of its entry.

        Without a format the content tells it. Where a person must look first, the entry stays in the catalog as one
        that is not fetched.
        """
        text = self._with_known(values, form or _USUAL)  # all mistakes are told before anything is asked
        got = self._get(str(values["id"]), str(values["source"]), None, acceptance)
        if got.failure is not None or got.content is None:
            return Outcome(id=str(values["id"]), outcome="failed", detail=got.failure or "nothing came")
        if form is None and (found := detect(io.BytesIO(got.content))) is not None:
            text = self._with_known(values, found.id)
        listed = next(each for each in read_whole(text.encode()).known if each.id == values["id"])
        outcome = self._judge(listed, text, _Arrived(content=got.content, etag=got.etag, acceptance=acceptance))
        if outcome.can_be_accepted:
            self._folder.put_in_force(text, {})
        return outcome

    def _with_known(self, values: Mapping[str, Value], form: str) -> str:
        text = with_entry(self._folder.text(), "list", {**values, "format": form, "fetched": False})
        read_whole(text.encode())
        return text

    def update(self, list_id: str, acceptance: Acceptance | None = None) -> Outcome:
        """Ask the source of a list of the catalog; raises UsageError for an id that is not there."""
        return self._fetch(self._listed(list_id), self._folder.text(), acceptance)

    def take(
        self,
        values: Mapping[str, Value],
        form: str,
        content: bytes,
        acceptance: Acceptance | None = None,
        *,
        columns: dict[str, str] | None = None,
    ) -> Outcome:
        """Put bytes in force that are here already; a list of that id takes over what ``values`` say of it."""
        catalog, list_id = self._folder.catalog(), str(values["id"])
        if any(each.id == list_id for each in (*catalog.lists, *catalog.known)):
            text = with_changes(self._folder.text(), "list", list_id, values)
        else:
            text = self._with_known({**values, "columns": dict[str, str | bool](columns)} if columns else values, form)
        changed = read_whole(text.encode())
        everything: tuple[ListRecord | KnownList, ...] = (*changed.lists, *changed.known)
        listed = next(each for each in everything if each.id == list_id)
        return self._judge(listed, text, _Arrived(content=content, etag=None, acceptance=acceptance))

    def _listed(self, list_id: str) -> ListRecord | KnownList:
        catalog = self._folder.catalog()
        everything: tuple[ListRecord | KnownList, ...] = (*catalog.lists, *catalog.known)
        found = next((each for each in everything if each.id == list_id), None)
        if found is None:
            raise UsageError(f"{list_id}: no [[list]] of the catalog has this id; clearcrawl blocklist list shows them")
        return found

    def _fetch(self, listed: ListRecord | KnownList, text: str, acceptance: Acceptance | None) -> Outcome:
        etag = listed.etag if isinstance(listed, ListRecord) else None
        got = self._get(listed.id, listed.source, etag, acceptance)
        if got.failure is not None:
            return Outcome(id=listed.id, outcome="failed", in_force=_in_force(listed), detail=got.failure)
        if got.content is None:
            return self._unchanged(listed, text, _Arrived(content=b"", etag=etag, acceptance=acceptance))
        return self._judge(listed, text, _Arrived(content=got.content, etag=got.etag, acceptance=acceptance))

    def _get(self, list_id: str, source: str, etag: str | None, acceptance: Acceptance | None) -> Retrieved:
        """Ask the source, unless the very bytes that a person accepts are here: refused before, or earlier."""
        if acceptance is not None:
            waiting = self._folder.waiting(list_id)
            if waiting is None or sha256(waiting) != acceptance.digest:
                waiting = self._folder.version(acceptance.digest)
            if waiting is not None:
                return Retrieved(content=waiting)
        return self._retrieve(source, etag)

    def _judge(self, listed: ListRecord | KnownList, text: str, arrived: _Arrived) -> Outcome:
        digest, acceptance = sha256(arrived.content), arrived.acceptance
        if digest == _in_force(listed):
            return self._unchanged(listed, text, arrived)
        if (problem := self._unsigned(listed, arrived, digest, len(arrived.content))) is not None:
            return Outcome(id=listed.id, outcome="failed", digest=digest, in_force=_in_force(listed), detail=problem)
        despite = listed.despite if isinstance(listed, ListRecord) else ()
        after = self._survey(arrived.content, listed, despite)
        refused = Outcome(
            id=listed.id, outcome="refused", digest=digest, in_force=_in_force(listed),
            errors=tuple(after.errors), error_count=after.error_count, notes=after.notes, source=listed.source,
        )  # fmt: skip
        if after.error_count:
            return refused
        before = None
        if isinstance(listed, ListRecord):
            before = self._survey(self._folder.content(listed), listed, despite)
        refused = replace(refused, change=weigh(before, after))
        assert refused.change is not None  # noqa: S101 - for mypy: set one line above
        if acceptance is not None and acceptance.digest != digest:
            self._folder.put_waiting(listed.id, arrived.content)
            return replace(refused, detail=f"{acceptance.digest} was accepted, but what came is {digest}")
        if refused.change.doubts and acceptance is None:
            self._folder.put_waiting(listed.id, arrived.content)
            return refused
        self._put_in_force(listed, text, arrived, refused.change)
        self._tell(listed, digest, refused.change, acceptance)
        outcome = "updated" if isinstance(listed, ListRecord) else "new"
        return replace(refused, outcome=outcome, in_force=digest)

    def _survey(self, content: bytes, listed: ListRecord | KnownList, accepted: tuple[str, ...]) -> Survey:
        return survey(
            items_of(content, listed.format, listed.columns),
            is_suffix=self._suffixes.is_suffix,
            protected=self._protected,
            accepted=accepted,
        )

    def _unsigned(
        self, listed: ListRecord | KnownList, arrived: _Arrived, digest: Digest, octets: int | None
    ) -> str | None:
        """Why a version may not be taken that its publisher should have signed; a person's word stands for it."""
        if listed.signed_by is None or arrived.acceptance is not None:
            return None
        found = signed_terms(listed, self._retrieve, digest=digest, octets=octets, today=self._now.date())
        if isinstance(found, str):
            return found
        arrived.terms = found
        return None

    def _unchanged(self, listed: ListRecord | KnownList, text: str, arrived: _Arrived) -> Outcome:
        etag = arrived.etag
        if not isinstance(listed, ListRecord):
            return Outcome(id=listed.id, outcome="failed", detail="the source answered that nothing changed")
        if (problem := self._unsigned(listed, arrived, listed.digest, None)) is not None:
            return Outcome(id=listed.id, outcome="failed", in_force=listed.digest, detail=problem)
        if self._folder.read(listed.file) is None:  # whoever lost the file has it again
            self._folder.write(listed.file, self._folder.content(listed))
        changes: dict[str, Value | None] = {}
        if listed.updates and listed.last_checked != self._now.date():
            changes["last_checked"] = self._now.date()
        if etag != listed.etag and _is_storable(etag):
            changes["etag"] = etag
        changes |= {key: value for key, value in _signed(arrived).items() if value != getattr(listed, key)}
        if changes:
            self._folder.put_in_force(with_changes(text, "list", listed.id, changes), {})
        self._folder.put_waiting(listed.id, None)
        return Outcome(id=listed.id, outcome="unchanged", digest=listed.digest, in_force=listed.digest)

    def _put_in_force(self, listed: ListRecord | KnownList, text: str, arrived: _Arrived, change: Change) -> None:
        digest, today = sha256(arrived.content), self._now.date()
        accepted = sorted({doubt.name for doubt in change.doubts if doubt.name})
        changes: dict[str, Value | None] = {
            "fetched": None,
            "file": file_of(listed.id, digest),
            "retrieved_at": today,
            "sha256": digest.removeprefix("sha256:"),
            "entries": change.after,
            "updates": listed.updates,
            "last_checked": today if listed.updates else None,
            "etag": arrived.etag if _is_storable(arrived.etag) else None,
            "signed_until": None,  # the number stays: after a person's word the publisher still cannot go back
            **_signed(arrived),
        }
        old = None
        if isinstance(listed, ListRecord):
            old = listed.file
            self._folder.keep(self._folder.content(listed))
            accepted = sorted({*accepted, *listed.despite})
        if accepted:
            changes["despite"] = accepted
        if arrived.acceptance is not None:
            changes["accepted_by"] = arrived.acceptance.by
        catalog = with_changes(text, "list", listed.id, changes)
        self._folder.put_in_force(catalog, {str(changes["file"]): arrived.content}, leave=old)
        self._folder.put_waiting(listed.id, None)

    def _tell(
        self, listed: ListRecord | KnownList, digest: Digest, change: Change, acceptance: Acceptance | None
    ) -> None:
        # Not the moment at which the command began: from this one on no crawl asks for what the snapshot names.
        snapshot = take_snapshot(self._folder, now=datetime.now(UTC), note=f"after {listed.id} changed")
        self._folder.record(
            {
                "at": self._now.isoformat(),
                "list": listed.id,
                "before": _in_force(listed),
                "after": digest,
                "entries": change.after,
                "added": change.added,
                "removed": change.removed,
                "doubts": [doubt.problem for doubt in change.doubts],
                "accepted_by": acceptance.by if acceptance else None,
                "reason": acceptance.reason if acceptance else None,
                "snapshot": snapshot.digest,
                "tool": self._tool,
            }
        )


@dataclass(slots=True, kw_only=True)
class _Arrived:
    content: bytes
    etag: str | None
    acceptance: Acceptance | None
    terms: SignedTerms | None = None
    """What the publisher signed, once it has been verified."""


def _signed(arrived: _Arrived) -> dict[str, Value | None]:
    """Keys of the catalog that follow from what was signed."""
    terms = arrived.terms
    return {} if terms is None else {"signed_version": terms.version, "signed_until": terms.expires}


def items_of(content: bytes, form: str, columns: Columns | None = None) -> Iterator[Entry | Finding]:
    """Read a list without guarding names: who accepts what is asked elsewhere."""
    return read_list(io.BytesIO(content), format_named(form, columns), Guards(is_suffix=lambda _name: False))


def _in_force(listed: ListRecord | KnownList) -> Digest | None:
    return listed.digest if isinstance(listed, ListRecord) else None


def _is_storable(etag: str | None) -> bool:
    """Whether the catalog's reader takes it; an odd one costs a download, no more."""
    return bool(etag) and str(etag).isprintable() and len(str(etag)) <= _ETAG_LENGTH
