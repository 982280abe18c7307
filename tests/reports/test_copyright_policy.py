"""The copyright policy: every obligation answered, what is not said is refused, and nothing in it runs or leaks."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import fields, replace
from datetime import date
from html.parser import HTMLParser
from io import BytesIO
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET
from zipfile import ZipFile

import pytest

from crawler import __version__
from crawler.audit.queries import queries
from crawler.audit.verifying import verify
from crawler.cli.main import main as command_line
from crawler.demo.folders import write_folders
from crawler.errors import DamagedStateError, DocumentError, DocumentRefusedError, UsageError
from crawler.policy.profile_gaps import provider_gaps
from crawler.policy.profile_reading import PROVIDER, provider
from crawler.reports.copyright_policy import archive
from crawler.reports.copyright_policy.document import (
    CopyrightPolicy,
    Crawls,
    PolicySummary,
    check_crawls,
    policy_facts,
    public_facts,
)
from crawler.reports.copyright_policy.figures import OWN
from crawler.reports.copyright_policy.inputs import read_inputs
from crawler.reports.copyright_policy.making import Job, make
from crawler.reports.copyright_policy.obligations import Obligation, chapter
from crawler.reports.copyright_policy.rendering import FORMATS, render
from crawler.signing.key_folder import KeyFolder, default_folder
from crawler.storage.policy_folder import PolicyFolder, read_folder
from crawler.storage.suffixes import bundled_suffixes
from crawler.values.printable import for_terminal
from crawler.values.strict_toml import Source
from tests.browser import violations
from tests.shared import shared_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import click

    from crawler.reports.copyright_policy.inputs import Inputs
    from crawler.reports.interface import Facts
    from crawler.reports.rendering import Report
    from tests.demo_run import DemoRun

TODAY = date(2026, 11, 23)
REPORTS: tuple[Report, ...] = (CopyrightPolicy(), PolicySummary())
IDS = [one.id for one in chapter().obligations]


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Policies and blocklists of the demo, free to be changed."""
    return write_folders(tmp_path)


@pytest.fixture
def crawls(demo: DemoRun) -> Crawls:
    """The demo's crawl, verified."""
    return Crawls(folders=[demo.folder], checked=[_verified(demo.folder)])


def _verified(folder: Path) -> Any:
    return verify(folder, KeyFolder(default_folder()).trust(), is_trust_given=False)


def _inputs(folders: tuple[Path, Path], **changes: bytes) -> Inputs:
    folder = read_folder(folders[0])
    settings = {**folder.settings, **changes.pop("settings", {})}  # type: ignore[dict-item] # a map of files
    texts = {name: content for name, content in {**folder.texts, **changes}.items() if content}
    catalog = (folders[1] / "catalog.toml").read_bytes()
    given = PolicyFolder(settings=settings, texts=texts, templates=folder.templates)
    return read_inputs(given, catalog, tool_version=__version__, today=TODAY, suffixes=bundled_suffixes())


def _all(facts: Facts, folder: PolicyFolder) -> Iterator[tuple[str, str]]:
    for report, body in zip(REPORTS, (facts, public_facts(facts)), strict=True):
        for kind in FORMATS:
            page = render(report, body, kind, dated="2026-11-23", templates=folder.templates)
            yield f"{report.id}.{kind}", _word(page) if kind == "docx" else page.decode()


def _word(page: bytes) -> str:
    """Body and header of a DOCX."""
    with ZipFile(BytesIO(page)) as opened:
        parts = [opened.read(name).decode() for name in ("word/document.xml", "word/header1.xml")]
    return "<doc>" + "".join(part.split("?>", 1)[1] for part in parts) + "</doc>"


def _job(folders: tuple[Path, Path], crawls: Crawls, kept: Path) -> Job:
    return Job(policies=folders[0], blocklists=folders[1], archive=kept, crawls=crawls, today=TODAY)


