"""Which pages of a static site a walk along its links reaches, by the standard library alone, from the files."""

from __future__ import annotations

from collections import deque
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import unquote, urljoin, urlsplit
from urllib.robotparser import RobotFileParser

if TYPE_CHECKING:
    from tests.servers.real_sites import StaticSite


class _Anchors(HTMLParser):
    """References of ``a`` and ``area``, and the base."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.base: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect one element."""
        reference = dict(attrs).get("href")
        if reference is None:
            return
        if tag in {"a", "area"}:
            self.found.append(reference)
        elif tag == "base" and self.base is None:
            self.base = reference


def walk(site: StaticSite, start: str) -> set[str]:
    """Paths with query, percent-decoded, of everything that answers 200 and may be asked for."""
    host = site.root.name
    origin = f"http://{host}:{site.port}"
    robots = RobotFileParser()
    rules = site.root / "robots.txt"
    robots.parse(rules.read_text().splitlines() if rules.is_file() else [])
    reached: set[str] = set()
    seen = {origin + start}
    waiting = deque(seen)
    while waiting:
        url = waiting.popleft()
        parts = urlsplit(url)
        file = site.root / unquote(parts.path).lstrip("/")
        if file.is_dir():
            if not parts.path.endswith("/"):
                target = f"{url}/"
                if target not in seen:
                    seen.add(target)
                    waiting.append(target)
                continue
            file /= "index.html"
        if not file.is_file() or not robots.can_fetch("LabBot", url):
            continue
        reached.add(unquote(parts.path + (f"?{parts.query}" if parts.query else "")))
        if file.suffix != ".html":
            continue
        for reference in _references(site.content(file)):
            linked = urljoin(url, reference).partition("#")[0].replace("/../", "/")
            if urlsplit(linked).netloc == urlsplit(origin).netloc and linked not in seen:
                seen.add(linked)
                waiting.append(linked)
    return reached


def _references(content: bytes) -> list[str]:
    parser = _Anchors()
    parser.feed(content.decode("utf-8", "replace"))
    parser.close()
    if parser.base is None:
        return [reference.strip() for reference in parser.found]
    return [urljoin(parser.base, reference.strip()) for reference in parser.found]
