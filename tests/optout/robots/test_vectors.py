"""Conformance vectors: our own, and those beside the repository where they are present."""

from __future__ import annotations

import base64
import json
import sys
import time
from typing import Any

import pytest

from crawler.optout.robots.access import RobotsRules
from crawler.optout.robots.outcome import RobotsFetch, judge
from crawler.values.url import canonicalise, split
from tests.shared import ROOT, SHARED, shared_path

OWN = json.loads((ROOT / "tests/vectors/robots/rules.json").read_text(encoding="utf-8"))


def _shared(relative: str) -> list[Any]:
    path = SHARED / relative
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else []


def _fetched(body: bytes) -> RobotsFetch:
    return RobotsFetch(requested="https://example.com/robots.txt", status=200, body=body)


def _fetch_of(given: dict[str, Any]) -> RobotsFetch:
    if "robots_txt" in given:
        return _fetched(given["robots_txt"].encode())
    answer = given["robots_fetch"]
    body = answer.get("body", "").encode()
    if "body_b64" in answer:
        body = base64.b64decode(answer["body_b64"])
    if "body_parts" in answer:
        body = "".join(text * times for text, times in answer["body_parts"]).encode()
    cached = answer.get("cached_body")
    return RobotsFetch(
        requested="https://example.com/robots.txt",
        status=answer.get("status"),
        error=answer.get("error"),
        hops=("https://example.com/elsewhere",) * answer.get("redirects", 0),
        content_type=answer.get("content_type"),
        body=body,
        cached_body=None if cached is None else cached.encode(),
        cached_age_s=answer.get("cached_age_s"),
        unreachable_for_s=answer.get("unreachable_for_s"),
    )


@pytest.mark.parametrize("case", OWN, ids=[case["id"] for case in OWN])
def test_own_vectors(case: dict[str, Any]) -> None:
    """Access and the deciding line are as the case says."""
    answer = RobotsRules(judge(_fetched(case["robots"].encode())), ["ExampleBot"]).answer_target(case["target"])
    assert answer.access == case["access"]
    assert answer.line == case.get("line")
    assert answer.reason == ("robots_disallow" if case["access"] == "deny" else "robots_rules")


@pytest.mark.parametrize("name", ["robots.json", "robots-fetch.json"])
def test_shared_vectors(name: str) -> None:
    """Every case of the conformance set gives its access, Crawl-delay and sitemaps."""
    wrong = []
    for case in json.loads(shared_path(f"vectors/{name}").read_text(encoding="utf-8")):
        given, expected = case["given"], case["expect"]
        answer = RobotsRules(judge(_fetch_of(given)), [given["user_agent"]]).answer(split(canonicalise(given["url"])))
        detail = expected.get("detail", {})
        got = (answer.access, answer.waits.crawl_delay, list(answer.sitemaps))
        if got != (expected["access"], detail.get("crawl_delay", got[1]), detail.get("sitemaps", got[2])):
            wrong.append((case["id"], case["title"], expected, got))
    assert wrong == []


@pytest.mark.parametrize("case", _shared("vectors/adversarial/robots/cases.json"), ids=lambda case: case["id"])
def test_adversarial_cases(case: dict[str, Any]) -> None:
    """Hostile files get the expected decision."""
    body = case["robots_utf8"].encode() if "robots_utf8" in case else base64.b64decode(case["robots_base64"])
    rules = RobotsRules(judge(_fetched(body)), [case["product_token"]])
    assert rules.answer(split(canonicalise(case["url"]))).access == case["expected"]


@pytest.mark.parametrize("case", _shared("vectors/adversarial/robots/generators.json"), ids=lambda case: case["id"])
def test_adversarial_generators(case: dict[str, Any]) -> None:
    """Files built to be slow are parsed and asked within the limits that the case names."""
    if case["kind"] == "ua_times_rules":
        lines = [case["ua_line"].replace("{i}", str(number)) for number in range(case["user_agents"])]
        lines += [case["rule_line"].replace("{i}", str(number)) for number in range(case["rules"])]
    else:
        lines = [case["line"].replace("{i}", str(number)) for number in range(case["count"])]
    body = case.get("prefix", "") + "".join(f"{line}\n" for line in lines) + case.get("then", "")
    started = time.process_time()
    rules = RobotsRules(judge(_fetched(body.encode())), [case["product_token"]])
    parsed = time.process_time()
    answer = rules.answer(split(canonicalise(case["url"])))
    asked = time.process_time()
    assert answer.access == case["expected"]
    patience = 4 if sys.gettrace() else 1  # a tracing coverage run is that much slower
    assert parsed - started <= case["limits"].get("parse_seconds", 1) * patience
    assert (asked - parsed) * 1000 <= case["limits"].get("decide_ms", 50) * patience