def test_the_data_names_every_obligation_of_the_chapter() -> None:
    """As many as the paper lists, each with what it asks, what is done, what shows it, and what stays with people."""
    paper = shared_path("spec/code-of-practice.md").read_text("utf-8")
    assert re.findall(r"^\| (1\.\d-[a-z]) \|", paper, re.MULTILINE) == IDS
    for one in chapter().obligations:
        assert all((one.title, one.asks, one.toolkit, one.commands, one.people)), one.id
        assert one.measure in chapter().measures
        assert one.strength in {"commit", "encouraged", "scope", "reminder"}
        assert one.certainty in {"primary", "agreed", "unverified", "own"}
    assert {field.name for field in fields(Obligation)} >= {"keys", "either", "figures"}


def test_keys_of_the_data_are_those_that_are_asked_for() -> None:
    """What an empty profile leaves open is what the data names, obligation by obligation."""
    open_keys: dict[str, set[str]] = {}
    for gap in provider_gaps(provider(Source(PROVIDER, b'search_engine_operated = ""').root())):
        open_keys.setdefault(gap.needed_for, set()).add(gap.key)
    for one in chapter().obligations:
        wanted = open_keys.get(one.id, set())
        assert wanted <= {*one.keys, *one.either}, one.id
        assert {*one.keys} <= wanted, one.id
        assert not one.either or wanted & {*one.either}, one.id


def test_commands_and_figures_exist() -> None:
    """Nothing is promised that cannot be typed or asked."""
    for one in chapter().obligations:
        assert {*one.figures} <= {*OWN, *queries()}, one.id
        for line in one.commands:
            command: click.Command = command_line
            for word in line.split()[1:]:
                if not hasattr(command, "get_command") or not word.islower():
                    break
                found = command.get_command(None, word)
                assert found is not None, line
                command = found


def test_the_demo_answers_every_obligation(demo: DemoRun) -> None:
    """In both documents and all formats that the demo wrote, under the five headings, and marked as a test."""
    written = demo.folder.with_name(f"{demo.folder.name}-documents")
    for report in REPORTS:
        body = json.loads((written / f"{report.id}.json").read_text("utf-8"))
        assert [measure["id"] for measure in body["measures"]] == ["1.1", "1.2", "1.3", "1.4", "1.5"]
        told = {one["id"]: one["answers"] for measure in body["measures"] for one in measure["obligations"]}
        assert [*told] == IDS
        if isinstance(report, CopyrightPolicy):
            assert all(told.values())
        html = (written / f"{report.id}.html").read_text("utf-8")
        markdown = (written / f"{report.id}.md").read_text("utf-8")
        word = _word((written / f"{report.id}.docx").read_bytes())
        for one in IDS:
            assert f'id="o-{one}"' in html
            assert f"### {one} " in markdown
            assert f">{one} " in word
        assert body["is_test"]
        assert word.count("TEST: test hosts") >= 2
        assert html.count('<p class="mark">TEST</p>') == len(body["measures"])
        assert '@top-right { content: "TEST"' in html
        assert markdown.count("**TEST:") > len(body["measures"])
    kept = list((written / "archive").iterdir())
    assert [one.name[:2] for one in kept] == ["20"]


KEYS = [(one.id, key) for one in chapter().obligations for key in (*one.keys, *one.either)]


@pytest.mark.parametrize(("obligation", "key"), KEYS)
def test_an_open_key_is_named(folders: tuple[Path, Path], obligation: str, key: str) -> None:
    """Each key that is taken away refuses the document, by its name and for its obligation."""
    path = folders[0] / PROVIDER
    table, _, name = key.rpartition(".")
    text = path.read_text("utf-8")
    if key == "rightsholders.form":  # the page for complaints would answer as well
        text = text.replace('complaints = "https://clearcrawl.test/complaints"\n', "")
    start = text.index(f"[{table}]") if table else 0
    found = re.compile(rf'^{name} = (?:"""\n.*?"""|[^\n]*)\n', re.MULTILINE | re.DOTALL).search(text, start)
    wanted = "outputs.acceptable_use" if obligation == "1.4-b" else key
    if found is not None:
        text = text[: found.start()] + text[found.end() :]
    path.write_text(text if obligation != "1.4-b" else re.sub(r"acceptable_use = .*\n", "", text), "utf-8")
    with pytest.raises(DocumentError) as refused:
        _inputs(folders)
    told = [(one.key, one.problem) for one in refused.value.mistakes]
    assert [one for one, _ in told] == [wanted]
    assert told[0][1].startswith(f"{obligation} is not answered")


