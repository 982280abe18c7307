"""``clearcrawl publish``: what is announced, what a second run changes, what is refused; strangers stay data."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from crawler.demo.folders import write_folders
from crawler.publishing.feed import atom
from crawler.storage.announcements import Change, read_announcements
from tests.demo_run import clearcrawl
from tests.integration.lab import Lab
from tests.publishing.atom import problems
from tests.publishing.making import edit, make_policies, publish
from tests.servers.replies import html
from tests.servers.web import ScriptedWeb

if TYPE_CHECKING:
    from pathlib import Path

    from tests.demo_run import DemoRun

PAGES = ("index", "lookup", "complaints", "policy-summary", "training-summary", "changes")
EVIL = "<script>alert(1)</script> ]]> &amp; ' onload=x {{ 7*7 }} =cmd()"


def files_of(site: Path) -> dict[str, str]:
    """Digest of every file."""
    return {
        str(path.relative_to(site)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(site.rglob("*"))
        if path.is_file()
    }


def look_up(site: Path, name: str) -> list[Any] | None:
    """What the page's script finds, done once more by what lookup.html says."""
    index = json.loads((site / "lookup" / "index.json").read_text())
    digest = hashlib.sha256(f"{index['salt']} {name}".encode()).hexdigest()
    shard = int(digest[:8], 16) >> (32 - index["bits"])
    found = json.loads((site / "lookup" / index["folder"] / f"{shard}.json").read_text())
    entry: list[Any] | None = found.get(digest[:16])
    return entry


class Elements(HTMLParser):
    """Names of elements and attributes of a page, and where it leads."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.loads: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note one element."""
        self.names.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.loads |= {str(value) for name, value in attrs if name in {"src", "srcset", "data", "poster", "action"}}
        self.loads |= {str(value) for name, value in attrs if tag == "link" and name == "href"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, demo: DemoRun) -> Path:
    """A folder with policies, and a site over the demo; tests copy it before they change anything."""
    folder = tmp_path_factory.mktemp("published")
    publish(make_policies(folder), str(demo.folder))
    return folder


@pytest.fixture
def copy(made: Path, tmp_path: Path) -> Path:
    """The same, to change."""
    shutil.copytree(made, tmp_path / "copy")
    return tmp_path / "copy"


def test_the_site_is_whole(made: Path) -> None:
    """All pages, the feed, the schema, the versions, and what others verify requests by."""
    names = set(files_of(made / "site"))
    assert {f"{page}.html" for page in PAGES} < names
    assert {"crawler.json", "feed.atom", "announcements.json", "complaint.schema.json", "ip-ranges.json"} < names
    assert ".well-known/http-message-signatures-directory" in names
    assert sum(name.startswith("versions/0001-") for name in names) == 2
    for page in PAGES:
        text = (made / "site" / f"{page}.html").read_text()
        assert "default-src 'none'" in unescape(text)
        assert "TEST" in text
        assert Elements(text).loads <= {"feed.atom", "lookup.js"}


def test_what_the_crawler_page_must_tell(made: Path) -> None:
    """Measure 1.3-g: name, token, agent, networks, protocols with revisions, caching, opting out, contact."""
    page = (made / "site" / "index.html").read_text()
    for told in ("Example Models GmbH", "ExampleBot/", "192.0.2.0/28", "crawl.example.org", "RFC 9309", "24 hours",
                 "attach-05, vocab-08", "2024-05-10", "Disallow: /photos/", "rights@example.org"):  # fmt: skip
        assert told in page, told
    found = json.loads((made / "site" / "crawler.json").read_text())
    assert found["crawler"]["identity"]["operator"] == "Example Models GmbH"
    assert found["version"] == 1
    assert len(found["opting_out"]) >= 15


def test_one_line_changed_is_one_entry_with_before_and_after(copy: Path) -> None:
    """And a run without a change is none, and changes no file."""
    policies, site = copy / "policies", copy / "site"
    before = files_of(site)
    assert publish(policies)["is_new"] is False
    same = files_of(site)
    assert {name for name in before if before[name] != same.get(name)} <= {
        "lookup.html", "lookup/index.json", *(f"{page}.html" for page in PAGES),
        *(name for name in before if name.startswith(("lookup/", "training-summary"))),
    }  # fmt: skip  # no crawl was named
    assert before["feed.atom"] == same["feed.atom"]
    edit(policies / "crawl-policy.toml", "delay = 1.0", "delay = 2.5")
    done = publish(policies)
    assert done["is_new"] is True
    assert {"key": "crawler.politeness.delay_s", "before": 1.0, "after": 2.5} in done["changes"]
    assert [one["key"] for one in done["changes"]] == ["crawler.politeness.delay_s", "crawler.policy_digest"]
    feed = (site / "feed.atom").read_bytes()
    assert problems(feed) == []
    entries = ET.fromstring(feed).findall("{http://www.w3.org/2005/Atom}entry")  # noqa: S314 - our own output
    assert len(entries) == 2
    assert "<td>2.5</td>" in (entries[0].findtext("{http://www.w3.org/2005/Atom}content") or "")
    assert publish(policies)["is_new"] is False
    first = next(name for name in before if name.startswith("versions/0001") and name.endswith(".html"))
    assert files_of(site)[first] == before[first]


