"""What a crawl loads: memory is for pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.integration.lab import wait
from tests.servers.replies import html

if TYPE_CHECKING:
    from tests.integration.lab import Lab
    from tests.servers.web import ScriptedWeb

LARGE = ("pyarrow", "numpy", "pandas", "duckdb", "jinja2")
"""A columnar library with all it brings is as large as the rest of a crawl."""
PROGRAM = f"""
import atexit, sys
atexit.register(lambda: print("loaded:", *(name for name in {LARGE!r} if name in sys.modules), file=sys.stderr))
from crawler.cli.main import main
main()
"""


def test_a_crawl_loads_no_columnar_library(lab: Lab, web: ScriptedWeb) -> None:
    """From the start to the last segment. What guesses languages, an extra, loads numpy for a page that names none."""
    web.host("one.test").set("/", html('<html lang="de"><p>Ein Satz auf Deutsch.</p><a href="/next">next</a>')).set(
        "/next", html("<html lang=en><p>the last page</p>")
    )
    command = lab.command(web.url("one.test"))
    ended = wait(lab.spawn([command[0], "-c", PROGRAM, *command[3:]]))
    assert ended.code == 0, ended.text
    assert list((lab.out / "manifest").glob("*.parquet"))
    assert ended.err.strip().splitlines()[-1] == "loaded:"