def test_a_text_answers_in_the_place_of_a_key(folders: tuple[Path, Path]) -> None:
    """Prose may stand in a file of its own; the document then shows who approved it."""
    path = folders[0] / PROVIDER
    path.write_text(re.sub(r"safeguards = .*\n", "", path.read_text("utf-8")), "utf-8")
    words = b'+++\nowner = "O"\napproved_by = "B"\ndate = 2026-11-01\n+++\n\nFilters.\n'
    given = _inputs(folders, **{"texts/1.4-a.md": words})
    facts = policy_facts(given, Crawls(), ())
    (answer,) = next(one for one in facts.body["measures"][3]["obligations"] if one["id"] == "1.4-a")["answers"]
    assert answer["parts"] == [{"is_list": False, "lines": ["Filters."]}]
    assert answer["signed"] == {"owner": "O", "approved_by": "B", "since": "2026-11-01"}


def test_a_crawler_without_a_name(folders: tuple[Path, Path]) -> None:
    """Where no test hosts are allowed, who crawls must be said; and then nothing says TEST."""
    path = folders[0] / "crawl-policy.toml"
    path.write_text('version = "1"\n[identity]\noperator = ""\n', "utf-8")
    with pytest.raises(DocumentError) as refused:
        _inputs(folders)
    named = [(one.key, one.line) for one in refused.value.mistakes]
    assert named == [("identity.operator", 3), ("identity.contact", None), ("identity.product_token", None)]
    path.write_text(
        'version = "1"\n[identity]\noperator = "O"\ncontact = "mailto:a@b.example"\nproduct_token = "Bot"\n', "utf-8"
    )
    given = _inputs(folders)
    facts = policy_facts(given, Crawls(), ())
    assert not facts.body["is_test"]
    assert '<p class="mark">' not in dict(_all(facts, given.folder))["policy-summary.html"]


TEXTS = {
    "missing": ({"texts/1.5-f.md": b""}, "1.5-f is not answered"),
    "a draft": ({"texts/1.5-f.md": b'+++\nowner = "O"\n+++\nText'}, "approved_by, date: 1.5-f is not answered"),
    "of tomorrow": (
        {"texts/1.5-f.md": b'+++\nowner = "O"\napproved_by = "B"\ndate = 2026-11-24\n+++\nText'},
        "still to come",
    ),
    "for nothing": ({"texts/9.9-z.md": b"+++\n+++\n"}, "answers no obligation"),
    "without front matter": ({"texts/1.5-f.md": b"Text"}, "does not begin with"),
}


@pytest.mark.parametrize("what", TEXTS)
def test_texts_that_do_not_count(folders: tuple[Path, Path], what: str) -> None:
    """A text that is missing, a draft, undated, misnamed or malformed refuses the document."""
    changes, words = TEXTS[what]
    with pytest.raises(DocumentError, match=re.escape(words)):
        _inputs(folders, **changes)


def test_all_that_is_wrong_is_said_at_once(folders: tuple[Path, Path]) -> None:
    """Mistakes of every file, contradictions and open questions stand in one message."""
    (folders[0] / PROVIDER).write_text('sme = "no"\nsme_basis = "few"\n', "utf-8")
    (folders[0] / "crawl-policy.toml").write_text('version = "1"\nprofile = "x"\n', "utf-8")
    (folders[0] / "retention.toml").write_text("[pages]\n", "utf-8")
    (folders[1] / "catalog.toml").write_text("[[list]]\n", "utf-8")
    with pytest.raises(DocumentError) as refused:
        _inputs(folders)
    files = {one.file for one in refused.value.mistakes}
    assert files == {PROVIDER, "crawl-policy.toml", "retention.toml", "catalog.toml"}
    assert any(one.key == "sme_basis" for one in refused.value.mistakes)
    (folders[0] / PROVIDER).unlink()
    with pytest.raises(DocumentError, match="is missing; obligations are answered there"):
        _inputs(folders)