def test_a_seat_that_nobody_wrote_is_not_stated(copy: Path) -> None:
    """The page names the seat of the operator, or that it is not stated; then whoever publishes hears of it."""
    assert any("is not stated" in one for one in publish(copy / "policies")["notes"])
    assert "(seat not stated)" in (copy / "site" / "index.html").read_text("utf-8")
    edit(copy / "policies" / "crawl-policy.toml", '# country = "DE"', 'country = "FR"')
    assert not any("is not stated" in one for one in publish(copy / "policies")["notes"])
    assert "(FR)" in (copy / "site" / "index.html").read_text("utf-8")


def test_a_comment_changed_is_an_entry_as_well(copy: Path) -> None:
    """The digest of the files that decide is what a crawl compares."""
    edit(copy / "policies" / "protocols.toml", "# Every way", "# Each way")
    assert [one["key"] for one in publish(copy / "policies")["changes"]] == ["crawler.policy_digest"]


def test_a_crawl_names_the_entry_that_announced_it(tmp_path: Path) -> None:
    """Published before it starts, it carries the entry; changed and not published, it says so."""
    lab = Lab(tmp_path)
    try:
        with ScriptedWeb() as web:
            web.host("a.test", html("<p>a"))
            lab.policy(publication={"site": "../site"})
            first = publish(lab.policies)["entry"]
            for number, announced in ((1, first), (2, "unpublished")):
                out = tmp_path / f"out{number}"
                ended = lab.crawl(web.url("a.test"), out=out)
                assert ended.code == 0, ended.text
                assert json.loads((out / "crawl.json").read_text())["details"]["announced"]["entry"] == announced
                lab.policy(publication={"site": "../site"}, politeness={"delay": 0.01, "connections": 8})
    finally:
        lab.close()


def test_answers_of_the_look_up(made: Path, demo: DemoRun) -> None:
    """Figures of the manifest by registrable domain; nothing for a name that was never met."""
    index = json.loads((made / "site" / "lookup" / "index.json").read_text())
    for site in demo.report["sites"]:
        found = look_up(made / "site", site["host"])
        if found is None:
            continue
        figures = dict(zip(index["figures"], found[0], strict=True))
        verdicts = [row["verdict"] for row in site["rows"]]
        assert (figures["kept"], figures["refused"]) == (verdicts.count("allow"), verdicts.count("deny")), site["host"]
    assert sum(look_up(made / "site", site["host"]) is not None for site in demo.report["sites"]) > 30
    assert look_up(made / "site", "never.example") is None
    text = "".join(path.read_text() for path in (made / "site" / "lookup").rglob("*.json"))
    assert not any(site["host"] in text for site in demo.report["sites"])


def test_several_crawls_and_none(copy: Path, demo: DemoRun, tmp_path: Path) -> None:
    """Figures add up; without crawls there is nothing to look up, and all else stands."""
    again = demo.copy(tmp_path / "again")
    done = clearcrawl("publish", str(demo.folder), str(again), "--policies", str(copy / "policies"))
    assert (done.returncode, "hold the same crawl" in done.stderr) == (2, True)
    told = (again / "crawl.json").read_text()
    (again / "crawl.json").write_text(told.replace(json.loads(told)["crawl_id"], "crawl-again"))
    publish(copy / "policies", str(demo.folder), str(demo.folder))
    host = next(one["host"] for one in demo.report["sites"] if look_up(copy / "site", one["host"]))
    one = look_up(copy / "site", host)
    assert publish(copy / "policies", str(demo.folder), str(again), "--unverified")["crawls"] == 2
    two = look_up(copy / "site", host)
    assert one is not None
    assert two is not None
    assert two[0][1:4] == [2 * value for value in one[0][1:4]]
    none = publish(copy / "policies")
    assert none["domains"] == 0
    assert any("could be looked up until now" in one for one in none["notes"])
    assert not any("until now" in one for one in publish(copy / "policies")["notes"])
    assert "nothing to look up" in (copy / "site" / "lookup.html").read_text()


