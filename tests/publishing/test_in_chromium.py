"""The site as a visitor has it: served as files on loopback, in Chromium without a window."""

from __future__ import annotations

import json
import shutil
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from crawler.publishing.lookup import FOLDER, write_lookup
from tests.browser import axe
from tests.chromium import browser
from tests.publishing.making import edit, make_policies, publish

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from tests.chromium import Browser
    from tests.demo_run import DemoRun

PAGES = ("index", "lookup", "complaints", "policy-summary", "training-summary", "changes")
OWN = ("index", "lookup", "complaints", "changes")
"""Pages of this room; the others are documents of reports with a way back."""
PHONE, LAPTOP = 390, 1280
MILLION = """
CREATE VIEW manifest AS SELECT 'd' || i || '.example' AS url_host_registered_domain, 'www.d' || i || '.example' AS
    url_host_name, 200 AS fetch_status, CASE WHEN i % 3 = 0 THEN 'deny' ELSE 'allow' END AS verdict,
    CASE WHEN i % 3 = 0 THEN 'robots_disallow' ELSE 'allowed' END AS reason, 100 AS bytes_retained,
    NULL::TIMESTAMP AS erased_at, TIMESTAMP '2026-11-01 00:00:00' AS decided_at,
    [{'protocol': 'tdmrep', 'use': 'train-genai', 'preference': 'reserved'}] AS statements
FROM range(1000000) AS rows(i)
"""
ASK = """
const answer = document.getElementById("answer");
document.getElementById("domain").value = arguments[0];
document.querySelector("#ask button").click();
return (async () => {
  for (let tries = 0; tries < 200; tries += 1) {
    await new Promise((done) => setTimeout(done, 25));
    if (answer.querySelector("h2") && answer.textContent !== arguments[1]) return answer.innerText;
  }
  return "no answer";
})();
"""


class Served:
    """A folder on loopback, and how many octets went out for it."""

    def __init__(self, folder: Path) -> None:
        served = self
        served.octets = 0

        class Handler(SimpleHTTPRequestHandler):
            def copyfile(self, source: Any, outputfile: Any) -> None:
                content = source.read()
                served.octets += len(content)
                outputfile.write(content)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
        self.base = f"http://127.0.0.1:{self._server.server_port}/"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, demo: DemoRun) -> Path:
    """A site over the demo with two versions."""
    folder = tmp_path_factory.mktemp("seen")
    policies = make_policies(folder)
    publish(policies, str(demo.folder))
    edit(policies / "crawl-policy.toml", "delay = 1.0", "delay = 2.5")
    publish(policies, str(demo.folder))
    return folder / "site"


@pytest.fixture(scope="module")
def served(site: Path) -> Iterator[Served]:
    """The site on loopback."""
    found = Served(site)
    yield found
    found.close()


@pytest.fixture(scope="module")
def window() -> Iterator[Browser]:
    """One window for all."""
    with browser() as found:
        found.open("about:blank")
        found.requests()
        yield found


def ask(window: Browser, name: str) -> str:
    """The answer of the look-up to one name."""
    before = window.run("return document.getElementById('answer').textContent")
    answer: str = window.run(ASK, name, before)
    return answer


def test_no_page_asks_another_host(window: Browser, served: Served) -> None:
    """Every request goes to the site, and nothing is blocked or fails."""
    window.complaints()
    for page in (*PAGES, "versions/0001"):
        name = next(iter(served_names(served, page)))
        window.open(served.base + name)
        asked = window.requests()
        assert asked
        assert all(url.startswith((served.base, "data:,")) for url in asked), asked
    assert [one for one in window.complaints() if "favicon" not in one] == []


def served_names(served: Served, page: str) -> list[str]:
    """File of a page; of a version, its page of whatever day."""
    if not page.startswith("versions/"):
        return [f"{page}.html"]
    folder = Path(served._server.RequestHandlerClass.keywords["directory"])  # type: ignore[attr-defined]  # a partial
    return [str(path.relative_to(folder)) for path in folder.glob(f"{page}-*.html")]


@pytest.mark.parametrize("width", [PHONE, LAPTOP])
def test_every_page_fits(window: Browser, served: Served, width: int) -> None:
    """No page is wider than the screen; what is wide scrolls by itself."""
    window.size(width, 800)
    for page in OWN:
        window.open(f"{served.base}{page}.html")
        assert window.run("return document.documentElement.scrollWidth") <= width, page


def test_pages_pass_axe(window: Browser, served: Served) -> None:
    """WCAG 2.2 A and AA and axe's best practices, light and narrow or wide."""
    script = axe()
    for width in (PHONE, LAPTOP):
        window.size(width, 900)
        for page in PAGES:
            window.open(f"{served.base}{page}.html")
            if page == "lookup":
                ask(window, "calendar.test")
            found = window.run(script + "\nreturn axe.run().then((one) => one.violations)")
            told = [(one["id"], [node["html"][:120] for node in one["nodes"]][:3]) for one in found]
            assert told == [], page


def test_the_look_up_answers(window: Browser, served: Served, demo: DemoRun) -> None:
    """By domain, host or address; unknown names, no names, and hostile ones are answered as text."""
    window.open(f"{served.base}lookup.html")
    site = next(one for one in demo.report["sites"] if one["host"] == "calendar.test")
    kept = sum(row["verdict"] == "allow" for row in site["rows"])
    for name in ("calendar.test", "CALENDAR.test.", "www.calendar.test", "http://calendar.test:8080/2026?x=1"):
        answer = ask(window, name)
        assert answer.startswith("calendar.test"), answer
        assert f"Allowed\n{kept}" in answer
        ask(window, "other.example")
    assert "Not found" in ask(window, "never.example")
    assert "Not a domain" in ask(window, "<img src=x onerror=alert(1)>")
    assert window.run("return document.querySelectorAll('#answer img').length") == 0


class Million:
    """A manifest of a million domains that is in no crawl."""

    def __init__(self) -> None:
        self._connection = duckdb.connect()
        self._connection.execute(MILLION)

    def ask(self, sql: str) -> pa.RecordBatchReader:
        """As the database of crawls."""
        return self._connection.sql(sql).to_arrow_reader(10_000)


@pytest.mark.slow
def test_a_million_domains_cost_a_question_under_100_kb(window: Browser, site: Path, tmp_path: Path) -> None:
    """Page, script, index and files of one question, counted by the server."""
    copy = tmp_path / "site"
    shutil.copytree(site, copy, ignore=shutil.ignore_patterns(FOLDER))
    found = write_lookup(Million(), copy / FOLDER / "million", salt="0" * 32)
    index = {**found.index, "folder": "million"}
    (copy / FOLDER / "index.json").write_text(json.dumps(index))
    assert len(list(found.place.iterdir())) <= 16_384
    served = Served(copy)
    try:
        window.open(f"{served.base}lookup.html")
        assert ask(window, "a.b.www.d999999.example").startswith("d999999.example")
        assert served.octets < 100_000
    finally:
        served.close()
