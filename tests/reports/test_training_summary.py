"""The Article 53(1)(d) summary: every field in every format, figures by other SQL, gaps with names, strangers' text."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import subprocess
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import duckdb
import jsonschema
import pyarrow as pa
import pyarrow.parquet
import pytest

from crawler.errors import UsageError
from crawler.optout.robots.outcome import RobotsCode
from crawler.policy.barriers import BarrierAction, BarrierKind
from crawler.policy.profiles import Dataset, EarlierSummary, Factor
from crawler.reports.rendering import CONTENT_SECURITY_POLICY
from crawler.reports.training.clock import months_later, next_update
from crawler.reports.training.document import answers, summary_facts
from crawler.reports.training.documentation import documentation_facts
from crawler.reports.training.docx import widths
from crawler.reports.training.domains import share_of
from crawler.reports.training.field_map import field_map, read_map
from crawler.reports.training.formats import render
from crawler.reports.training.making import make
from crawler.reports.training.score import score, total
from crawler.reports.training.sizes import measured, weigh
from crawler.reports.training.wording import ACTIONS, BARRIERS, action, barrier, outcome, urls
from crawler.storage.manifest import schema
from crawler.storage.profiles import open_profiles
from tests.browser import violations
from tests.demo_run import clearcrawl
from tests.shared import shared_path

if TYPE_CHECKING:
    from crawler.reports.interface import Facts
    from crawler.reports.training.context import Context
    from tests.demo_run import DemoRun

PROFILE = Path(__file__).parent / "profile"
TODAY = max(date(2026, 11, 23), datetime.now(UTC).date())
"""Not before the demo crawled."""
SUFFIXES = (".html", ".md", ".json", ".docx")
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def context(*folders: Path, profile: Path = PROFILE, output: Path | None = None, basis: str = "fetched") -> Context:
    """What a document over these crawls is made from; verification is asked of the command."""
    return make(dict.fromkeys(folders), open_profiles(profile), basis=basis, today=TODAY, output=output)


@pytest.fixture(scope="module")
def made(demo: DemoRun, tmp_path_factory: pytest.TempPathFactory) -> Context:
    """The demo with a whole profile."""
    return context(demo.folder, output=tmp_path_factory.mktemp("summary") / "summary.json")


@pytest.fixture(scope="module")
def facts(made: Context) -> Facts:
    """Its summary."""
    return summary_facts(made)


def plain_text(suffix: str, content: bytes) -> str:
    """What a reader sees, white space made one."""
    if suffix == ".docx":
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            root = ET.fromstring(package.read("word/document.xml"))  # noqa: S314 - made by us
        text = " ".join("".join(part.text or "" for part in one.iter(f"{_W}t")) for one in root.iter(f"{_W}p"))
    elif suffix == ".html":
        text = _unescaped(re.sub(r"<style>.*?</style>|<[^>]*>", " ", content.decode(), flags=re.DOTALL))
    elif suffix == ".md":
        text = re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", content.decode())
    else:
        text = json.dumps(json.loads(content), ensure_ascii=False)
    return re.sub(r"\s+", " ", text)


def _unescaped(text: str) -> str:
    from html import unescape  # noqa: PLC0415 - beside its only use

    return unescape(text)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_field_is_in_every_format(facts: Facts, suffix: str) -> None:
    """Each section, label and status of the field table stands in the document, and no field is blank."""
    text = plain_text(suffix, render(Path(f"x{suffix}"), facts))
    form = field_map()
    for number, title in form.sections.items():
        assert title in text, number
    for field in form.fields:
        assert (field.id if suffix == ".json" else field.label) in text, field.id
    found = {one["id"]: one for section in facts.body["sections"] for one in section["fields"]}
    assert list(found) == [field.id for field in form.fields]
    for one in found.values():
        assert any(one[part] for part in ("choices", "text", "links", "tables", "gap")), one["id"]
        for line in one["text"]:
            assert re.sub(r"\s+", " ", line) in text, one["id"]
    assert "TEST: test hosts were allowed" in text
    assert "UNVERIFIED" in text


def test_same_facts_same_octets(facts: Facts) -> None:
    """Documents can be compared octet by octet."""
    for suffix in SUFFIXES:
        assert render(Path(f"x{suffix}"), facts) == render(Path(f"y{suffix}"), facts)
    with pytest.raises(UsageError, match=r"\.html, \.md, \.json, \.docx"):
        render(Path("x.pdf"), facts)


def test_json_is_what_the_schema_says(facts: Facts, made: Context) -> None:
    """The published schema holds for the summary and the Model Documentation Form."""
    shown = clearcrawl("summary", "--schema")
    rules = json.loads(shown.stdout)
    jsonschema.Draft202012Validator.check_schema(rules)
    for one in (facts, documentation_facts(made)):
        jsonschema.validate(one.as_json(), rules)


INDEPENDENT = """
WITH each AS (SELECT coalesce(modality, 'other') AS modality, url_host_registered_domain AS domain,
    sum(bytes_fetched) AS bytes, count(*) AS pages
    FROM read_parquet('{}/manifest/*.parquet') WHERE verdict = 'allow' AND fetch_redirect IS NULL GROUP BY ALL)
