"""Facts to the pages of the site, by templates with escaping on; nothing loads or runs but the look-up's own script."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from crawler.complaints.fields import FIELDS, schema
from crawler.publishing.facts import FORMAT
from crawler.publishing.feed import CHANGES_PAGE, anchor, told
from crawler.reports.rendering import CONTENT_SECURITY_POLICY, furnish
from crawler.signing.identity import DIRECTORY_PATH
from crawler.values.printable import for_terminal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawler.storage.announcements import Announcement

HOME = "index.html"
IP_FILE = "ip-ranges.json"
KEY_FILE = DIRECTORY_PATH.removeprefix("/")
PAGES = (
    (HOME, "The crawler"),
    ("lookup.html", "Was my domain crawled?"),
    ("complaints.html", "Complaints"),
    ("policy-summary.html", "Policy"),
    ("training-summary.html", "Training content"),
    (CHANGES_PAGE, "Changes"),
)
_STRICT = f"{CONTENT_SECURITY_POLICY}; base-uri 'none'; form-action 'none'"
_WITH_SCRIPT = f"{_STRICT}; script-src 'self'; connect-src 'self'"
_PURPOSES = {
    "ai_training": ("to train general-purpose AI models", "Training of general-purpose, generative AI models"),
    "ai_training_other": ("to train AI models", "Training of other AI models"),
    "search_index": ("for a search index", "Search index"),
    "ai_input": ("as input of an AI model at use", "Input of an AI model at use"),
}
_READ_BY_GATE = ("robots-txt", "http-access")
"""Protocols that need no reader: they are judged before each request and on each answer."""
_TIMES = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What every page of one publication shows."""

    token: str
    is_test: bool
    unverified: int
    """Crawls that are not as they were signed."""

    @property
    def pages(self) -> list[dict[str, str]]:
        """For the navigation."""
        return [{"file": file, "name": name} for file, name in PAGES]


def crawler_page(site: Site, facts: dict[str, Any], entry: Announcement, *, is_version: bool) -> bytes:
    """The page about the crawler, or a dated version of it one folder further down."""
    crawler = facts["crawler"]
    purpose, name = _PURPOSES[crawler["purpose"]]
    titles = {one["id"]: one["title"] for one in crawler["protocols"]}
    shown: dict[str, list[dict[str, Any]]] = {one["protocol"]: [] for one in facts["opting_out"]}
    order = [one for one in titles if one in shown] + [one for one in shown if one not in titles]
    for one in facts["opting_out"]:
        shown[one["protocol"]].append(one)
    return _page(
        "crawler", site, file="" if is_version else HOME, up="../" if is_version else "", facts=facts, entry=entry,
        is_version=is_version, purpose=purpose, purpose_name=name, read_by_gate=_READ_BY_GATE, ip_file=IP_FILE,
        key_file=KEY_FILE, groups=[(titles.get(one, one), shown[one]) for one in order],
    )  # fmt: skip


def crawler_json(facts: dict[str, Any], entry: Announcement, *, software: str) -> bytes:
    """The same for programs."""
    body = {
        "format": FORMAT,
        "tool": software,
        "version": entry.number,
        "effective_from": entry.published_at,
        "entry": entry.id,
        "settings_digest": entry.settings_digest,
        "page_digest": entry.page_digest,
        "is_test": entry.is_test,
        **facts,
    }
    return json.dumps(body, indent=2).encode() + b"\n"


def changes_page(site: Site, entries: Sequence[Announcement]) -> bytes:
    """Every entry of the feed, newest first."""
    return _page("changes", site, file=CHANGES_PAGE, entries=list(reversed(entries)))


def complaints_page(site: Site, facts: dict[str, Any]) -> bytes:
    """How to complain, and what to write."""
    form = "".join(f"{one.title}: \n" for one in FIELDS)
    contact = facts["rightsholders"]["contact"]
    mail = None
    if contact.startswith("mailto:"):
        mail = f"{contact.partition('?')[0]}?subject=Complaint&body={quote(form.replace(chr(10), chr(13) + chr(10)))}"
    fields = [{**_plain(one), "kind": one.kind.value} for one in FIELDS]
    return _page("complaints", site, file="complaints.html", facts=facts, form=form, mail=mail, fields=fields)


def complaint_schema() -> bytes:
    """JSON Schema of a complaint."""
    return json.dumps(schema(), indent=2).encode() + b"\n"


def lookup_page(site: Site, facts: dict[str, Any], index: dict[str, Any], crawls: Sequence[dict[str, Any]]) -> bytes:
    """The question, and what stands behind the answers."""
    shards = 1 << index["bits"]
    return _page(
        "lookup", site, file="lookup.html", policy=_WITH_SCRIPT, facts=facts, crawls=crawls, names=index["names"],
        files=shards, shared=max(round(index["names"] / shards), 1),
    )  # fmt: skip


def lookup_script() -> bytes:
    """The one script of the site."""
    return files(__package__).joinpath("templates", "lookup.js").read_bytes()


def gap_page(site: Site, facts: dict[str, Any], *, file: str, heading: str, text: str) -> bytes:
    """In place of a document that cannot be made yet."""
    return _page("gap", site, file=file, facts=facts, heading=heading, text=text)


def with_navigation(site: Site, document: bytes, file: str) -> bytes:
    """A document of ``reports``, which is a page of its own, with the way back to the others."""
    links = _environment().get_template("links.html.j2").render(site=site, file=file)
    return document.replace(b"<main>", links.encode() + b"\n<main>", 1)


def _page(name: str, site: Site, *, file: str, up: str = "", policy: str = _STRICT, **values: Any) -> bytes:
    template = _environment().get_template(f"{name}.html.j2")
    text = template.render(site=site, file=file, up=up, policy=policy, title="", **values)
    return text.encode("utf-8", "backslashreplace") + b"\n"


@cache
def _environment() -> Environment:
    made = Environment(
        loader=ChoiceLoader([PackageLoader("crawler.publishing"), PackageLoader("crawler.reports")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    furnish(made)
    made.filters.update(
        anchor=anchor,
        told=told,
        moment=moment,
        seconds=seconds,
        days=days,
        lines=lines,
        contact=_is_contact,
        bare=_bare,
    )
    return made


def seconds(value: float) -> str:
    """A span of time for people."""
    for size, name in _TIMES:
        if value >= size and value % size == 0 and (size < _TIMES[0][0] or value > size):
            number = value / size
            return f"{number:g} {name}{'' if number == 1 else 's'}"
    return f"{value:g} seconds"


def moment(text: str | None) -> str:
    """An RFC 3339 time in UTC, to the minute."""
    return "not yet" if text is None else for_terminal(f"{text[:10]} {text[11:16]} UTC")


def days(value: int | None) -> str:
    """A target that the operator has set."""
    if value is None:
        return "no time has been set yet"
    return f"{value} day{'' if value == 1 else 's'}"


def lines(text: str) -> str:
    """Text of several lines, each as data."""
    return "\n".join(map(for_terminal, text.strip("\n").split("\n")))


def _is_contact(url: str) -> bool:
    return url.startswith(("https://", "http://", "mailto:"))


def _bare(url: str) -> str:
    return url.removeprefix("mailto:")


def _plain(field: Any) -> dict[str, Any]:
    return {name: getattr(field, name) for name in ("name", "title", "explanation", "options")}