SECRETS = {
    "owner_implementation.contact": "mailto:secret-owner@clearcrawl.test",
    "outputs.safeguards": "SECRET safeguards",
    "override": "SECRET override",
    "agreement": "SECRET-agreement",
    "text": "SECRET text",
    "owner of a text": "SECRET person",
}


def test_the_public_summary_holds_public_fields_alone(folders: tuple[Path, Path], crawls: Crawls) -> None:
    """What is marked in places that are not public appears in the whole policy, and in no form of the summary."""
    path = folders[0] / PROVIDER
    text = path.read_text("utf-8").replace("mailto:data@clearcrawl.test", SECRETS["owner_implementation.contact"])
    path.write_text(re.sub(r"safeguards = .*", f'safeguards = "{SECRETS["outputs.safeguards"]}"', text), "utf-8")
    with (folders[0] / "crawl-policy.toml").open("a") as file:
        file.write(
            f'[[override]]\nscope = "partner.example"\nlifts = ["robots_disallow"]\nreason = "{SECRETS["override"]}"\n'
            'document = "d"\ndecided_by = "w"\nvalid_from = 2026-01-01\nvalid_to = 2026-12-31\n'
        )
    (folders[0] / "agreements.toml").write_text(
        f'[[agreement]]\nscope = "https://a.example/"\npermits = ["ai_training"]\nref = "{SECRETS["agreement"]}"\n'
    )
    words = (
        f'+++\nowner = "{SECRETS["owner of a text"]}"\napproved_by = "B"\ndate = 2026-11-01\n+++\n{SECRETS["text"]}\n'
    )
    given = _inputs(folders, **{"texts/1.2-a.md": words.encode()})
    facts = policy_facts(given, Crawls(), ())
    for name, page in _all(facts, given.folder):
        for secret in SECRETS.values():
            told = secret if not name.endswith(".md") else re.sub(r"([:@.-])", r"\\\1", secret)
            assert (told in page) is name.startswith("copyright-policy"), (name, secret)
    with_crawl = public_facts(policy_facts(_unchanged(folders), crawls, ()))
    assert "operator" not in json.dumps(with_crawl.body["crawls"])


def _unchanged(folders: tuple[Path, Path]) -> Inputs:
    """The demo's own files again."""
    root = folders[0].parent / "again"
    root.mkdir()
    return _inputs(write_folders(root))


STRINGS = (
    "=2+2", "+1", "-1", "@X", "\tx", "\rx", "<b onclick=1>x</b>", "<script>alert(1)</script>",
    "</style><script>1</script>", "\"'><img src=x onerror=alert(1)>", "javascript:alert(1)", "\x1b[31m", "\x9b31m",
    "\u202ex", "\u2066x", "{{1}}", "{% raw %}", "{{ ''.__class__ }}", "a\nb", "a\n\n# b", "| a | b |",
    "[a](javascript:1)", "![a](http://x.example/)", "`a` *b* _c_",
    "\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",
    "\u65e5\u672c\u8a9e", "&lt;b&gt;", "<!-- -->", "a" * 63 + ".example", "\u2028x",
)  # fmt: skip
PLACES: dict[str, Callable[[dict[str, Any], str], object]] = {
    "provider": lambda body, text: body["provider"].update(name=text),
    "version": lambda body, text: body["policy"].update(version=text),
    "crawl id": lambda body, text: body["crawls"][0].update(crawl_id=text),
    "operator": lambda body, text: body["crawls"][0].update(product_token=text),
    "run": lambda body, text: body["runs"][0].update(crawl_id=text),
    "setting": lambda body, text: _answer(body, "settings")["entries"][0].update(value=text),
    "name of a setting": lambda body, text: _answer(body, "settings")["entries"][0].update(name=text),
    "cell": lambda body, text: _answer(body, "table")["rows"][0].__setitem__(0, text),
    "column": lambda body, text: _answer(body, "table")["columns"].__setitem__(0, text),
    "title": lambda body, text: _answer(body, "table").update(title=text),
    "prose": lambda body, text: _answer(body, "words")["parts"][0]["lines"].__setitem__(0, text),
    "owner": lambda body, text: _answer(body, "words")["signed"].update(owner=text),
    "source": lambda body, text: _answer(body, "statement").update(source=text),
    "sentence": lambda body, text: _answer(body, "statement").update(text=text),
}


