"""Chapters on what holds for a whole site: the blocklists, robots.txt, and the files that may reserve rights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawler.audit.chapter import Chapter, when
from crawler.audit.kept import lists_in_force, outcome_of, stored_file
from crawler.errors import ClearcrawlError, DamagedStateError
from crawler.optout.robots.text import as_meant, read_text
from crawler.policy.reasons import reason_of
from crawler.policy.site import ROBOTS_PATH, robots_rules

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crawler.audit.kept import History, Look
    from crawler.storage.policies import OpenedPolicy
    from crawler.storage.reading import CrawlReader
    from crawler.values.url import Url

    Row = Mapping[str, Any]

_FOUND = {
    "read": "was found and read",
    "absent": "does not exist there",
    "soft_404": "does not exist there: a page for people was sent instead",
    "not_fetched": "was not asked for",
    "unread": "could not be read",
}


def blocklist(reader: CrawlReader, history: History, url: Url, row: Row) -> Chapter:
    """The entry that names the URL, and its line in the kept list."""
    found = Chapter(topic="blocklist", title="Blocklist")
    found.sentences.append(f"The list {row['blocklist_id']} names {row['blocklist_entry']}.")
    found.evidence += [("list", str(row["blocklist_digest"])), ("lists in force", row["lists_digest"])]
    try:
        opened = lists_in_force(reader, history, row["lists_digest"], row["decided_at"].date())
    except ClearcrawlError as error:
        found.problems.append(str(error))
        return found
    listed = opened.matcher.about_url(url)
    if listed is None or (listed.list_id, listed.entry) != (row["blocklist_id"], row["blocklist_entry"]):
        found.problems.append("the kept lists do not name this URL as the row says")
        return found
    name = next((file.name for file in opened.files if file.digest == listed.list_digest), listed.list_id)
    literal = _line(next(file.content for file in opened.files if file.digest == listed.list_digest), listed.line)
    found.sentences.append(f"The kept copy of {name} says so in line {listed.line}: {literal}")
    record = next((one.record for one in opened.lists if one.id == listed.list_id), None)
    if record is not None:
        found.sentences.append(
            f"The list is {record.title}, issued by {record.issuer}; legal basis: {record.legal_basis}."
        )
    found.evidence.append(("kept as", f"blocklists/{listed.list_digest.replace(':', '-')}"))
    return found


def robots(reader: CrawlReader, history: History, url: Url, row: Row, opened: OpenedPolicy | None) -> Chapter:
    """What robots.txt says: the outcome of asking, the deciding line in the kept bytes, and both again."""
    found = Chapter(topic="robots", title="robots.txt")
    is_closed = row["reason"] == "robots_disallow"
    found.sentences.append(reason_of(row["reason" if is_closed else "robots_status"]).sentence)
    look = history.robots_look(url.origin, row)
    if look is None:
        found.problems.append("the log holds no look at robots.txt that fits the row")
        return found
    found.sentences.append(_told(look))
    found.evidence += _evidence(look)
    if row["robots_group"] is not None:
        found.sentences.append(f"The group that binds us is that of: {' / '.join(row['robots_group'].splitlines())}")
    try:
        stored = stored_file(reader, look)
        if row["robots_line"] is not None and stored.body is not None:
            _quote_line(found, stored.body, row)
        if opened is not None:
            answer = robots_rules(stored, opened.policy).answer(url)
            if (answer.code, answer.rule, answer.line) != (
                row["robots_status"],
                row["robots_rule"],
                row["robots_line"],
            ):
                found.problems.append(f"read again, robots.txt says {answer.reason}, line {answer.line}: {answer.rule}")
            else:
                found.sentences.append("Read again from the kept bytes, it gives the same answer.")
    except DamagedStateError as error:
        found.problems.append(str(error))
    return found


def _quote_line(found: Chapter, body: bytes, row: Row) -> None:
    """Show the line as it stands in the stored bytes, and compare it with what the row says."""
    text = read_text(body, limit=len(body), is_truncated=False)
    literal = _line(text, row["robots_line"])
    verb = "closes" if row["reason"] == "robots_disallow" else "decides for"
    found.sentences.append(f"Line {row['robots_line']} {verb} this URL: {literal}")
    meant = as_meant(text)
    if str(row["robots_rule"]).strip() not in {literal, literal if meant is None else _line(meant, row["robots_line"])}:
        found.problems.append(f"the row says of that line: {row['robots_rule']}")


def _line(content: bytes, number: int) -> str:
    lines = content.split(b"\n")
    return lines[number - 1].decode("utf-8", "replace").strip() if number <= len(lines) else ""


def site_files(reader: CrawlReader, history: History, url: Url, row: Row) -> Chapter:
    """Every other file that was looked at before the verdict: found, absent and not fetched alike."""
    found = Chapter(topic="site_files", title="Files of the site that may reserve rights")
    looks = history.looks_before(url.origin, row["decided_at"])
    for path in sorted(looks.keys() - {ROBOTS_PATH}):
        look = looks[path]
        try:
            outcome = outcome_of(reader, look)
        except (DamagedStateError, ValueError) as error:
            found.problems.append(f"{path}: {error}")
            continue
        why = f" ({outcome.why})" if outcome.why not in {"", outcome.found} else ""
        found.sentences.append(f"{path} {_FOUND[outcome.found]}{why}; looked at {when(look.retrieved_at)}.")
        found.evidence += _evidence(look, name=path)
    if not looks.keys() - {ROBOTS_PATH}:
        found.sentences.append("None had been asked for when the verdict was made.")
    return found


def _told(look: Look) -> str:
    facts = look.facts
    answer = f"status {facts['status']}" if facts["error"] is None else f"error: {facts['error']}"
    hops = f" after redirects to {', '.join(facts['hops'])}" if facts["hops"] else ""
    return f"It was asked for at {when(look.retrieved_at)}: {answer}{hops}."


def _evidence(look: Look, *, name: str = "robots.txt") -> list[tuple[str, str]]:
    found = [] if look.digest is None else [(f"{name} bytes", look.digest)]
    if look.place is not None:
        found.append((f"{name} kept in", look.place))
    return [*found, ("log entry", f"number {look.seq}")]