SELECT * FROM each ORDER BY modality, bytes DESC, domain
"""


@pytest.mark.parametrize("is_sme", [True, False])
def test_domain_list_by_other_means(demo: DemoRun, tmp_path: Path, is_sme: bool) -> None:
    """Files hold what the rule says, computed apart; the three files agree, and their digests are printed."""
    profile = tmp_path / "profile"
    shutil.copytree(PROFILE, profile)
    if not is_sme:
        text = (profile / "provider.toml").read_text().replace('sme = "yes"', 'sme = "no"')
        (profile / "provider.toml").write_text(text.replace('sme_basis = "Annual accounts 2025"', ""))
    made = context(demo.folder, profile=profile, output=tmp_path / "s.html")
    wanted = []
    rows = duckdb.connect().execute(INDEPENDENT.format(demo.folder)).fetchall()
    for modality in sorted({row[0] for row in rows}):
        own = [row[1:] for row in rows if row[0] == modality]
        count = min(-(-len(own) // 20), 1000) if is_sme else -(-len(own) // 10)
        wanted += [(at, domain, modality, size, pages) for at, (domain, size, pages) in enumerate(own[:count], 1)]
    table = pyarrow.parquet.read_table(tmp_path / "s.domains.parquet")
    assert [tuple(row.values()) for row in table.to_pylist()] == wanted
    assert table.column_names == ["rank", "domain", "modality", "bytes", "pages"]
    with (tmp_path / "s.domains.csv").open(newline="") as file:
        assert [tuple(row) for row in csv.reader(file)][1:] == [tuple(map(str, row)) for row in wanted]
    told = json.loads((tmp_path / "s.domains.json").read_text())
    assert [tuple(row.values()) for row in told["domains"]] == wanted
    text = render(Path("x.md"), summary_facts(made)).decode()
    for name, digest, size in made.files:
        assert digest in text.replace("\\", "")
        assert (tmp_path / name).stat().st_size == size


@pytest.mark.parametrize(
    ("domains", "is_sme", "listed"),
    [(0, False, 0), (1, False, 1), (10, False, 1), (11, False, 2), (20, True, 1), (21, True, 2), (10**6, True, 1000)],
)
def test_share(domains: int, is_sme: bool, listed: int) -> None:
    """ceil(0.10 D); for SMEs min(ceil(0.05 D), 1000)."""
    assert share_of(domains, is_sme=is_sme) == listed


def test_full_profile_fills_the_form(facts: Facts) -> None:
    """What people said stands there; only what nobody can know of a TEST crawl stays open."""
    found = {one["id"]: one for section in facts.body["sections"] for one in section["fields"]}
    assert [name for name, one in found.items() if one["gap"]] == []
    assert found["size"]["value"]["text"]["range"] == "1 billion to 10 trillion tokens"
    assert found["representative"]["status"] == "not-applicable"
    assert found["licensed-modality"]["status"] == "not-applicable"
    assert found["public-large"]["value"] == ["Big Crawl"]
    assert found["crawl-used"]["value"] is True
    assert re.fullmatch(r"\d\d/\d{4}", found["crawl-period"]["value"][0]["from"])
    assert {"captcha", "login", "paywall"} <= found["crawler-behaviour"]["value"]["barriers"].keys()
    assert not [one for one in facts.body["checks"] if one["level"] == "error"]


def test_empty_profile_names_who_fills(demo: DemoRun, tmp_path: Path) -> None:
    """Without files nothing is invented: every field of a person is a gap with reason, name and key."""
    body = summary_facts(context(demo.folder, profile=tmp_path)).body
    assert len([one for one in body["checks"] if "is missing" in one["text"]]) == 3
    for section in body["sections"]:
        for one in section["fields"]:
            if one["gap"]:
                assert one["gap"]["reason"]
                assert one["gap"]["who"]
                assert one["value"] is not False
    found = {one["id"]: one for section in body["sections"] for one in section["fields"]}
    assert {"provider", "model-names", "licensed-used", "signatory", "size"} <= {
        k for k, v in found.items() if v["gap"]
    }


def _rewritten(demo: DemoRun, target: Path, change: Any) -> Path:
    """A copy of the demo with other rows in its manifest."""
    copy = demo.copy(target)
    (segment,) = (copy / "manifest").iterdir()
    rows = [change(dict(row)) for row in pyarrow.parquet.read_table(segment).to_pylist()]
    pyarrow.parquet.write_table(pa.Table.from_pylist([row for row in rows if row], schema=schema()), segment)
    return copy


def test_contradictions_are_errors(demo: DemoRun, tmp_path: Path) -> None:
    """Rows of public datasets, ready-made crawls and unticked modalities against what people said."""
    numbers = iter(range(1000))

    def change(row: dict[str, Any]) -> dict[str, Any]:
        at = next(numbers)
        if at % 5 == 0:
            row.update(origin="public_dataset", dataset_id="cc")
        if at % 5 == 1:
            row.update(user_agent="CCBot/2.0")
        if at % 5 == 2 and row["verdict"] == "allow":
            row.update(modality="video")
        return row

    profile = tmp_path / "profile"
    shutil.copytree(PROFILE, profile)
    text = (profile / "model.toml").read_text()
    start, end = text.index("[public_datasets]"), text.index("[licensed]")
    (profile / "model.toml").write_text(text[:start] + '[public_datasets]\nused = "no"\n' + text[end:])
    body = summary_facts(context(_rewritten(demo, tmp_path / "copy", change), profile=profile)).body
    errors = {one["field"] for one in body["checks"] if one["level"] == "error"}
    assert {"public-used", "crawl-used", "modality"} <= errors


def test_several_crawls_and_policies(demo: DemoRun, tmp_path: Path) -> None:
    """Crawls are summed, periods run from the first to the last, other policies are listed and remarked."""

    def change(row: dict[str, Any]) -> dict[str, Any]:
        if row["fetch_time"]:
            row["fetch_time"] = row["fetch_time"].replace(month=2, day=3)
        row.update(policy_digest="sha256:" + "0" * 64, profile="consent", policy_version="older")
        return row

    older = _rewritten(demo, tmp_path / "older", change)
    with pytest.raises(UsageError, match="hold the same crawl"):
        context(older, demo.folder)
    told = (older / "crawl.json").read_text()
    crawl_id = json.loads(told)["crawl_id"]
    (older / "crawl.json").write_text(told.replace(crawl_id, "crawl-older"))
    alone, both = context(demo.folder), context(older, demo.folder)
    assert both.evidence.pages == 2 * alone.evidence.pages
    period = answers(both)["crawl-period"].value
    assert [one["from"][:2] for one in period] == ["02"]
    assert len(period) == 1
    texts = " ".join(one["text"] for one in summary_facts(both).body["checks"])
    assert "2 policies" in texts
    assert "consent, reservation" in texts


def test_nothing_retained(demo: DemoRun, tmp_path: Path) -> None:
    """Crawlers ran and kept nothing: yes, with gaps; no rows at all: neither yes nor no."""
    none = _rewritten(demo, tmp_path / "none", lambda row: row if row["verdict"] != "allow" else None)
    found = answers(context(none))
    assert found["crawl-used"].value is True
    for name in ("crawl-period", "crawl-domains", "crawl-modality"):
        assert found[name].status == "gap", name
    empty = _rewritten(demo, tmp_path / "empty", lambda _row: None)
    found = answers(context(empty))
    assert found["crawl-used"].status == "gap"
    for suffix in SUFFIXES:
        assert render(Path(f"x{suffix}"), summary_facts(context(empty)))


def test_what_was_removed_counts_nowhere(demo: DemoRun, tmp_path: Path) -> None:
    """After a purge, in part or whole, the documents hold, are told by what is left, and say how much went."""
    copy = demo.copy(tmp_path / "copy")
    before = {one["domain"] for one in context(copy).domains.table.to_pylist()}
    for number, domain in enumerate(("calendar.test", "test")):
        receipt = str(tmp_path / f"{number}.json")
        purge = (
            "--domain",
            domain,
            "--reason",
            "letter of 3 May",
            "--authority",
            "Press",
            "--yes",
            "--receipt",
            receipt,
        )
        assert clearcrawl("purge", str(copy), *purge).returncode == 0
        removed = sum(json.loads((tmp_path / f"{one}.json").read_text())["rows"] for one in range(number + 1))
        for command in (("summary", "-o", str(tmp_path / "s.docx")), ("publish", "-o", str(tmp_path / "site"))):
            done = clearcrawl(command[0], str(copy), *command[1:])
            assert done.returncode == 0, done.stderr
        made = context(copy)
        assert made.evidence.erased == removed
        told = answers(made)
        assert f"collected: {removed:,}; none" in told["crawl-comments"].text[0]
        assert told["crawler-names"].status == "measured"
        left = {one["domain"] for one in made.domains.table.to_pylist()}
        assert not {name for name in left if name.endswith(domain)}
        assert (left != before, bool(left)) == (True, number == 0)


def test_refused_unless_unverified(demo: DemoRun, tmp_path: Path) -> None:
    """A damaged manifest stops the command; with --unverified every page says so."""
    copy = demo.copy(tmp_path / "copy")
    (segment,) = (copy / "manifest").iterdir()
    segment.write_bytes(segment.read_bytes() + b"x")
    done = clearcrawl("summary", str(copy), "-o", str(tmp_path / "s.html"))
    assert done.returncode == 1
    assert "does not hold" in done.stderr
    assert not (tmp_path / "s.html").exists()
    whole = clearcrawl("summary", str(demo.folder), "--policies", str(PROFILE), "-o", str(tmp_path / "s.html"))
    assert whole.returncode == 0, whole.stderr
    page = (tmp_path / "s.html").read_text()
    assert "UNVERIFIED" not in page
    assert CONTENT_SECURITY_POLICY in page.replace("&#39;", "'")
    done = clearcrawl("summary", str(demo.folder), "--unverified", "-o", str(tmp_path / "s.docx"))
    with zipfile.ZipFile(tmp_path / "s.docx") as package:
        assert b"UNVERIFIED" in package.read("word/header1.xml")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "name the crawls"),
        (("DEMO",), "name the file"),
        (("DEMO", "-o", "x.pdf"), ".docx"),
        (("DEMO", "-o", "DEMO/s.html"), "lies in the crawl"),
        (("DEMO", "--score", "--date", "1.2.2026"), "write a day"),
        (("nowhere", "--score"), "nowhere"),
        (("DEMO", "--score", "--policies", "nowhere"), "nowhere"),
    ],
)
def test_misuse(demo: DemoRun, words: tuple[str, ...], said: str) -> None:
    """One message, exit 2, nothing written."""
    done = clearcrawl("summary", *(word.replace("DEMO", str(demo.folder)) for word in words))
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert said in done.stderr


def _hostile() -> list[str]:
    known = json.loads(shared_path("vectors/adversarial/reports/injection.json").read_text())["strings"]
    more = [
        '=HYPERLINK("http://evil.test","x")', "+1", "-1+1", "\t=1", "\r=1", "<script>alert(1)</script>",
        "</w:t></w:r><w:r>", '"><img src=x onerror=alert(1)>', "{% raw %}", "](javascript:alert(1))", "`</code>`",
        "| a | b |", "\u0000\u0007", "\u2066\u05d0\u05d1", "\ufffe\uffff", "&lt;b&gt;", "]]>", "x" * 63 + ".test",
    ]  # fmt: skip
    return [*known, *more][:25]


FIELDS = (
    *("url_host_registered_domain", "content_mime_detected", "content_languages", "site_category", "country_hint"),
    *("access_barrier", "blocklist_id", "crawler_id", "user_agent", "purpose"),
)
"""Columns that reach the documents."""


def test_text_of_strangers_stays_text(demo: DemoRun, tmp_path: Path) -> None:
    """25 strings in 10 columns and in the profile: no element, handler, formula, control or template in any output."""
    hostile = _hostile()
    assert len(hostile) == 25
    numbers = iter(range(10**6))

    def change(row: dict[str, Any]) -> dict[str, Any]:
        at = next(numbers)
        for shift, name in enumerate(FIELDS):
            row[name] = hostile[(at + shift) % 25]
        row["modality"] = None if row["verdict"] != "allow" else hostile[at % 25]
        return row

    copy = _rewritten(demo, tmp_path / "copy", change)
    profile = tmp_path / "profile"
    shutil.copytree(PROFILE, profile)
    name = json.dumps("<b onclick=1>{{1}} =2+2 שלום 日本語")
    (profile / "provider.toml").write_text(f'name = {name}\ncontact = "https://a.test/<b>"\n')
    made = context(copy, profile=profile, output=tmp_path / "s.html")
    facts = summary_facts(made)
    outputs = {suffix: render(Path(f"x{suffix}"), facts) for suffix in SUFFIXES}
    plain_page = summary_facts(context(demo.folder, profile=profile))
    tags = lambda page: set(re.findall(r"<([a-z0-9]+)[\s>]", page))  # noqa: E731 - used twice
    page = outputs[".html"].decode()
    assert tags(page) == tags(render(Path("x.html"), plain_page).decode())
    assert not re.search(r"<[^>]* on\w+=", page)
    assert "שלום 日本語" in page
    parts = zipfile.ZipFile(io.BytesIO(outputs[".docx"]))
    for part in parts.namelist():
        ET.fromstring(parts.read(part))  # noqa: S314 - made by us
    document = parts.read("word/document.xml").decode()
    assert "w:instrText" not in document
    for text in (page, document, outputs[".md"].decode(), outputs[".json"].decode()):
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f\x80-\x9f\u202a-\u202e\u2066-\u2069]", text)
    assert outputs[".json"].isascii()
    markdown = outputs[".md"].decode()
    assert "<script" not in markdown.replace("\\<", "")
    assert "](javascript" not in markdown.replace("\\]", "")
    with (tmp_path / "s.domains.csv").open(newline="", encoding="utf-8") as file:
        cells = [cell for row in list(csv.reader(file))[1:] for cell in (row[1], row[2])]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_sizes() -> None:
    """Columns first, then a stated factor, else unknown; a count of some rows is no size."""
    ranges = field_map().ranges
    row = {
        "modality": "text", "pages": 2, "bytes_retained": 4000, "tokens": 900, "with_tokens": 2, "tokenizers": ["t1"],
        "with_duration": 0, "duration_s": 0.0,
    }  # fmt: skip
    factor = Factor(modality="text", bytes_each=4.0, unit="tokens", basis="sample")
    assert measured([row], "text", ranges, ()).amount == 900
    some = {**row, "with_tokens": 1}
    assert measured([some], "text", ranges, ()).amount is None
    assert measured([some], "text", ranges, (factor,)).amount == 1000
    wrong = Factor(modality="text", bytes_each=4.0, unit="words", basis="sample")
    assert measured([some], "text", ranges, (wrong,)).amount is None
    film = {**row, "modality": "video", "with_duration": 2, "duration_s": 7200.0}
    assert measured([film], "video", ranges, ()).amount == 2
    assert measured([{**row, "modality": "document"}], "text", ranges, ()).amount == 900
    text = ranges["text"]
    assert [text.of(one) for one in (999_999_999, 10**9, 10**13, 10**13 + 1)] == [0, 1, 1, 2]


def _dataset(name: str, size: int | None, *modalities: str) -> Dataset:
    return Dataset(
        name=name, version="", url="", modalities=modalities or ("text",), size=size, description="", collected="",
        selection="", dataset_id=name,
    )  # fmt: skip


def test_large_datasets() -> None:
    """More than 3 % of the modality is large; exactly 3 % is not; what cannot be weighed is listed."""
    found = {one.dataset.name: one for one in weigh([_dataset("a", 970), _dataset("b", 30)], {})}
    assert (found["a"].is_large, found["b"].is_large) == (True, False)
    found = {one.dataset.name: one for one in weigh([_dataset("a", 969), _dataset("b", 31), _dataset("c", None)], {})}
    assert all(one.is_large for one in found.values())
    both = weigh([_dataset("a", 10, "text", "image")], {("a", "image"): 5})
    assert [(one.modality, one.share) for one in both] == [("image", 1.0), ("text", None)]


def test_codes_have_words(facts: Facts) -> None:
    """Every barrier, action and outcome of robots.txt is told in words; what is not known stays."""
    assert set(BARRIERS) == set(BarrierKind)
    assert set(ACTIONS) == set(BarrierAction)
    assert all(outcome(str(one)) != one for one in RobotsCode)
    assert (barrier("moat"), action(None), outcome("robots_new")) == ("moat", None, "robots_new")
    assert (urls(0), urls(1), urls(2000)) == ("0 URLs", "1 URL", "2,000 URLs")
    text = plain_text(".docx", render(Path("x.docx"), facts))
    assert not [one for one in ("paywall_hard", *BarrierAction, "robots_unavailable", "robots_rules") if one in text]


def test_headings_of_columns_stay_whole() -> None:
    """No word of a heading is wider than its column; all columns together are as wide as the table."""
    table = {
        "columns": ("Protocol", "Reserved", "On conditions", "Allowed", "Left", "Kept"),
        "rows": [("x" * 60, *"12345")],
    }
    found = widths(table, 6000)
    assert sum(found) <= 6000
    assert found[0] > found[1] >= 190 + 100 * len("Reserved")


def test_clock() -> None:
    """Six months from a version, if pages are newer; months end where they end."""
    assert months_later(date(2026, 8, 31), 6) == date(2027, 2, 28)
    old = EarlierSummary(version="1", published=date(2026, 1, 10), url="https://a.test/")
    assert next_update([old], TODAY, "11/2026").problems
    assert not next_update([old], TODAY, "12/2025").problems
    assert not next_update([], TODAY, "11/2026").problems
    later = EarlierSummary(version="3", published=date(2027, 1, 1), url="")
    assert "after this one" in next_update([later], TODAY, None).problems[0]


def test_score_and_documentation(facts: Facts, made: Context) -> None:
    """A grader's points: nothing for gaps, less for TEST; the form lists until when everything is kept."""
    marks = score(facts.body)
    assert 0.5 < total(marks) <= 1
    assert {one.field for one in marks if one.number == "2.3" and not one.is_present} == set()
    clean = {**facts.body, "is_test": False, "is_verified": True}
    assert total(score(clean), "2.3") == 1.0
    rows = {one["id"]: one for part in documentation_facts(made).body["sections"] for one in part["fields"]}
    assert rows["retention"]["value"]["documents"] == "2036-12-01"
    assert rows["data-points"]["value"]["text"] > 0
    assert [name for name, one in rows.items() if one["gap"]] == []