def _answer(body: dict[str, Any], kind: str) -> dict[str, Any]:
    found: dict[str, Any] = next(
        answer
        for measure in body["measures"]
        for one in measure["obligations"]
        for answer in one["answers"]
        if answer["kind"] == kind and answer["public"] and answer.get("rows", True) and answer.get("signed", True)
    )
    return found


class _Page(HTMLParser):
    """Tags in their order, and all text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.text: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in {"a", "p"}:  # a link comes with an address, a paragraph goes with an empty source
            self.tags.append((tag, tuple(name for name, _ in attrs)))
        assert not any(name.startswith("on") or name in {"src", "srcdoc"} for name, _ in attrs)
        assert all((value or "").startswith(("#", "http", "mailto")) for name, value in attrs if name == "href")

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_hostile_strings_are_inert(folders: tuple[Path, Path], crawls: Crawls) -> None:
    """Every string in every place of every output: shown as text, no element, line or cell more than before."""
    given = _inputs(folders)
    facts = policy_facts(given, crawls, ())
    plain = dict(_all(_with(facts, dict.fromkeys(PLACES, "plain")), given.folder))
    for text in STRINGS:
        pages = dict(_all(_with(facts, dict.fromkeys(PLACES, text)), given.folder))
        for name, page in pages.items():
            if name.endswith(".json"):
                assert json.loads(page)["provider"]["name"] == text
                assert page.isascii()
            elif name.endswith(".docx"):
                told, before = ET.fromstring(page), ET.fromstring(plain[name])  # noqa: S314 - our own
                assert [one.tag for one in told.iter()] == [one.tag for one in before.iter()], (name, text)
                assert for_terminal(text).strip() in "".join(told.itertext()), (name, text)
            elif name.endswith(".html"):
                parsed = _Page(page)
                assert parsed.tags == _Page(plain[name]).tags, (name, text)
                shown = "".join(parsed.text)
                assert for_terminal(text) in shown or for_terminal(text).strip() in shown, (name, text)
                assert not set(page) & set("\x1b\x9b\u202e\u2066\u2028\r\t"), (name, text)
            else:
                assert len(page.split("\n")) == len(plain[name].split("\n")), (name, text)
                assert len(re.findall(r"(?<!\\)\|", page)) == len(re.findall(r"(?<!\\)\|", plain[name])), (name, text)
                assert not re.search(r"(?<!\\)[<\[\]]", page), (name, text)
                assert not set(page) & set("\x1b\x9b\u202e\u2066\u2028\r\t"), (name, text)


def _with(facts: Facts, texts: dict[str, str]) -> Facts:
    body = json.loads(json.dumps(facts.body))
    for place, text in texts.items():
        PLACES[place](body, text)
    return replace(facts, body=body)


def test_right_to_left_and_other_scripts(folders: tuple[Path, Path]) -> None:
    """Names stay as they are, each in a direction and language of its own."""
    path = folders[0] / PROVIDER
    name = "\u05e9\u05dc\u05d5\u05dd \u65e5\u672c"
    path.write_text(path.read_text("utf-8").replace("The clearcrawl demo (TEST)", name), "utf-8")
    words = f'+++\nowner = "{name}"\napproved_by = "B"\ndate = 2026-11-01\nlang = "he"\n+++\n{name}\n'
    given = _inputs(folders, **{"texts/1.1-a.md": words.encode()})
    page = dict(_all(policy_facts(given, Crawls(), ()), given.folder))["copyright-policy.html"]
    assert f"<bdi>{name}</bdi>" in page
    assert '<div lang="he" dir="auto">' in page
    assert '<html lang="en">' in page


TEMPLATES = {
    "a tag that is not closed": (b"{% if x %}", "copyright-policy.html.j2:1"),
    "a name that is not there": (b"\n\n{{ nobody }}", "copyright-policy.html.j2:3: 'nobody' is undefined"),
    "a way out": (b"{{ ''.__class__.__mro__ }}", "unsafe"),
    "a filter that is not there": (b"{{ 1|nothing }}", "nothing"),
    "a value that does not fit": (b"{{ 1 + 'a' }}", "copyright-policy.html.j2:1"),
    "another template": (b"{% include 'nothing' %}", "nothing"),
    "no text": (b"\xff", "not UTF-8"),
    "a page of its own": (b"<html lang=en><p>Hello", "lacks the security policy"),
    "a page without language": (b"<html><p>Hello", "html has no lang"),
    "a script": (b'{% extends "base.html.j2" %}{% block content %}<script>1</script>{% endblock %}', "element script"),
    "an image": (b'{% extends "base.html.j2" %}{% block content %}<img src="x">{% endblock %}', "element img"),
    "a handler": (b'{% extends "base.html.j2" %}{% block content %}<p onclick="x">{% endblock %}', "attribute onclick"),
    "a link": (b'{% extends "base.html.j2" %}{% block content %}<a href="data:x">{% endblock %}', "a link leads to"),
    "a style": (b'{% extends "base.html.j2" %}{% block content %}<p style="background:url(x)">{% endblock %}', "style"),
    "a refresh": (b'{% extends "base.html.j2" %}{% block content %}<meta http-equiv="refresh">{% endblock %}', "meta"),
    "a lost obligation": (b'{% extends "base.html.j2" %}', 'leaves out id="o-1.1-a"'),
}


@pytest.mark.parametrize("what", TEMPLATES)
def test_templates_of_people_are_checked(folders: tuple[Path, Path], what: str) -> None:
    """A template that is wrong, reaches out, runs something or loses something is named with file and line."""
    content, words = TEMPLATES[what]
    given = _inputs(folders)
    facts = policy_facts(given, Crawls(), ())
    templates = {"templates/copyright-policy.html.j2": content}
    with pytest.raises(UsageError, match=re.escape(words)):
        render(CopyrightPolicy(), facts, "html", dated="2026-11-23", templates=templates)


def test_markdown_templates_are_checked(folders: tuple[Path, Path]) -> None:
    """No HTML, and no obligation less."""
    given = _inputs(folders)
    templates = {"templates/copyright-policy.md.j2": b"a <b>c</b>"}
    with pytest.raises(UsageError, match=r"line 1: HTML does not belong(?s:.)*leaves out ### 1\.1-a"):
        render(CopyrightPolicy(), policy_facts(given, Crawls(), ()), "md", dated="x", templates=templates)


def test_drift_names_both(folders: tuple[Path, Path], crawls: Crawls, tmp_path: Path) -> None:
    """Another rule than the crawl's refuses, with both digests and the key; an archived earlier version may differ."""
    before = make(_job(folders, crawls, tmp_path / "kept"))
    path = folders[0] / "crawl-policy.toml"
    path.write_text(path.read_text("utf-8").replace("delay = 0", "delay = 2").replace("demo-1", "demo-2"), "utf-8")
    with pytest.raises(DocumentRefusedError) as refused:
        make(_job(folders, crawls, tmp_path / "other"))
    message = str(refused.value)
    assert before.version.policy_digest in message
    assert "politeness.delay '0' in the crawl, '2' written" in message
    assert len(set(re.findall(r"sha256:[0-9a-f]{64}", message))) == 2
    after = make(_job(folders, crawls, tmp_path / "kept"))
    body = json.loads(after.documents["copyright-policy.json"])
    assert [(one["is_written"], one["policy_version"]) for one in body["runs"]] == [(False, "demo-1")]
    assert [one["version"] for one in body["earlier"]] == ["demo-1"]


