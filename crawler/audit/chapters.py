"""The chapters of an explanation, each about one link of the chain: sentences, places, and what does not fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawler.audit.chapter import Chapter, when
from crawler.audit.clauses import clauses
from crawler.audit.kept import policy_in_force
from crawler.audit.records import check_record
from crawler.audit.site_chapters import blocklist, robots, site_files
from crawler.errors import ClearcrawlError
from crawler.optout.registry import READERS
from crawler.policy.reasons import reason_of
from crawler.values.amounts import octets

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from crawler.audit.kept import History
    from crawler.audit.records import RecordCheck
    from crawler.storage.policies import OpenedPolicy
    from crawler.storage.reading import CrawlReader
    from crawler.values.url import Url

    Row = Mapping[str, Any]

_TITLES = {reader.id: f"{reader.title} ({reader.spec_version}, {reader.spec_url})" for reader in READERS}
_CARRIERS = {
    "site_file": "in the file",
    "response_head": "in a header field of the response for",
    "html_head": "in the HTML of",
    "media_file": "inside the file",
}
_PREFERENCES = {
    "reserved": "reserves",
    "conditional": "permits under a condition",
    "allowed": "permits",
}
_USES = {
    "train-genai": "training generative AI",
    "train-other": "training other models",
    "search": "search",
    "ai-input": "input of AI at use",
}


def chapters(reader: CrawlReader, history: History, url: Url, row: Row) -> Iterator[Chapter]:
    """Tell the chain of one row in the order in which the checks were made."""
    opened, policy = _policy(reader, history, url, row)
    yield _origin(row)
    if row["blocklist_id"] is not None:
        yield blocklist(reader, history, url, row)
    if row["robots_status"] is not None:
        yield robots(reader, history, url, row, opened)
        yield site_files(reader, history, url, row)
    checked = check_record(reader, url, row)
    if row["fetch_time"] is not None or row["warc_filename"] is not None:
        yield _response(row, checked)
    if row["access_barrier"] is not None:
        yield _barrier(row)
    yield _statements(history, url, row, checked)
    yield policy
    yield _verdict(row, checked)


def _origin(row: Row) -> Chapter:
    found = Chapter(topic="discovery", title="How the URL came up")
    if row["seed"]:
        found.sentences.append(f"The operator named it as a start of the crawl; noted at {when(row['discovered_at'])}.")
    else:
        where = f" on {row['referrer']}" if row["referrer"] else ""
        steps = f"{row['depth']} {'link' if row['depth'] == 1 else 'links'} away from a start"
        found.sentences.append(f"It was found{where} at {when(row['discovered_at'])}, {steps}.")
    if row["redirect_chain"]:
        chain = " -> ".join(row["redirect_chain"])
        found.sentences.append(f"Redirects led here: {chain}. What restricts an earlier hop binds this URL as well.")
    return found


def _response(row: Row, checked: RecordCheck) -> Chapter:
    found = Chapter(topic="response", title="What the server answered")
    if row["fetch_status"] is None:
        found.sentences.append(f"No whole answer came; asked at {when(row['fetch_time'])}.")
    else:
        kind = f", {row['content_mime_type']}" if row["content_mime_type"] else ""
        size = octets(row["bytes_fetched"])
        found.sentences.append(f"Asked at {when(row['fetch_time'])}, it answered {row['fetch_status']}{kind}, {size}.")
    if row["fetch_redirect"] is not None:
        found.sentences.append(
            f"It redirects to {row['fetch_redirect']}, which is judged for itself: explain that URL."
        )
    for name in ("ip_address", "tls_version", "certificate_digest", "content_digest"):
        if row[name] is not None:
            found.evidence.append((name.replace("_", " "), row[name]))
    found.problems += checked.problems
    return found


def _barrier(row: Row) -> Chapter:
    found = Chapter(topic="barrier", title="Access barrier")
    found.sentences.append(
        f"The site put a barrier before its content ({row['access_barrier']}); nothing got round it."
    )
    found.sentences.append(f"It was recognised by: {row['barrier_evidence']}")
    found.sentences.append(f"What was done: {str(row['barrier_action']).replace('_', ' ')}.")
    return found


def _statements(history: History, url: Url, row: Row, checked: RecordCheck) -> Chapter:
    found = Chapter(topic="statements", title="What rights holders said")
    for one in row["statements"]:
        use = _USES.get(one["use"], one["use"])
        found.sentences.append(
            f"{one['protocol']} {_PREFERENCES[one['preference']]} {use}, {_CARRIERS[one['carrier']]} "
            f"{one['source_url']}, read at {when(one['retrieved_at'])}: {one['value']}"
        )
        found.evidence.append(("protocol", _TITLES.get(one["protocol"], one["protocol"])))
        found.evidence.append(("read from", f"{one['evidence_digest']} by reader version {one['reader_version']}"))
        place = _place_of(history, url, one, checked)
        if place is None:
            found.problems.append(f"{one['protocol']}: the bytes {one['evidence_digest']} are not where they belong")
        else:
            found.evidence.append(("kept in", place))
    if not row["statements"]:
        found.sentences.append("Nobody said anything about this URL in what was read.")
    for one in row["statements_unread"]:
        found.sentences.append(f"Not read: {one['protocol']} ({one['why']}).")
    found.evidence = list(dict.fromkeys(found.evidence))
    return found


def _place_of(history: History, url: Url, statement: Mapping[str, Any], checked: RecordCheck) -> str | None:
    digest, source = statement["evidence_digest"], statement["source_url"]
    for looks in history.looks.values():
        for look in looks:
            if look.digest == digest:
                return look.place
    if source != url.text:
        return f"the records of {source}: explain that URL"
    return checked.place if digest in checked.digests else None


def _policy(reader: CrawlReader, history: History, url: Url, row: Row) -> tuple[OpenedPolicy | None, Chapter]:
    found = Chapter(topic="policy", title="The policy in force")
    found.sentences.append(f"Version {row['policy_version']}, profile {row['profile']}, purpose {row['purpose']}.")
    found.evidence.append(("policy", row["policy_digest"]))
    try:
        opened = policy_in_force(reader, history, row["policy_digest"], row["tool_version"])
        decisive = clauses(row, url, opened)
    except (ClearcrawlError, ValueError) as error:
        found.problems.append(str(error))
        return None, found
    for clause in decisive:
        if clause.line is None:
            found.sentences.append(f"{clause.file} does not write {clause.key}; its default holds.")
        else:
            found.sentences.append(f"{clause.file} line {clause.line} ({clause.key}): {clause.literal}")
    if not decisive:
        found.sentences.append(
            f"That {row['reason']} leads to {row['verdict']} is fixed; no key of the policy changes it."
        )
    found.evidence += [(one.name, f"policies/{one.digest.replace(':', '-')}") for one in opened.files]
    return opened, found


def _verdict(row: Row, checked: RecordCheck) -> Chapter:
    found = Chapter(topic="verdict", title="The verdict, and what is kept")
    stage = "before anything was asked of the page" if row["stage"] == "before_fetch" else "after the answer was seen"
    made = f"{row['verdict']} for {row['purpose']}, made at {when(row['decided_at'])}, {stage}"
    found.sentences.append(f"{made}; joined state: {row['state']}.")
    found.sentences.append(f"For a search index, judged apart: {row['verdict_search_index']}.")
    found.sentences += [f"{code}: {reason_of(code).sentence}" for code in row["reasons"]]
    if checked.place is None:
        found.sentences.append("No record was written besides this row.")
    elif row["verdict"] == "allow":
        found.sentences.append(f"The answer is kept as sent, {octets(row['bytes_retained'])}.")
    else:
        found.sentences.append("No body is kept; head, statements and the body's digest are kept as evidence.")
    if checked.place is not None:
        found.evidence += [("record", checked.place), ("record id", row["record_id"])]
    found.evidence.append(("row", f"log entry number {row['seq']}, {row['leaf_hash']}"))
    return found
