"""Well-known ai.txt and ai.json: evidence, bounds, and that nothing grants by accident."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.optout.interface import SiteFile
from crawler.optout.readers.well_known_ai import GLOB_LIMIT, GLOBS_LIMIT, WellKnownAiReader
from crawler.optout.statement import SILENCE, Preference, Question, Source, Use
from crawler.values.digest import sha256
from crawler.values.url import canonicalise
from tests.shared import shared_path

READER = WellKnownAiReader()
URL = canonicalise("https://site.example/a")
SOURCE = Source(url=URL, digest=sha256(b""), retrieved_at=datetime(2026, 1, 1, tzinfo=UTC))
QUESTION = Question(url=URL, use=Use.TRAIN_GENAI, token="ExampleBot")  # noqa: S106 - a product token
TEXT, JSON = "/.well-known/ai.txt", "/.well-known/ai.json"
HEAD = "Spec-Version: 1.0\nSite-Name: Site\nSite-URL: https://site.example\n"


def _file(body: str | bytes, path: str = TEXT) -> SiteFile:
    octets = body if isinstance(body, bytes) else body.encode()
    return SiteFile(source=SOURCE, path=path, content_type=None, body=octets)


def test_statements_name_their_line() -> None:
    """The line that decides; for the default of the draft, the one that makes the file what it is."""
    for tail, value, line in (("Training: deny", "Training: deny", 4), ("", "Site-Name: Site", 2)):
        (said,) = READER.read_site_file(_file(HEAD + tail)).about(QUESTION)
        assert (said.value, said.position, said.preference) == (value, line, Preference.RESERVED)


def test_duties_have_names() -> None:
    """In either form."""
    text = HEAD + "Training: allow\nAttribution: Required\nTraining-Fee: https://site.example/\nAudit: required\n"
    terms = {"content": {"attribution": "required"}, "compliance": {"audit": "required"}, "licensing": {"feeUrl": "x"}}
    companion = json.dumps({"specVersion": "1.0", "site": {}, "policies": {"training": "allow"}, **terms})
    for file in (_file(text), _file(companion, JSON)):
        (said,) = READER.read_site_file(file).about(QUESTION)
        assert (said.preference, said.duties) == (Preference.CONDITIONAL, ("payment", "attribution", "reporting"))


def test_licences_are_recorded() -> None:
    """As they are written."""
    reading = READER.read_site_file(_file(HEAD + "Training-License: CC-BY-4.0\n"))
    assert [one.value for one in reading.soft] == ["CC-BY-4.0"]


def test_globs_are_bounded() -> None:
    """A denial behind the limit covers every path, a grant none."""
    for name, states in (("Deny", [Preference.RESERVED]), ("Allow", [])):
        lines = f"Training-{name}: /b\n" * GLOBS_LIMIT + f"Training-{name}: /a\n"
        head = "" if name == "Deny" else "Training-Deny: /c\n"
        assert [one.preference for one in READER.read_site_file(_file(head + lines)).about(QUESTION)] == states
    text = HEAD + "Training: conditional\n" + "Training-Allow: /b\n" * GLOBS_LIMIT + "Training-Allow: /a\n"
    (said,) = READER.read_site_file(_file(text)).about(QUESTION)
    assert said.preference is Preference.RESERVED
    long = "*" * GLOB_LIMIT + "*"
    for line in (f"Training: conditional\nTraining-Allow: {long}", f"Training: allow\nTraining-Deny: /b{long}"):
        (said,) = READER.read_site_file(_file(f"{HEAD}{line}\n")).about(QUESTION)
        assert said.preference is Preference.RESERVED


HOSTILE = {
    "lines": (HEAD + "Training: conditional\n" + "Training-Allow: /b\nTraining-Deny: /c\n" * 26_000, TEXT),
    "globs": (HEAD + "Training: conditional\n" + ("Training-Allow: /" + "**a*a" * 200 + "b\n") * 990, TEXT),
    "one glob": (HEAD + "Training: conditional\nTraining-Allow: " + "**a*" * 250_000, TEXT),
    "blocks": (HEAD + "Agent: a,b,c\n Training: deny\n" * 33_000, TEXT),
    "deep": ("[" * 10_000, JSON),
    "deep objects": ('{"a":' * 200_000, JSON),
    "members": ('{"training": ' * 80_000, JSON),
    "values": ('"training": "' + " " * 30 + '",' + '"training":' * 90_000, JSON),
    "agents": (json.dumps({"specVersion": "1", "site": {}, "agents": {str(n): {} for n in range(80_000)}}), JSON),
}


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_hostile_files_are_bounded(name: str) -> None:
    """A mebibyte and a long URL; the bound leaves room for a tracer."""
    text, path = HOSTILE[name]
    question = replace(QUESTION, url=canonicalise("https://site.example/" + "a" * 2000))
    started = process_time()
    said = READER.read_site_file(_file(text[: 1 << 20], path)).about(question)
    assert process_time() - started < 5
    assert {one.preference for one in said} <= {Preference.RESERVED}


LINES = st.lists(
    st.sampled_from(
        [
            "Site-Name: x",
            "Site-URL: x",
            "Training: allow",
            "Training: conditional",
            "Training: deny",
            "Training-Allow: **",
            "Training-Deny: /b",
            "Agent: *",
            "Agent: ExampleBot",
            "Agent: OtherBot",
            "  Training: allow",
            "  Training: deny",
            "# x",
        ]
    )
).map(lambda lines: "\n".join(lines).encode())
MEMBERS = st.recursive(
    st.sampled_from(["allow", "deny", "conditional", "/a", "1.0", None, True, 1, 1.5]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["specVersion", "site", "policies", "training", "agents", "*", "trainingPaths", "allow"]),
            inner,
        )
    ),
).map(lambda document: json.dumps(document).encode())


@given(LINES | st.binary(), st.sampled_from([TEXT, "/ai.txt"]), st.sampled_from(Use))
def test_a_grant_needs_a_valid_text(body: bytes, path: str, use: Use) -> None:
    """Its required fields, its place, and the word."""
    said = READER.read_site_file(_file(body, path)).about(replace(QUESTION, use=use))
    if any(one.preference is Preference.ALLOWED for one in said):
        assert path == TEXT
        assert {b"Site-Name: x", b"Site-URL: x"} <= set(body.split(b"\n"))
        assert b"allow" in body.lower()


@given(MEMBERS | st.binary(), st.sampled_from(Use))
def test_a_grant_needs_a_valid_companion(body: bytes, use: Use) -> None:
    """Its version, and the word."""
    said = READER.read_site_file(_file(body, JSON)).about(replace(QUESTION, use=use))
    if any(one.preference is Preference.ALLOWED for one in said):
        assert isinstance(json.loads(body)["specVersion"], str)
        assert b'"allow"' in body


@given(LINES)
def test_a_denial_for_us_always_reserves(body: bytes) -> None:
    """Whatever else stands in the file, however broken it is."""
    text = body + b"\nAgent: ExampleBot\n  Training: deny\n"
    (said,) = READER.read_site_file(_file(text)).about(QUESTION)
    assert said.preference is Preference.RESERVED


def test_real_files_of_that_name() -> None:
    """A profile for readers of another kind is no opt-out."""
    rows = [json.loads(line) for line in shared_path("data/optouts/optouts.jsonl").read_text("utf-8").splitlines()]
    bodies = [row["body"] for row in rows if row["kind"] in {"ai.txt", "llms.txt"}]
    assert bodies
    assert {READER.read_site_file(_file(body, path)) for body in bodies for path in (TEXT, "/ai.txt")} == {SILENCE}
