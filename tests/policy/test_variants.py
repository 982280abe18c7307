"""The rules of opt-outs.md with other values, carriers and combinations than the published vectors have."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crawler.optout.ai_tokens import TRAINING_TOKENS
from crawler.optout.negatives import NEGATIVE_VALUES
from crawler.policy.conformance import run_case
from tests.optout.vectors import VECTORS

CASES: list[dict[str, Any]] = json.loads((VECTORS / "decision" / "variants.json").read_text("utf-8"))
GIVEN = {"url": "https://example.com/article", "purpose": "train-genai", "user_agent": "ExampleBot"}

OTHER_AGENTS = (
    "OAI-SearchBot",
    "ChatGPT-User",
    "PerplexityBot",
    "Perplexity-User",
    "Claude-User",
    "Claude-SearchBot",
    "DuckAssistBot",
    "MistralAI-User",
    "Meta-ExternalFetcher",
    "Google-NotebookLM",
    "Googlebot",
    "bingbot",
    "Applebot",
    "AhrefsBot",
)
"""Search, user-triggered and SEO agents: closing them says nothing about training."""
POSITIVE = ("yes", "true", "1", "y", "allow", "allowed", "?1", "maybe", "")
RETIRED_WIDE = ("ai", "tdm", "all", "bots")
RETIRED_NARROW = ("genai", "train-genai")
VOCABULARY = "http://ns.useplus.org/ldf/vocab/"
PROHIBITIONS = (
    "DMI-PROHIBITED",
    "DMI-PROHIBITED-AIMLTRAINING",
    "DMI-PROHIBITED-GENAIMLTRAINING",
    "DMI-PROHIBITED-EXCEPTSEARCHENGINEINDEXING",
    "DMI-PROHIBITED-SEECONSTRAINT",
    "DMI-PROHIBITED-SEEEMBEDDEDRIGHTSEXPR",
    "DMI-PROHIBITED-SEELINKEDRIGHTSEXPR",
    "DMI-PROHIBITED-OF-A-LATER-VOCABULARY",
)
RSL = '<script type="application/rsl+xml"><rsl xmlns="https://rslstandard.org/rsl"><content url=""><license>{}</license></content></rsl></script>'  # noqa: E501 - one element
GRANTS: dict[str, dict[str, Any]] = {
    "aipref": {"robots": "Content-Usage: train-ai=y"},
    "content-signals": {"robots": "Content-Signal: ai-train=yes"},
    "tdmrep": {"headers": [["tdm-reservation", "0"]]},
    "trust-txt": {"well_known": {"/trust.txt": "datatrainingallowed=yes"}},
    "well-known-ai": {"well_known": {"/.well-known/ai.txt": "Spec-Version: 1.0\nSite-Name: E\nTraining: allow\n"}},
    "licence": {"html": '<a rel=license href="https://creativecommons.org/publicdomain/zero/1.0/">CC0</a>'},
    "rsl": {"html": RSL.format('<permits type="usage">all</permits>')},
}
RESERVATIONS: dict[str, dict[str, Any]] = {
    "ai-tokens": {"first": "User-agent: __usage_ai-training\nDisallow: /\n\n"},
    "disallow-ai-training": {"robots": "DisallowAITraining: /"},
    "aipref": {"headers": [["Content-Usage", "train-ai=n"]]},
    "content-signals": {"headers": [["Content-Signal", "ai-train=no"]]},
    "robots-meta": {"html": "<meta name=robots content=noai>"},
    "x-robots-tag": {"headers": [["X-Robots-Tag", "noml"]]},
    "unlisted": {"headers": [["X-No-AI", "1"]]},
    "trust-txt": {"well_known": {"/.well-known/trust.txt": "datatrainingallowed=no"}},
    "ai-txt": {"well_known": {"/ai.txt": "User-Agent: *\nDisallow: /"}},
    "well-known-ai": {"well_known": {"/.well-known/ai.json": '{"specVersion": "1.0", "policies": {}}'}},
    "rsl": {"html": RSL.format('<prohibits type="usage">all</prohibits>')},
}


def state(**given: Any) -> str:
    """State of a case with these carriers; access is open."""
    result = run_case({"id": "x", "given": GIVEN | given, "expect": {"access": "allow", "state": ""}})
    assert result.got["access"] == "allow"
    return str(result.got["state"])


def joined(*parts: dict[str, Any]) -> dict[str, Any]:
    """All carriers of several parts as one ``given``."""
    robots = "".join(one.get("first", "") for one in parts) + "User-agent: *\nAllow: /\n"
    return {
        "robots_txt": robots + "\n".join(one.get("robots", "") for one in parts) + "\n",
        "headers": [field for one in parts for field in one.get("headers", [])],
        "html": "<!doctype html>" + "".join(one.get("html", "") for one in parts),
        "well_known": {path: text for one in parts for path, text in one.get("well_known", {}).items()},
    }


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_variant(case: dict[str, Any]) -> None:
    """Access, state and compared details are the expected ones."""
    result = run_case(case)
    assert result.got == result.expected


@pytest.mark.parametrize("token", TRAINING_TOKENS)
def test_training_tokens(token: str) -> None:
    """PC-3: each closed training crawler reserves, in any case, with a version too; nothing for other purposes."""
    for spelling in (token, token.upper(), f"{token}/2.1", f"Other, {token}"):
        closed = f"User-agent: {spelling}\nDisallow: /\n"
        assert state(robots_txt=closed) == "reserved"
        assert state(robots_txt=closed, purpose="search") == "unknown"
        assert state(robots_txt=f"{closed}\nUser-agent: examplebot\nDisallow:\n") == "unknown"
    assert state(robots_txt=f"User-agent: {token}\nDisallow:\n") == "unknown"
    assert state(html=f'<meta name="{token.lower()}" content="none">') == "reserved"
    assert state(headers=[["X-Robots-Tag", f"{token}: noindex"]]) == "reserved"
    assert state(headers=[["X-Robots-Tag", f"{token}: nofollow"]]) == "unknown"


@pytest.mark.parametrize("token", OTHER_AGENTS)
def test_other_agents(token: str) -> None:
    """PC-3, PC-13: they are not training crawlers."""
    assert state(robots_txt=f"User-agent: {token}\nDisallow: /\n") == "unknown"
    assert state(headers=[["X-Robots-Tag", f"{token}: noindex, noai"]]) == "unknown"
    assert state(html=f'<meta name="{token}" content="noindex">') == "unknown"


@pytest.mark.parametrize("value", sorted(NEGATIVE_VALUES))
def test_negative_values(value: str) -> None:
    """PC-5, PC-16: each word for no reserves wherever a value is looked for, in any case, quoted, among blanks."""
    labels = ("train-ai", "ai-train", "Train-AI", "TRAIN-AI", *RETIRED_WIDE, *RETIRED_NARROW)
    fields = [f"{label}={value}" for label in labels] + [f'train-ai="{value}"', f"train-ai = {value.upper()}"]
    for field in fields:
        assert state(headers=[["Content-Usage", field]]) == "reserved", field
        assert state(robots_txt=f"User-agent: *\nAllow: /\nContent-Usage: /art {field}\n") == "reserved", field
    for signal in (f"ai-train={value}", f"search=yes; AI-Train = {value.upper()}", f"train-ai={value}"):
        assert state(robots_txt=f"User-agent: *\nContent-Signal: {signal}\n") == "reserved", signal
        assert state(headers=[["content-signal", signal]]) == "reserved", signal
    assert state(headers=[["X-AI-Training", value.title()]]) == "reserved"
    assert state(html=f'<meta name="AI-Train" content=" {value.upper()} ">') == "reserved"
    assert state(well_known={"/trust.txt": f"DataTrainingAllowed = {value}"}) == "reserved"


@pytest.mark.parametrize("value", POSITIVE)
def test_positive_values(value: str) -> None:
    """PC-5, PC-16: a malformed or unlisted positive never grants."""
    assert state(headers=[["X-AI-Training", value]]) == "unknown"
    assert state(html=f'<meta name="ai-training" content="{value}">') == "unknown"
    assert state(headers=[["Content-Signal", f"ai-train={value}"]]) == "unknown"
    if value != "y":
        assert state(headers=[["Content-Usage", f"train-ai={value}"]]) == "unknown"
    if value != "yes":
        assert state(robots_txt=f"User-agent: *\nContent-Signal: ai-train={value}\n") == "unknown"
        assert state(well_known={"/trust.txt": f"datatrainingallowed={value}"}) == "unknown"
    if value not in {"yes", "true", "1", "?1"}:
        assert state(headers=[["X-No-AI", value]]) == "unknown"


def test_retired_labels() -> None:
    """PC-6: they reserve, the wide ones unless the label of today permits; none of them grants."""
    for label in RETIRED_WIDE + RETIRED_NARROW:
        assert state(headers=[["Content-Usage", f"{label}=n"]]) == "reserved"
        assert state(headers=[["Content-Usage", f"{label}=y"]]) == "unknown"
    for label in RETIRED_WIDE:
        assert state(headers=[["Content-Usage", f"{label}=n, train-ai=y"]]) == "allowed"
    for label in RETIRED_NARROW:
        assert state(headers=[["Content-Usage", f"{label}=n, train-ai=y"]]) == "reserved"
    for label in ("inference", "ai-output", "x-foo"):
        assert state(headers=[["Content-Usage", f"{label}=n"]]) == "unknown"


@pytest.mark.parametrize("code", PROHIBITIONS)
def test_prohibitions_in_xmp(code: str) -> None:
    """PC-19: with or without the vocabulary, any case, as element, attribute or resource."""
    for value in (VOCABULARY + code, code, code.lower(), f"https://ns.useplus.org/ldf/vocab/{code}"):
        forms = (
            (f"<p:DataMining>{value}</p:DataMining>", ""),
            ("", f'p:DataMining="{value}"'),
            (f'<p:DataMining rdf:resource="{value}"/>', ""),
        )
        for element, attribute in forms:
            xmp = (
                '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
                f'xmlns:p="http://ns.useplus.org/ldf/xmp/1.0/" {attribute}>{element}</rdf:Description></rdf:RDF>'
            )
            assert state(url="https://example.com/a.jpg", embedded={"xmp": xmp}) == "reserved"


@pytest.mark.parametrize("grant", GRANTS)
def test_any_reservation_wins(grant: str) -> None:
    """PC-1: each grant alone allows; beside any one reservation it does not, and a paywall makes it a condition."""
    assert state(**joined(GRANTS[grant])) == "allowed"
    for reservation, carriers in RESERVATIONS.items():
        assert state(**joined(GRANTS[grant], carriers)) == "reserved", reservation
    paywall = {"html": '<script type="application/ld+json">{"isAccessibleForFree": "False"}</script>'}
    assert state(**joined(GRANTS[grant], paywall)) == "conditional"


@pytest.mark.parametrize("status", [400, 404, 405, 406, 409, 410, 411, 412, 414, 415, 417, 418, 422, 423, 426, 431])
def test_robots_is_unavailable(status: int) -> None:
    """RFC 9309 section 2.3.1.3: no rules, whatever the body says."""
    assert state(robots_fetch={"status": status, "body": "User-agent: *\nDisallow: /"}) == "unknown"


@pytest.mark.parametrize(
    ("access", "robots", "status"),
    [
        ("deny", (401, 402, 403, 407, 451, 500, 502, 503, 504, 520, 599, 304, 206), ()),
        ("defer", (408, 429), (408, 429, 500, 501, 502, 503, 504, 507, 520, 524, 530, 599)),
        ("deny", (), (400, 401, 402, 403, 404, 405, 406, 407, 409, 410, 411, 413, 415, 418, 421, 423, 425, 428, 451)),
    ],
)
def test_no_access(access: str, robots: tuple[int, ...], status: tuple[int, ...]) -> None:
    """PC-10 and section 14: what stands against access, and an agreement does not lift it (PC-26)."""
    agreed = {"agreements": [{"scope": "https://example.com/", "permits": ["train-genai"], "ref": "7"}]}
    cases = [{"robots_fetch": {"status": one, "body": ""}} for one in robots] + [{"status": one} for one in status]
    for given in cases:
        case = {"id": "x", "given": GIVEN | agreed | given, "expect": {"access": access, "state": "no-access"}}
        result = run_case(case)
        assert result.got == result.expected, given