def test_drift_of_lists(folders: tuple[Path, Path], crawls: Crawls, tmp_path: Path) -> None:
    """A list that is written and was not loaded, or was loaded and is not written."""
    catalog = folders[1] / "catalog.toml"
    text = catalog.read_text("utf-8")
    catalog.write_text(text.replace('id = "demonstration"', 'id = "court-lists"'), "utf-8")
    with pytest.raises(DocumentRefusedError, match="with the lists demonstration, the written catalog has court-lists"):
        make(_job(folders, crawls, tmp_path / "kept"))


def test_drift_inside_of_a_crawl(folders: tuple[Path, Path], demo: DemoRun, tmp_path: Path) -> None:
    """crawl.json that says something else than the log of the crawl, or than its own configuration, is named."""
    folder = demo.copy(tmp_path / "copy")
    path = folder / "crawl.json"
    body = json.loads(path.read_text("utf-8"))
    named = body["details"]["policy_digest"]
    body["details"]["policy_digest"] = f"sha256:{'0' * 64}"
    body["details"]["config"]["plan"]["concurrency"] = 1
    path.write_text(json.dumps(body), "utf-8")
    with pytest.raises(DocumentRefusedError) as refused:
        make(_job(folders, Crawls(folders=[folder]), tmp_path / "kept"))
    assert f"crawl.json names policy_digest sha256:{'0' * 64}, its log {named}" in str(refused.value)
    assert "not that of its config" in str(refused.value)


