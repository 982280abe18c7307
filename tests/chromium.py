"""Chromium without a window, driven by chromedriver over WebDriver (W3C) with the standard library alone."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser import chromium

if TYPE_CHECKING:
    from collections.abc import Iterator

_ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)


class Browser:
    """One window."""

    def __init__(self, port: int, binary: str, profile: str) -> None:
        self._port = port
        options = {"binary": binary, "args": [*_ARGUMENTS, f"--user-data-dir={profile}"]}
        wanted = {
            "browserName": "chrome",
            "goog:chromeOptions": options,
            "goog:loggingPrefs": {"performance": "ALL", "browser": "ALL"},
        }
        self._session = ""
        self._session = (
            "/session/" + self._ask("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})["sessionId"]
        )

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=60)
        text = None if body is None else json.dumps(body)
        connection.request(method, self._session + path, text, {"Content-Type": "application/json"})
        value = json.loads(connection.getresponse().read())["value"]
        connection.close()
        assert not (isinstance(value, dict) and "error" in value), value
        return value

    def size(self, width: int, height: int) -> None:
        """Width and height of the page in CSS pixels, on a screen without frames."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self._ask("POST", "/goog/cdp/execute", {"cmd": "Emulation.setDeviceMetricsOverride", "params": metrics})

    def open(self, url: str) -> None:
        """Load a page to its end."""
        self._ask("POST", "/url", {"url": url})

    def run(self, script: str, *arguments: Any) -> Any:
        """The answer of a function body; a promise is waited for."""
        return self._ask("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def picture(self) -> bytes:
        """PNG of the whole page."""
        script = "return document.documentElement.scrollHeight"
        width = self.run("return document.documentElement.clientWidth")
        self.size(width, self.run(script))
        return base64.b64decode(self._ask("GET", "/screenshot"))

    def printed(self) -> bytes:
        """PDF of the page as it is printed on A4."""
        page = {"page": {"width": 21.0, "height": 29.7}, "background": True}
        return base64.b64decode(self._ask("POST", "/print", page))

    def requests(self) -> list[str]:
        """Every URL that was asked for since the last question, blocked ones included."""
        entries = self._ask("POST", "/se/log", {"type": "performance"})
        messages = [json.loads(one["message"])["message"] for one in entries]
        return [one["params"]["request"]["url"] for one in messages if one["method"] == "Network.requestWillBeSent"]

    def complaints(self) -> list[str]:
        """What the console says since the last question."""
        return [one["message"] for one in self._ask("POST", "/se/log", {"type": "browser"})]

    def close(self) -> None:
        """End the window."""
        self._ask("DELETE", "")


@contextmanager
def browser() -> Iterator[Browser]:
    """A new window; the test is skipped where Chromium or its driver is missing, and fails there in CI."""
    path = chromium()
    driver = shutil.which("chromedriver")
    if driver is None:
        assert os.environ.get("TEST_PARTS") != "all", "chromedriver is a part of CI (Debian: chromium-driver)"
        pytest.skip("chromedriver is not installed")
    with tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(  # noqa: S603 - found on the path
            [driver, "--port=0", "--allowed-ips=127.0.0.1"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            assert process.stdout is not None
            found = next(filter(None, (re.search(r"successfully on port (\d+)", line) for line in process.stdout)))
            window = Browser(int(found[1]), path, profile)
            try:
                yield window
            finally:
                window.close()
        finally:
            process.terminate()
            process.communicate(timeout=20)
