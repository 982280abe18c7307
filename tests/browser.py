"""Looks at pages in a browser: what axe-core finds in them. Needs Chromium and axe-core."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from tests.shared import ROOT

_CSP = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')
_RESULT = re.compile(r'<pre id="axe-result">(.*?)</pre>', re.DOTALL)
_RUN = """
<pre id="axe-result"></pre>
<script>axe.run(document.querySelector("html"), {exclude: ["#axe-result"]}).then(
  (found) => { document.getElementById("axe-result").textContent = JSON.stringify(
    found.violations.map((one) => ({id: one.id, help: one.help, nodes: one.nodes.map((node) => node.html)}))); });
</script>
"""


def chromium() -> str:
    """Path of the browser; skips where it is missing, unless all parts are wanted (``TEST_PARTS=all``)."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    return found or _missing("Chromium is not installed")


def axe() -> str:
    """Source of axe-core: of the environment's ``AXE_CORE``, else of ``node_modules`` in the repository's root."""
    path = Path(os.environ.get("AXE_CORE") or ROOT / "node_modules" / "axe-core" / "axe.min.js")
    return path.read_text("utf-8") if path.is_file() else _missing("axe-core is not installed (npm install axe-core)")


def _missing(reason: str) -> str:
    if os.environ.get("TEST_PARTS") == "all":
        pytest.fail(reason)
    pytest.skip(reason)


def violations(page: str, folder: Path, *, width: int = 1280) -> list[dict[str, Any]]:
    """What axe-core finds in a page at that width; the copy that is looked at may run scripts, the page may not."""
    assert _CSP.search(page)
    copy = folder / "page.html"
    script = f"<script>{axe()}</script>{_RUN}</body>"
    copy.write_text(_CSP.sub("", page).replace("</body>", script), "utf-8")
    found = _RESULT.search(run_browser(copy, folder, width=width))
    assert found is not None
    assert found[1], "axe-core gave no answer"
    answer: list[dict[str, Any]] = json.loads(unescape(found[1]))
    return answer


def run_browser(page: Path, folder: Path, *, width: int = 1280) -> str:
    """The document as it stands when the page is done."""
    done = subprocess.run(  # noqa: S603 - the browser that was found
        [
            chromium(), "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            f"--user-data-dir={folder / 'browser'}", f"--window-size={width},2000", "--virtual-time-budget=20000",
            "--dump-dom", page.as_uri(),
        ],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    return done.stdout
