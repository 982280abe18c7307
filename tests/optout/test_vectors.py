"""Every vector of a protocol that has a reader gives the state that it expects."""

from __future__ import annotations

import pytest

from crawler.optout.registry import READERS
from tests.optout.vectors import VECTORS, difference, load, own
from tests.shared import SHARED, shared_path

PUBLISHED = {
    "tdmrep": "tdmrep.json",
    "rsl": "rsl.json",
    "ai-txt": "ai-txt.json",
    "well-known-ai": "ai-txt.json",
    "robots-meta": "robots-meta.json",
    "unlisted": "robots-meta.json",
    "ai-tokens": "ai-tokens.json",
    "disallow-ai-training": "ai-tokens.json",
    "aipref": "aipref.json",
    "content-signals": "content-signals.json",
    "trust-txt": "trust-txt.json",
    "licence": "licence.json",
    "c2pa": "c2pa.json",
    "plus-xmp": "plus-xmp.json",
}
"""Reader to the file of published vectors that it must pass."""


@pytest.mark.parametrize("protocol", [reader.id for reader in READERS])
def test_own_vectors(protocol: str) -> None:
    """Our own cases, those that the published ones leave out."""
    cases = own(protocol)
    assert cases
    assert [text for case in cases if (text := difference(case)) is not None] == []


@pytest.mark.parametrize("name", sorted(set(PUBLISHED.values())))
def test_published_vectors(name: str) -> None:
    """All published cases of the protocol."""
    cases = load(shared_path(f"vectors/{name}"))
    assert [text for case in cases if (text := difference(case)) is not None] == []


def test_every_reader_has_vectors_and_a_row() -> None:
    """A protocol is one file, one line in the registry, one folder of vectors, one row in the documents."""
    page = (VECTORS.parents[1] / "docs" / "protocols.md").read_text("utf-8")
    modules = {type(reader).__module__.rpartition(".")[2] for reader in READERS}
    files = {path.stem for path in (VECTORS.parents[1] / "crawler/optout/readers").glob("[a-z]*.py")}
    assert modules == files
    for reader in READERS:
        assert list((VECTORS / reader.id).glob("*.json")), reader.id
        assert f"| `{reader.id}` |" in page, reader.id
        assert reader.title
        assert reader.version
        assert reader.spec_version


@pytest.mark.skipif(not SHARED.exists(), reason="optional data not present: shared")
def test_hostile_headers_and_pages() -> None:
    """The adversarial header lists and pages are read as their files say."""
    import json  # noqa: PLC0415 - only here

    folder = shared_path("vectors/adversarial")
    given = {"url": "https://site.example/", "purpose": "train-genai", "user_agent": "ExampleBot"}
    wanted = {"opt_out": "reserved", "opt-out": "reserved", "none for us": "unknown", "no opt-out": "unknown"}
    cases = [
        {"id": case["id"], "title": "", "given": given | {"headers": case["headers"]}, "expect": {"state": state}}
        for case in json.loads((folder / "headers/cases.json").read_text("utf-8"))
        if (state := wanted.get(case["expect"])) is not None
    ]
    expected = json.loads((folder / "html/expected.json").read_text("utf-8"))
    for path in sorted((folder / "html").glob("*.html")):
        state = wanted.get(str(expected[path.stem.partition("_")[0]]), "unknown")
        page = given | {"html": path.read_text("utf-8")}
        cases.append({"id": path.stem, "title": "", "given": page, "expect": {"state": state}})
    assert len(cases) >= 7
    assert [text for case in cases if (text := difference(case)) is not None] == []
