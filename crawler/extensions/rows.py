"""Makes the final row of a visit from what the visit knows; the store adds sequence, leaf and the WARC place."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from crawler.provenance.row import SCHEMA_VERSION, ManifestRow, StatementColumn, UnreadColumn
from crawler.storage.entries import Via
from crawler.values.duration import duration
from crawler.values.media_type import detect, essence_of, modality
from crawler.values.redaction import SECRET_NAMES, redact
from crawler.values.surt import surt_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from crawler.blocklists.interface import Listed
    from crawler.extensions.visit import Visit
    from crawler.optout.robots.access import RobotsAnswer
    from crawler.optout.statement import Statement
    from crawler.policy.barriers import Barrier
    from crawler.policy.decision import Decision
    from crawler.policy.facts import ListsInForce
    from crawler.storage.suffixes import BundledSuffixes
    from crawler.values.digest import Digest

_NOT_FETCHED: Mapping[str, Any] = dict.fromkeys(
    (
        *("fetch_time", "fetch_status", "fetch_redirect", "content_digest", "content_mime_type"),
        *("content_mime_detected", "content_charset", "content_languages", "content_truncated", "modality"),
        *("content_languages_method",),
        *("ip_address", "tls_version", "tls_cipher", "certificate_digest", "image_count", "duration_s"),
    )
)
_LATER: Mapping[str, Any] = dict.fromkeys(
    (
        *("warc_filename", "warc_record_offset", "warc_record_length", "seq", "leaf_hash", "salt", "erased_at"),
        *("url_final", "near_duplicate_hash", "licence", "dataset_id", "country_hint", "site_category"),
        *("ai_generated_flag", "ai_generated_method", "tokens", "tokenizer_id", "payload_crawl_id"),
        *("near_duplicate_method", "country_hint_method", "site_category_method"),
    )
)
_NO_LANGUAGES: Mapping[str, None] = dict.fromkeys(("content_languages", "content_languages_method"))
_NO_ROBOTS: Mapping[str, Any] = dict.fromkeys(
    ("robots_digest", "robots_status", "robots_group", "robots_rule", "robots_line", "robots_retrieved_at")
)
_NO_BARRIER: Mapping[str, Any] = dict.fromkeys(("access_barrier", "barrier_action", "barrier_evidence"))
_NO_LIST: Mapping[str, Any] = dict.fromkeys(("blocklist_id", "blocklist_digest", "blocklist_entry", "blocklist_line"))


class RowMaker:
    """One per run. ``run`` holds the columns that are the same in every row; ``secret`` keys the redaction (R7.1)."""

    def __init__(
        self, run: Mapping[str, Any], suffixes: BundledSuffixes, secret: bytes, *, is_recrawl: bool = False
    ) -> None:
        """``is_recrawl``: whether earlier crawls are named, against which changes are told."""
        self._is_recrawl = is_recrawl
        self._constant = {**_LATER, **run, "schema_version": SCHEMA_VERSION}
        self._now = self._lists_columns()
        self._by_lists = {run["lists_digest"]: self._now}
        self._suffixes = suffixes
        self._secret = secret

    def use_lists(self, digest: Digest, config_digest: Digest) -> None:
        """Name other blocklists, and the configuration with them, in the rows of decisions that rest on them."""
        self._constant |= {"lists_digest": digest, "config_digest": config_digest}
        self._now = self._by_lists[digest] = self._lists_columns()

    def _lists_columns(self) -> dict[str, Any]:
        return {name: self._constant.pop(name) for name in ("lists_digest", "config_digest")}

    def _about_lists(self, lists: ListsInForce | None) -> Mapping[str, Any]:
        return self._by_lists.get(lists.digest, self._now) if lists is not None else self._now

    def make(self, visit: Visit, decision: Decision, record_id: str) -> ManifestRow:
        """Build the row of a verdict that is final."""
        return ManifestRow(
            **self._constant,
            change=_change(visit, decision) if self._is_recrawl else None,
            **self._about_url(visit),
            **_about_decision(decision, record_id),
            **self._about_response(visit, decision),
            **_about_robots(visit.robots),
            **_about_barrier(visit.barrier),
            **_about_list(decision.listed),
            **self._about_lists(decision.lists),
        )

    def redacted(self, text: str) -> str:
        """Give a URL as rows and reports may show it; the exact one is the record's target URI."""
        if "?" not in text and "@" not in text and "=" not in text:
            return text
        return redact(text, SECRET_NAMES, self._secret)

    def _about_url(self, visit: Visit) -> dict[str, Any]:
        url, new = visit.url, visit.new
        shown = self.redacted(url.text)
        is_exact = shown == url.text
        return {
            "url": shown,
            "url_surtkey": surt_of(url) if is_exact else self.redacted(surt_of(url)),
            "url_host_name": url.host,
            "url_host_registered_domain": self._suffixes.registered_domain(url.host),
            "url_host_registry_suffix": self._suffixes.registry_suffix(url.host),
            "url_protocol": url.scheme,
            "url_path": url.path,
            "seed": new.via is Via.SEED,
            "referrer": None if new.referrer is None else self.redacted(new.referrer),
            "depth": new.depth,
            "discovered_at": new.discovered_at,
            "redirect_chain": [self.redacted(hop) for hop in new.chain],
        }

    def _about_response(self, visit: Visit, decision: Decision) -> dict[str, Any]:
        exchange = visit.exchange
        if exchange is None or exchange.started_at is None:
            return {**_NOT_FETCHED, "bytes_fetched": 0, "bytes_retained": 0}
        is_kept = decision.verdict == "allow"
        is_whole = exchange.is_body_complete
        declared = essence_of(visit.content_type)
        detected = detect(visit.body, declared) if is_whole else declared
        kind = modality(detected)
        page = visit.page
        redirect = visit.redirect_text
        return {
            "fetch_time": exchange.started_at,
            "fetch_status": exchange.status,
            "fetch_redirect": None if redirect is None else self.redacted(redirect),
            "content_digest": _payload_digest(visit) if is_whole else None,
            "content_mime_type": declared,
            "content_mime_detected": detected,
            "content_charset": None if page is None else page.charset,
            **_languages(visit),
            "content_truncated": None if is_whole or exchange.status is None else "length",
            "modality": kind,
            "ip_address": exchange.ip_address,
            "tls_version": exchange.tls_version,
            "tls_cipher": exchange.tls_cipher,
            "certificate_digest": exchange.certificate_digest,
            "image_count": None if page is None else len(page.images),
            "duration_s": duration(visit.body) if is_whole and kind in {"audio", "video"} else None,
            "bytes_fetched": exchange.bytes_received,
            "bytes_retained": len(exchange.body_as_sent) if is_kept else 0,
        }


