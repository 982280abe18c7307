"""The card and the Croissant metadata: true, valid, and inert whatever strangers wrote."""

from __future__ import annotations

import json
import logging
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.exporting.made import Page, crawl
from tests.exporting.test_export import export

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOSTILE = "=1+1|<script>alert(1)</script>[x](javascript:1)`\u202e\x07\n---\nlicense: mit"
PAGES = [
    Page("http://a.test/", b"<p>One</p>", columns={"content_languages": "en,de", "licence": HOSTILE}),
    Page("http://b.test/x", b"<p>Two</p>", columns={"content_languages": HOSTILE, "content_mime_detected": HOSTILE}),
    Page("http://c.test/", b"<p>Three</p>", columns={"content_languages": "de-AT", "tokens": 7}),
    Page("http://d.test/", columns={"verdict": "deny"}),
]


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A folder with a crawl in ``crawl``."""
    crawl(tmp_path / "crawl", PAGES)
    return tmp_path


@pytest.fixture
def mlcroissant() -> Iterator[Any]:
    """The validator, which warns of its own dependencies when it is imported."""
    logging.disable(logging.WARNING)
    yield pytest.importorskip("mlcroissant")
    logging.disable(logging.NOTSET)


def test_card(made: Path) -> None:
    """The header holds checked codes alone; text of strangers is escaped; the numbers are those of the export."""
    _, summary = export(made / "out", made / "crawl")
    text = (made / "out" / "README.md").read_text()
    _, header, body = text.split("---\n", 2)
    assert re.findall(r'^- "(.*)"$', header.partition("language:")[2].partition("annotations")[0], re.MULTILINE) == [
        "de",
        "en",
    ]
    assert header.count("license: ") == 1
    assert "license: other" in header
    for mark in ("<script>", "\u202e", "\x07", "](javascript", "\nlicense: mit"):
        assert mark not in body
    assert f"{summary.documents} documents" in body
    assert "| not\\_kept | 1 |" in body
    assert summary.parts[0].sha256.removeprefix("sha256:") in body


def test_same_facts(made: Path) -> None:
    """``export.json`` is the summary, and names every part."""
    _, summary = export(made / "out", made / "crawl")
    told = json.loads((made / "out" / "export.json").read_bytes())
    assert told["documents"] == 3
    assert told["left"] == {"not_kept": 1}
    assert [part["name"] for part in told["parts"]] == [path.name for path in sorted((made / "out" / "data").iterdir())]
    assert told["by_modality"] == [{"value": "text", "documents": 3, "octets": summary.octets}]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("format_name", ["parquet", "jsonl", "warc"])
def test_croissant(made: Path, mlcroissant: Any, format_name: str) -> None:
    """The validator finds neither errors nor warnings, and reads the very documents by it where they have columns."""
    export(made / "out", made / "crawl", format_name=format_name, part_documents=2)
    dataset = mlcroissant.Dataset(jsonld=str(made / "out" / "croissant.json"))
    assert dataset.metadata.ctx.issues.report() == ""
    assert dataset.metadata.ctx.conforms_to.value == "http://mlcommons.org/croissant/1.1"
    assert dataset.metadata.data_collection.startswith("Web crawl")
    if format_name == "parquet":
        found = {
            record["documents/url"].decode(): record["documents/content"] for record in dataset.records("documents")
        }
        assert found == {page.url: page.body for page in PAGES[:3]}
    elif format_name == "jsonl":
        assert len(list(dataset.records("documents"))) == 3


@pytest.mark.filterwarnings("ignore")
def test_card_alone(made: Path, mlcroissant: Any) -> None:
    """Without documents the card tells the numbers of an export of them, and the metadata names no file."""
    _, whole = export(made / "out", made / "crawl")
    code, alone = export(made / "card", made / "crawl", format_name="card")
    assert (code, alone.documents, alone.octets, alone.by) == (0, whole.documents, whole.octets, whole.by)
    assert (alone.parts, list((made / "card" / "data").iterdir())) == ((), [])
    dataset = mlcroissant.Dataset(jsonld=str(made / "card" / "croissant.json"))
    assert dataset.metadata.ctx.issues.report() == ""
    text = (made / "card" / "README.md").read_text()
    assert "They are not in this folder" in text
    assert "## Files" not in text
    assert f"{whole.documents} documents" in text


@pytest.mark.filterwarnings("ignore")
def test_provenance(made: Path, mlcroissant: Any) -> None:  # noqa: ARG001 - rdflib comes with it
    """As RDF the metadata says by PROV-O who crawled, by which activity, and that the export derives from it."""
    import rdflib  # noqa: PLC0415 - only where mlcroissant is there

    export(made / "out", made / "crawl")
    graph = rdflib.Graph().parse(made / "out" / "croissant.json", format="json-ld")
    query = """
        PREFIX prov: <http://www.w3.org/ns/prov#>
        SELECT ?crawl ?who ?began WHERE {
          ?set a <https://schema.org/Dataset> ; prov:wasDerivedFrom ?source ; prov:wasAttributedTo ?agent .
          ?source prov:label ?crawl ; prov:wasGeneratedBy ?activity .
          ?activity prov:startedAtTime ?began . ?agent prov:label ?who }"""
    ((label, who, began),) = {tuple(map(str, row)) for row in graph.query(query)}
    described = json.loads((made / "crawl" / "crawl.json").read_bytes())
    assert (label, who, began) == (f"Crawl {described['crawl_id']}", "Example Ltd", described["started_at"])


def test_no_documents(tmp_path: Path) -> None:
    """An export without documents has a card all the same."""
    crawl(tmp_path / "crawl", PAGES[3:])
    _, summary = export(tmp_path / "out", tmp_path / "crawl")
    assert summary.parts == ()
    assert "0 documents" in (tmp_path / "out" / "README.md").read_text()
    assert json.loads((tmp_path / "out" / "croissant.json").read_bytes())["distribution"] == []