def test_an_unverified_manifest(folders: tuple[Path, Path], demo: DemoRun, tmp_path: Path) -> None:
    """Refused by name; where that is accepted, every Measure, every printed page and both formats say so."""
    folder = demo.copy(tmp_path / "copy")
    next((folder / "warc").glob("*.gz")).write_bytes(b"")
    trust = KeyFolder(default_folder()).trust()
    with pytest.raises(DocumentRefusedError, match="fails its verification"):
        check_crawls([folder], trust, is_trust_given=False, is_unverified_ok=False)
    crawls = check_crawls([folder], trust, is_trust_given=False, is_unverified_ok=True)
    made = make(_job(folders, crawls, tmp_path / "kept"))
    for report in REPORTS:
        html = made.documents[f"{report.id}.html"].decode()
        assert html.count('<p class="mark">UNVERIFIED</p>') == 5
        assert '@top-right { content: "TEST UNVERIFIED"' in html
        assert made.documents[f"{report.id}.md"].decode().count("**UNVERIFIED:") > 5
        assert json.loads(made.documents[f"{report.id}.json"])["is_unverified"]
        assert "UNVERIFIED: the manifest" in _word(made.documents[f"{report.id}.docx"]).partition("<w:hdr")[2]


def test_the_archive_is_never_changed(folders: tuple[Path, Path], tmp_path: Path) -> None:
    """The same again finds its version and day; a change makes another beside it; a damaged one is said."""
    kept = tmp_path / "kept"
    first = make(_job(folders, Crawls(), kept))
    assert first.is_new
    state = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in kept.rglob("*") if path.is_file()}
    again = make(replace(_job(folders, Crawls(), kept), today=date(2026, 12, 24)))
    assert not again.is_new
    assert again.version.dated == "2026-11-23"
    assert again.documents == first.documents
    assert {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in kept.rglob("*") if path.is_file()} == state
    path = folders[0] / "texts" / "1.5-f.md"
    path.write_text(path.read_text("utf-8") + "\nOne more.\n", "utf-8")
    later = make(replace(_job(folders, Crawls(), kept), today=date(2026, 12, 24)))
    assert later.is_new
    assert [one.dated for one in archive.versions(kept)] == ["2026-11-23", "2026-12-24"]
    assert {one: (one.stat().st_mtime_ns, one.read_bytes()) for one in state} == state
    assert read_folder(first.place / archive.SOURCES).digest == first.version.sources_digest
    shutil.copytree(first.place, kept / "2026-11-24-0123456789abcdef")
    with pytest.raises(DamagedStateError, match="never renamed"):
        archive.versions(kept)


@pytest.mark.parametrize("width", [1280, 400])
def test_pages_are_accessible(folders: tuple[Path, Path], crawls: Crawls, tmp_path: Path, width: int) -> None:
    """axe-core finds nothing in either page, wide or narrow; it does find what is wrong in a bad one."""
    made = make(_job(folders, crawls, tmp_path / "kept"))
    for report in REPORTS:
        page = made.documents[f"{report.id}.html"].decode()
        assert violations(page, tmp_path, width=width) == []
    bad = page.replace('<html lang="en">', "<html>").replace("</main>", '<img src="x"></main>')
    assert {"html-has-lang", "image-alt"} <= {one["id"] for one in violations(bad, tmp_path, width=width)}