def test_an_unverified_crawl_is_refused_or_named_on_every_page(copy: Path, demo: DemoRun, tmp_path: Path) -> None:
    """One flipped octet of the manifest."""
    bad = demo.copy(tmp_path / "bad")
    segment = next((bad / "manifest").glob("*.parquet"))
    content = bytearray(segment.read_bytes())
    content[len(content) // 2] ^= 1
    segment.write_bytes(content)
    before = files_of(copy / "site")
    done = clearcrawl("publish", str(bad), "--policies", str(copy / "policies"))
    assert done.returncode == 1
    assert "--unverified" in done.stderr
    assert files_of(copy / "site") == before


def test_every_page_says_that_a_crawl_is_unverified(copy: Path, demo: DemoRun, tmp_path: Path) -> None:
    """A crawl signed by a key that nobody trusts can be read, and is marked."""
    trust = tmp_path / "trust.txt"
    trust.write_text(clearcrawl("keys", "show", "--trust", CLEARCRAWL_KEYS=str(_other_keys(tmp_path))).stdout)
    arguments = ("publish", str(demo.folder), "--policies", str(copy / "policies"), "--trust", str(trust))
    assert clearcrawl(*arguments).returncode == 1
    assert clearcrawl(*arguments, "--unverified").returncode == 0
    for page in PAGES:
        text = (copy / "site" / f"{page}.html").read_text().lower()
        assert "unverified" in text or "not verified" in text, page


def _other_keys(folder: Path) -> Path:
    keys = folder / "keys"
    done = clearcrawl("keys", "new", CLEARCRAWL_KEYS=str(keys))
    assert done.returncode == 0, done.stderr
    return keys


def test_strings_of_strangers_stay_data(copy: Path) -> None:
    """In every field that people fill in: no element, no attribute, no control character comes of it."""
    policies = copy / "policies"
    edit(policies / "crawl-policy.toml", 'operator = "Example Models GmbH"', f'operator = "{EVIL}"')
    edit(policies / "provider.toml", 'mechanism = ""', f'mechanism = "{EVIL}"')
    edit(policies / "provider.toml", "languages = []", f'languages = ["{EVIL}"]')
    edit(policies / "protocols.toml", 'basis = "De facto since', f'basis = "{EVIL} De facto since')
    publish(policies)
    for path in sorted((copy / "site").rglob("*.html")):
        text = path.read_text("utf-8")
        if path.name in {"policy-summary.html", "training-summary.html"}:
            continue  # documents of reports, tested there
        assert Elements(text).loads <= {"feed.atom", "../feed.atom", "lookup.js"}
        assert "<script>" not in text
        assert EVIL not in text
        assert "onload" not in Elements(text).attributes
    assert problems((copy / "site" / "feed.atom").read_bytes()) == []


def test_a_feed_is_valid_whatever_the_values_hold(made: Path) -> None:
    """Control characters, which XML cannot hold, are shown; markup is text."""
    facts = json.loads((made / "site" / "crawler.json").read_text())
    facts["crawler"]["identity"]["operator"] = "\x00\x1b\u202e\ud800\ufffe" + EVIL
    (entry,) = read_announcements(made / "site")
    evil = Change(key="\x00<b>", before=["\x1b[2J", {"a": "\u202e"}], after=EVIL + "\ud800\x0b")
    feed = atom(facts, [entry, replace(entry, id="urn:x:2", number=2, changes=(evil,))])
    assert problems(feed) == []
    assert not set("\x00\x1b\u202e") & set(feed.decode())
    content = ET.fromstring(feed).findtext(".//{http://www.w3.org/2005/Atom}content") or ""  # noqa: S314 - our own
    assert Elements(content).names == {"div", "table", "tr", "th", "td", "p"}


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        ("<id>urn", "<id> urn", "id: is"),
        ("<updated>2", "<updated>x2", "3.3"),
        ("<name>", "<name2>", "mismatched tag"),
        ("<author>", "<author><email>x</email>", "3.2.3"),
        ("</author>", "</author><link/>", "4.2.7"),
        ("<title>", "<title type='png'>", "type png"),
        ("</feed>", "<published>2026-11-23T00:00:00Z</published></feed>", "does not belong"),
    ],
)
def test_the_check_of_feeds_finds_what_is_wrong(made: Path, before: str, after: str, problem: str) -> None:
    """Otherwise it would prove nothing."""
    text = (made / "site" / "feed.atom").read_text()
    assert problems(text.encode()) == []
    assert before in text
    try:
        found = problems(text.replace(before, after, 1).encode())
    except ET.ParseError as error:
        found = [str(error)]
    assert any(problem in one for one in found), found