def test_field_map_is_checked() -> None:
    """A field of no section, or after no question, is refused."""
    field = {"id": "a", "number": "9", "label": "", "kind": "text", "need": "mandatory", "after": [], "guidance": "",
             "fill": "person", "keys": [], "who": ""}  # fmt: skip
    table = {"id": "x", "title": "", "basis": "", "dated": TODAY, "form_digest": "", "form_octets": 0,
             "map_version": "1", "ranges": {}, "section": [{"number": "1", "title": ""}], "field": [field]}  # fmt: skip
    with pytest.raises(ValueError, match="its section"):
        read_map(table)


def test_docx_opens(facts: Facts, tmp_path: Path) -> None:
    """LibreOffice makes a PDF of it."""
    office = shutil.which("soffice")
    if office is None:
        assert os.environ.get("TEST_PARTS") != "all", "LibreOffice is part of CI (Debian: libreoffice-writer-nogui)"
        pytest.skip("LibreOffice is not installed")
    (tmp_path / "s.docx").write_bytes(render(Path("s.docx"), facts))
    subprocess.run(  # noqa: S603 - found above
        [office, f"-env:UserInstallation={(tmp_path / 'office').as_uri()}", "--headless", "--convert-to", "pdf",
         "--outdir", str(tmp_path), str(tmp_path / "s.docx")],
        check=True, capture_output=True, timeout=180,
    )  # fmt: skip
    assert (tmp_path / "s.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize("width", [390, 1280])
def test_page_is_accessible(facts: Facts, tmp_path: Path, width: int) -> None:
    """axe-core finds nothing to object to, on a phone and on a laptop; nothing is loaded from elsewhere."""
    page = render(Path("x.html"), facts).decode()
    assert violations(page, tmp_path, width=width) == []
    assert not re.search(r"<(?:script|link|img|iframe|object|embed|form|base)\b|url\(|@import", page)
