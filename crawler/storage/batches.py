"""One group commit: stages a batch's WARC records, then writes everything that belongs to it in one transaction."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from crawler.errors import StorageError
from crawler.provenance.leaf import time_text
from crawler.storage.entries import AttemptOutcome, Committed, RecordDraft, UrlState, WarcKind
from crawler.storage.recording import first_place
from crawler.storage.revisits import IDENTICAL_PAYLOAD, Held, revisit
from crawler.storage.warc import new_record_id, payload_digest
from crawler.values.digest import sha256
from crawler.values.redaction import SECRET_NAMES, redact
from crawler.values.url import CanonicalUrl
from crawler.values.url_shape import shape_of

if TYPE_CHECKING:
    from crawler.storage.entries import Batch, Claim, Outcome, SiteFileEntry
    from crawler.storage.frontier import Frontier
    from crawler.storage.journal import Journal
    from crawler.storage.previous import Previous
    from crawler.storage.recording import Place, Recorder
    from crawler.storage.warc_files import WarcFile
    from crawler.values.digest import Digest

_ALLOW = "allow"
_COUNTED = {
    UrlState.WAITING: "waiting",
    UrlState.SENT: "sent",
    UrlState.DONE: "done",
    UrlState.FAILED: "failed",
    UrlState.DENIED: "denied",
}


class BatchWriter:
    """Knows the order of the steps; the store decides when, and what a failure means."""

    def __init__(
        self,
        journal: Journal,
        frontier: Frontier,
        recorder: Recorder,
        *,
        crawl_number: int,
        previous: Previous | None = None,
    ) -> None:
        """``previous`` are crawls in other folders that may hold a payload already."""
        self._journal = journal
        self._previous = previous
        self._frontier = frontier
        self._recorder = recorder
        self._crawl_number = crawl_number
        self._run = journal.connection.execute
        self._run_all = journal.connection.executemany

    def commit(self, batch: Batch, *, wall: float, monotonic: float) -> Committed:
        """Write the batch. Raises StorageError, OSError, sqlite3.Error, ValueError; the caller stops then."""
        for outcome in batch.outcomes:
            _check(outcome)
        if any(draft.kind is WarcKind.PAGES for draft in (*batch.records, *_site_drafts(batch.site_files))):
            raise StorageError("a page record without an outcome")
        staged = _Staging(self._journal, self._recorder, self._previous)
        outcomes = [(outcome, [staged.page(draft) for draft in outcome.records]) for outcome in batch.outcomes]
        site_files = [(entry, *staged.site_file(entry)) for entry in batch.site_files]
        others = [self._recorder.stage(draft) for draft in batch.records]
        grown = self._recorder.write()
        with self._journal.transaction():
            self._files(grown)
            self._records((None, None, place) for place in others)
            return self._write(batch, outcomes, site_files, staged.alike, wall=wall, monotonic=monotonic)

    def _write(
        self,
        batch: Batch,
        outcomes: list[tuple[Outcome, list[Place]]],
        site_files: list[tuple[SiteFileEntry, list[Place], Place | None]],
        alike: list[str],
        *,
        wall: float,
        monotonic: float,
    ) -> Committed:
        deltas: Counter[str] = Counter()
        now = time_text(datetime.fromtimestamp(wall, UTC))
        self._ends(batch, wall)
        self._log_tries(batch, now)
        rows = self._rows(outcomes, deltas)
        for entry, places, body in site_files:
            self._site_file(entry, places, body, deltas)
        for event in batch.events:
            self._journal.log_event(event.type, time=now, body=event.body)
        touched = self._settle(batch, deltas)
        self._frontier.count_alike(alike)
        self._frontier.give_back(one.claim.new.lane for one in batch.outcomes if _was_never_asked(one))
        intents = self._frontier.intend((intent.url for intent in batch.intents), wall=wall, monotonic=monotonic)
        self._frontier.refresh(touched)
        links = (link for outcome in batch.outcomes for link in outcome.links)
        added = self._frontier.add((*batch.new_urls, *links))
        claims: tuple[Claim, ...] = ()
        if batch.claim is not None:
            claims = self._frontier.claim(batch.claim, wall=wall, monotonic=monotonic)
        deltas.update({"waiting": added - len(claims), "sent": len(claims)})
        taken = tuple(
            self._frontier.take(wanted, crawl_number=self._crawl_number, wall=wall, monotonic=monotonic)
            for wanted in batch.takes
        )
        for one in taken:
            deltas["waiting"] += one.is_new
            if one.claim is not None:
                deltas[_COUNTED[one.state]] -= 1
                deltas["sent"] += 1
        self._journal.add(deltas)
        return Committed(
            claims=claims, intents=intents, taken=taken, new_urls=added, rows=rows,
            waiting=self._one("SELECT coalesce(max(value), 0) FROM counters WHERE name = 'waiting'"),
        )  # fmt: skip

    def _log_tries(self, batch: Batch, now: str) -> None:
        """Tries without a final row are entries of the log (design section 4), without the secrets of their URL."""
        for outcome in batch.outcomes:
            if outcome.row is not None or not outcome.claim.attempt_id:
                continue
            told = {"attempt": outcome.claim.attempt_id, "url": redacted(self._journal, outcome.claim.new.url)}
            if outcome.attempt is AttemptOutcome.INTERRUPTED:
                self._journal.log_event("attempt_interrupted", time=now, body=told)
                continue
            due = None if outcome.not_before is None else time_text(datetime.fromtimestamp(outcome.not_before, UTC))
            detail = redacted(self._journal, outcome.detail)
            body = told | {"outcome": outcome.attempt.value, "detail": detail, "not_before": due}
            self._journal.log_event("attempt_failed", time=now, body=body)

    def _one(self, query: str) -> int:
        value: int = self._run(query).fetchone()[0]
        return value

    def _files(self, grown: list[tuple[WarcKind, WarcFile]]) -> None:
        self._run_all(
            "INSERT INTO files (name, kind, warcinfo_id, length, sha256) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (name) DO UPDATE SET length = excluded.length, sha256 = excluded.sha256",
            [(file.name, kind.value, file.warcinfo_id, file.position, file.digest) for kind, file in grown],
        )

    def _ends(self, batch: Batch, wall: float) -> None:
        ends = [
            (outcome.attempt.value, wall, outcome.detail, outcome.claim.attempt_id)
            for outcome in batch.outcomes
            if outcome.claim.attempt_id
        ]
        ends += [(end.attempt.value, wall, end.detail, end.attempt_id) for end in batch.intent_outcomes]
        ends += [
            (entry.attempt.value, wall, "", entry.attempt_id)
            for entry in batch.site_files
            if entry.attempt_id is not None
        ]
        ends += [("released", wall, "", claim.attempt_id) for claim in batch.releases]
        if self._frontier.end_attempts(ends) != len(ends):
            raise StorageError("an attempt ended twice, or was never written down")

    def _rows(self, outcomes: list[tuple[Outcome, list[Place]]], deltas: Counter[str]) -> int:
        rows = 0
        records: list[tuple[int | None, int | None, Place]] = []
        for outcome, places in outcomes:
            seq = None
            if outcome.row is not None:
                columns = outcome.row.columns()
                if outcome.late is not None:
                    columns |= outcome.late(columns)
                place = first_place(places)
                if place is not None:
                    columns["warc_filename"] = place.path
                    columns["warc_record_offset"] = place.offset
                    columns["warc_record_length"] = place.length
                    if place.type == "revisit":
                        columns["bytes_retained"] = 0
                        columns["payload_crawl_id"] = place.payload_crawl_id
                seq = self._journal.log_row(columns)
                rows += 1
                deltas[f"rows_{columns['verdict']}"] += 1
                if columns["change"] is not None:
                    deltas[f"change_{columns['change']}"] += 1
                deltas["pages_kept"] += columns["verdict"] == "allow" and columns["fetch_redirect"] is None
                deltas["bytes_fetched"] += columns["bytes_fetched"]
                deltas["bytes_retained"] += columns["bytes_retained"]
            records += [(seq, outcome.claim.attempt_id or None, place) for place in places]
        self._records(records)
        held = [
            (_octets(place.payload), place.record_id, place.target_uri, time_text(place.date))
            for _, _, place in records
            if place.kind is WarcKind.PAGES and place.type == "response" and place.payload is not None
        ]
        self._run_all("INSERT OR IGNORE INTO held VALUES (?, ?, ?, ?)", held)
        return rows

    def _records(self, records: Any) -> None:
        self._run_all(
            "INSERT INTO records (seq, attempt_id, file, offset, length, type, record_id, payload)"
            " VALUES (?, ?, (SELECT id FROM files WHERE name = ?), ?, ?, ?, ?, ?)",
            [
                (seq, attempt, place.file, place.offset, place.length, place.type, place.record_id,
                 None if place.payload is None else _octets(place.payload))
                for seq, attempt, place in records
            ],
        )  # fmt: skip

    def _site_file(self, entry: SiteFileEntry, places: list[Place], body: Place | None, deltas: Counter[str]) -> None:
        self._records((None, entry.attempt_id, place) for place in places)
        if body is not None and entry.digest is not None:
            self._run(
                "INSERT OR IGNORE INTO evidence VALUES (?, ?, ?, ?)",
                (entry.digest, body.file, body.offset, body.length),
            )
        retrieved, expires = time_text(entry.retrieved_at), time_text(entry.expires_at)
        self._run(
            "INSERT OR REPLACE INTO site_files VALUES (?, ?, ?, ?, ?, ?, ?)",
            (entry.origin, entry.path, entry.outcome, entry.digest, retrieved, expires, entry.attempt_id),
        )
        found = self._run("SELECT file, offset, length FROM evidence WHERE digest = ?", (entry.digest,)).fetchone()
        self._journal.log_event(
            "site_file",
            time=retrieved,
            body={
                "origin": entry.origin, "path": entry.path, "outcome": json.loads(entry.outcome),
                "digest": entry.digest, "expires_at": expires,
                "body": None if found is None else {"file": f"warc/{found[0]}", "offset": found[1], "length": found[2]},
                "records": [{"file": place.path, "offset": place.offset, "length": place.length} for place in places],
            },
        )  # fmt: skip
        deltas["site_files"] += 1

    def _settle(self, batch: Batch, deltas: Counter[str]) -> set[str]:
        """New states of the frontier; answer the lanes that may be due at another time now."""
        states = []
        touched = {claim.new.lane for claim in batch.releases}
        for outcome in batch.outcomes:
            before = UrlState.SENT if outcome.claim.attempt_id else UrlState.WAITING
            number = self._crawl_number if outcome.row is not None else 0
            state = outcome.state
            # The final row of a parked URL leaves it parked as long as it was.
            not_before = outcome.not_before or (0.0 if outcome.claim.attempt_id else None)
            frontier_id, crawl = outcome.claim.frontier_id, self._crawl_number
            states.append((state, not_before, number, frontier_id, before, crawl, outcome.detail))
            deltas[_COUNTED[before]] -= 1
            deltas[_COUNTED[state]] += 1
            if UrlState.WAITING in (state, before):
                touched.add(outcome.claim.new.lane)
        if self._frontier.settle(states) != len(states):
            raise StorageError("an outcome for a URL that was not given out, or that has its row already")
        if any(not outcome.claim.attempt_id for outcome in batch.outcomes):
            # Final rows of parked URLs: from here on a start begins another crawl, or a URL could get two rows.
            self._journal.put("ended", 1)
        released = self._frontier.release(batch.releases)
        if released != len(batch.releases):
            raise StorageError("a claim was handed back that was not out")
        deltas.update({"waiting": released, "sent": -released})
        return touched


class _Staging:
    """Stages the records of a batch, and turns a payload that is held already into a revisit."""

    def __init__(self, journal: Journal, recorder: Recorder, previous: Previous | None) -> None:
        self._run = journal.connection.execute
        self._recorder = recorder
        self._previous = previous
        self._new: dict[Digest, Held] = {}
        self.alike: list[str] = []
        """Shapes of URLs that brought the body of another URL of the same shape."""

    def page(self, draft: RecordDraft) -> Place:
        """Stage one record of an outcome."""
        if draft.type != "response" or draft.kind is not WarcKind.PAGES or not draft.body:
            return self._recorder.stage(draft)
        payload = payload_digest(draft)
        if payload is None:  # pragma: no cover - a response always has one
            return self._recorder.stage(draft)
        first = self._new.get(payload) or self._held(payload)
        if first is not None and "WARC-Truncated" not in (draft.fields or {}):
            shape = shape_of(CanonicalUrl(draft.target_uri))
            if shape is not None and draft.target_uri != first.target_uri:
                self.alike += [shape] * (shape == shape_of(CanonicalUrl(first.target_uri)))
            return self._recorder.stage(revisit(draft, payload, first, profile=IDENTICAL_PAYLOAD))
        self._new[payload] = Held(record_id=draft.record_id, target_uri=draft.target_uri, date=time_text(draft.date))
        return self._recorder.stage(draft if draft.payload_digest else replace(draft, payload_digest=payload))

    def _held(self, payload: Digest) -> Held | None:
        query = "SELECT record_id, url, date FROM held WHERE payload = ?"
        found: tuple[str, str, str] | None = self._run(query, (_octets(payload),)).fetchone()
        if found is not None:
            record_id, url, date = found
            return Held(record_id=record_id, target_uri=url, date=date)
        return None if self._previous is None else self._previous.held(payload)

    def site_file(self, entry: SiteFileEntry) -> tuple[list[Place], Place | None]:
        """Stage the evidence of a site file; answer its places, and where the body as parsed can be read."""
        places = [self._recorder.stage(draft) for draft in entry.records]
        if entry.body is None or entry.digest is None:
            return places, None
        if sha256(entry.body) != entry.digest:
            raise ValueError(f"body of {entry.origin}{entry.path} does not match its digest")
        for draft, place in zip(entry.records, places, strict=True):
            if place.payload == entry.digest and draft.type in {"response", "resource", "conversion"}:
                return places, place
        found = self._run("SELECT 1 FROM evidence WHERE digest = ?", (entry.digest,)).fetchone()
        if found is not None:
            return places, None
        source = next((place for place in places if place.type == "response"), None)
        place = self._recorder.stage(
            RecordDraft(
                kind=WarcKind.EVIDENCE,
                type="conversion" if source else "resource",
                target_uri=entry.path if "://" in entry.path else entry.origin + entry.path,
                date=entry.retrieved_at,
                record_id=new_record_id(),
                content_type="application/octet-stream",
                body=entry.body,
                payload_digest=entry.digest,
                fields={"WARC-Refers-To": f"<{source.record_id}>"} if source else None,
            )
        )
        return [*places, place], place


def _check(outcome: Outcome) -> None:
    """The invariants of design section 3, before a single octet is written."""
    is_allowed = outcome.row is not None and outcome.row.verdict == _ALLOW
    has_page = any(draft.kind is WarcKind.PAGES for draft in outcome.records)
    url = outcome.claim.new.url
    if has_page and not is_allowed:
        raise StorageError(f"a page record without a row that says allow: {url}")
    if is_allowed and not any(draft.type in {"response", "revisit", "resource"} for draft in outcome.records):
        raise StorageError(f"a row that says allow without a record: {url}")


def _was_never_asked(outcome: Outcome) -> bool:
    """Whether a claim ended for good without a request."""
    is_final = outcome.row is not None and outcome.claim.attempt_id != 0
    return is_final and outcome.row is not None and outcome.row.fetch_time is None and not outcome.records


def _site_drafts(entries: tuple[SiteFileEntry, ...]) -> list[RecordDraft]:
    return [draft for entry in entries for draft in entry.records]


def redacted(journal: Journal, text: str) -> str:
    """A text for the log: values that look like secrets are hidden (R7.1)."""
    return redact(text, SECRET_NAMES, bytes.fromhex(journal.get("secret") or ""))


def _octets(digest: Digest) -> bytes:
    return bytes.fromhex(digest.partition(":")[2])