@pytest.mark.parametrize("what", ["file", "crawl", "inside", "state"])
def test_what_is_no_site_is_left_alone(copy: Path, demo: DemoRun, tmp_path: Path, what: str) -> None:
    """A folder with other files, a crawl, a place inside of one, and a feed that cannot be read."""
    target = {"file": tmp_path / "mine", "crawl": demo.folder, "inside": demo.folder / "site", "state": copy / "site"}[
        what
    ]
    if what == "file":
        target.mkdir()
        (target / "thesis.txt").write_text("mine")
    if what == "state":
        (target / "announcements.json").write_text("{")
    arguments = [str(demo.folder)] if what == "inside" else []
    done = clearcrawl("publish", *arguments, "-o", str(target), "--policies", str(copy / "policies"))
    assert done.returncode == (5 if what == "state" else 2), done.stderr
    assert "Traceback" not in done.stderr
    assert not (demo.folder / "index.html").exists()
    if what == "file":
        assert [path.name for path in target.iterdir()] == ["thesis.txt"]


def test_a_new_key_is_an_entry(copy: Path, tmp_path: Path) -> None:
    """Sites that verify requests are told of keys as of all else; the key is public before it signs."""
    keys = tmp_path / "keys"
    arguments = ("publish", "--policies", str(copy / "policies"), "--json")
    first = json.loads(clearcrawl(*arguments, CLEARCRAWL_KEYS=str(keys)).stdout)
    assert [one["key"] for one in first["changes"]] == ["request_keys"]
    assert any("made the key" in one for one in first["notes"])
    directory = copy / "site" / ".well-known" / "http-message-signatures-directory"
    assert [one["kid"] for one in json.loads(directory.read_text())["keys"]] == first["changes"][0]["after"]
    assert json.loads(clearcrawl(*arguments, CLEARCRAWL_KEYS=str(keys)).stdout)["is_new"] is False


def test_documents_of_reports_are_pages_of_the_site(demo: DemoRun, tmp_path: Path) -> None:
    """Where legal has answered everything, the summary of the policy stands there with a way back."""
    policies, blocklists = write_folders(tmp_path)
    site = tmp_path / "site"
    done = publish(policies, str(demo.folder), "-o", str(site), "--blocklists", str(blocklists))
    assert not any("policy-summary" in one for one in done["notes"])
    for page in ("policy-summary", "training-summary"):
        text = (site / f"{page}.html").read_text()
        assert "Not published yet" not in text
        assert 'href="index.html"' in text
        assert "TEST" in text
    assert json.loads((site / "policy-summary.json").read_text())["is_public"] is True


def test_what_a_killed_run_left_is_ended(copy: Path) -> None:
    """Stopped between any two files of its first publication: the next run makes the site whole."""
    site = copy / "site"
    whole = files_of(site)
    for name in set(whole) - {"feed.atom"}:
        if not name.startswith("versions/"):
            (site / name).unlink()
    shutil.rmtree(site / "lookup")
    shutil.rmtree(site / ".well-known")
    (site / ".index.html.4711.tmp").write_text("<!DOCTYPE")
    (site / ".clearcrawl-new").mkdir()
    done = publish(copy / "policies")
    assert (done["number"], done["is_new"]) == (1, True)
    assert not {".index.html.4711.tmp", ".clearcrawl-new"} & {path.name for path in site.iterdir()}
    assert {name for name in whole if not name.startswith(("lookup/", "training-summary.d", "versions/"))} <= set(
        files_of(site)
    )


def test_the_folder_is_asked_for(copy: Path) -> None:
    """Neither the command nor the policy names one."""
    edit(copy / "policies" / "crawl-policy.toml", 'site = "../site"', 'site = ""')
    done = clearcrawl("publish", "--policies", str(copy / "policies"))
    assert done.returncode == 2
    assert "-o SITE" in done.stderr


def test_a_version_that_was_changed_is_damage(copy: Path) -> None:
    """What was announced is compared with its digest before a difference is told."""
    path = next((copy / "site" / "versions").glob("*.json"))
    edit(path, "Example Models", "Other Models")
    edit(copy / "policies" / "crawl-policy.toml", "delay = 1.0", "delay = 2.5")
    done = clearcrawl("publish", "--policies", str(copy / "policies"))
    assert done.returncode == 5
    assert "restore the published site" in done.stderr
