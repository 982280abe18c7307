"""Small true values for the tests of this room."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from crawler.optout.robots.access import RobotsAnswer
from crawler.optout.robots.outcome import RobotsAccess, RobotsCode
from crawler.optout.statement import Carrier, Layer, Preference, SoftDirective, Source, Statement, Unread, Use
from crawler.policy.decision import Stage
from crawler.policy.document import Override
from crawler.policy.facts import Facts
from crawler.policy.reading import read_policy
from crawler.values.digest import sha256
from crawler.values.html import HtmlPage
from crawler.values.url import canonicalise, parse

if TYPE_CHECKING:
    from crawler.policy.document import CrawlPolicy
    from crawler.values.url import Url

TODAY = date(2026, 11, 23)
PAGE = "https://example.com/article"
SOURCE = Source(url=canonicalise(PAGE), digest=sha256(b""), retrieved_at=datetime(2026, 11, 23, tzinfo=UTC))

IDENTITY = '[identity]\noperator = "Example GmbH"\ncontact = "https://example.com/bot"\nproduct_token = "ExampleBot"\n'


def policy(text: str = "", *, agreements: str = "", protocols: str = "", **changes: Any) -> CrawlPolicy:
    """Policy of an operator who filled in the identity; ``text`` goes before it, ``changes`` replace fields."""
    files = {
        "crawl-policy.toml": f'version = "1"\n{text}\n{IDENTITY}'.encode(),
        "agreements.toml": agreements.encode(),
        "protocols.toml": protocols.encode(),
    }
    return replace(read_policy(files, tool_version="0.1.0"), **changes)


def robots(
    access: RobotsAccess = RobotsAccess.ALLOW, reason: RobotsCode = RobotsCode.UNAVAILABLE, **fields: Any
) -> RobotsAnswer:
    """One answer about robots.txt."""
    return RobotsAnswer(access=access, code=reason, reason=reason, **fields)


DISALLOWED = robots(RobotsAccess.DENY, RobotsCode.DISALLOW, rule="Disallow: /", line=2)


def statement(
    preference: Preference = Preference.RESERVED, use: Use = Use.TRAIN_GENAI, protocol: str = "tdmrep", **fields: Any
) -> Statement:
    """One statement."""
    values = {
        "carrier": Carrier.RESPONSE_HEAD,
        "layer": Layer.RESOURCE,
        "value": "tdm-reservation: 1",
        "position": 0,
        "rule": "strict",
        "source": SOURCE,
        "reader_version": "1",
    }
    return Statement(protocol=protocol, use=use, preference=preference, **(values | fields))


def unread(protocol: str = "tdmrep", *, blocks: bool = True, why: str = "5xx") -> Unread:
    """One carrier that was not read."""
    return Unread(protocol=protocol, why=why, url="https://example.com/.well-known/tdmrep.json", blocks=blocks)


def licence(spdx: str) -> SoftDirective:
    """One public licence that was found."""
    return SoftDirective(protocol="licence", value=spdx, source=SOURCE)


def facts(url: str | Url = PAGE, **fields: Any) -> Facts:
    """Facts after a fetch of an ordinary page, with robots.txt not there."""
    values = {"stage": Stage.AFTER_FETCH, "today": TODAY, "robots": robots(), "status": 200}
    return Facts(url=parse(url) if isinstance(url, str) else url, **(values | fields))


def override(*lifts: str, scope: str = "example.com", **fields: Any) -> Override:
    """Override in force on ``TODAY``."""
    values = {
        "reason": "contract",
        "document": "contracts/7.pdf",
        "decided_by": "GC",
        "valid_from": date(2026, 1, 1),
        "valid_to": date(2026, 12, 31),
    }
    return Override(scope=scope, lifts=lifts, **(values | fields))


def page(**fields: Any) -> HtmlPage:
    """A page with nothing on it."""
    values: dict[str, Any] = {
        "charset": "utf-8",
        "lang": None,
        "title": "",
        "base": None,
        "metas": (),
        "links": (),
        "scripts": (),
        "hyperlinks": (),
        "images": (),
        "refresh": None,
        "has_password_field": False,
        "is_truncated": False,
    }
    return HtmlPage(**(values | fields))