def _payload_digest(visit: Visit) -> Digest | None:
    if visit.is_unchanged and visit.copy is not None:
        return visit.copy.digest
    return None if visit.exchange is None else visit.exchange.payload_digest


def _change(visit: Visit, decision: Decision) -> str | None:
    """Tell the row from the newest one of earlier crawls."""
    before = visit.before
    was_kept = before is not None and before.is_page
    if decision.verdict == "allow" and visit.redirect is None:
        if before is None or not was_kept:
            return "new"
        return "unchanged" if before.digest == _payload_digest(visit) else "changed"
    if not was_kept or decision.verdict == "defer":
        return None
    if decision.verdict == "allow":
        return "moved"
    return "vanished" if decision.reason == "http_unavailable" else "refused"


def _about_decision(decision: Decision, record_id: str) -> dict[str, Any]:
    return {
        "record_id": record_id,
        "decided_at": datetime.now(UTC),
        "stage": decision.stage.value,
        "access": decision.access.value,
        "state": decision.state.value,
        "verdict": decision.verdict.value,
        "verdict_search_index": decision.verdict_search_index.value,
        "reason": decision.reason,
        "reasons": list(decision.reasons),
        "agreement_ref": decision.agreement_ref,
        "statements": [_statement(one) for one in decision.statements],
        "statements_unread": [UnreadColumn(protocol=one.protocol, why=one.why) for one in decision.unread],
    }


def _statement(statement: Statement) -> StatementColumn:
    return StatementColumn(
        protocol=statement.protocol,
        use=statement.use.value,
        preference=statement.preference.value,
        carrier=statement.carrier.value,
        layer=statement.layer.value,
        value=statement.value,
        source_url=statement.source.url,
        evidence_digest=statement.source.digest,
        retrieved_at=statement.source.retrieved_at,
        reader_version=statement.reader_version,
    )


def _about_robots(answer: RobotsAnswer | None) -> Mapping[str, Any]:
    if answer is None:
        return _NO_ROBOTS
    return {
        "robots_digest": answer.digest,
        "robots_status": answer.code.value,
        "robots_group": answer.group,
        "robots_rule": answer.rule,
        "robots_line": answer.line,
        "robots_retrieved_at": answer.retrieved_at,
    }


def _about_barrier(barrier: Barrier | None) -> Mapping[str, Any]:
    if barrier is None:
        return _NO_BARRIER
    return {
        "access_barrier": barrier.kind.value,
        "barrier_action": barrier.action.value,
        "barrier_evidence": barrier.evidence,
    }


def _about_list(listed: Listed | None) -> Mapping[str, Any]:
    if listed is None:
        return _NO_LIST
    return {
        "blocklist_id": listed.list_id,
        "blocklist_digest": listed.list_digest,
        "blocklist_entry": listed.entry,
        "blocklist_line": listed.line,
    }


def _languages(visit: Visit) -> Mapping[str, str | None]:
    """Markup first, then the header."""
    markup = [] if visit.page is None or not visit.page.lang else [visit.page.lang]
    header = visit.values(b"content-language")
    if not markup and not header:
        return _NO_LANGUAGES
    tags = dict.fromkeys(tag.strip().lower() for tag in (*markup, *header) if tag.strip())
    spoke = [name for name, named in (("markup", markup), ("header", header)) if named]
    return {"content_languages": ",".join(tags) or None, "content_languages_method": "+".join(spoke) if tags else None}
