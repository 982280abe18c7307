"""Fetches lists from where they are published: a file, or HTTPS with the address checks and limits of the crawl."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from crawler import __version__
from crawler.cli.arguments import folder
from crawler.errors import UrlError
from crawler.fetching import Fetcher
from crawler.storage.blocklists import LIST_LIMIT
from crawler.storage.list_updates import Retrieved, Updater
from crawler.storage.policies import open_policy, require_identity
from crawler.storage.suffixes import bundled_suffixes
from crawler.values.address import TestHosts
from crawler.values.amounts import octets
from crawler.values.url import parse

if TYPE_CHECKING:
    from crawler.fetching import Fetched
    from crawler.storage.list_folder import ListFolder
    from crawler.values.url import Url

HOPS = 5
"""Redirects that are followed; each hop is judged like the first."""
MEMBERS = ("domains", "urls", "expressions")
"""Files of a UT1 category, in the order in which they make one list; expressions are noted and not used."""
_GOOD = frozenset({200, 203})
_NOT_MODIFIED = 304


def updater_of(lists: ListFolder, policies: Path | None) -> Updater:
    """What changes these lists, asking as that policy says."""
    return Updater(
        lists,
        suffixes=bundled_suffixes(),
        retrieve=Sources(policies).retrieve,
        now=datetime.now(UTC),
        tool=f"clearcrawl {__version__}",
    )


class Sources:
    """Asks sources one by one. The policy says who asks; it is opened for the first source on the network."""

    def __init__(self, policies: Path | None) -> None:
        self._policies = policies
        self._fetcher: Fetcher | None = None
        self._test_hosts = TestHosts({})

    def retrieve(self, source: str, etag: str | None) -> Retrieved:
        """Ask a source for its list, unless it still has the one of that ETag. Raises UsageError for a wrong policy."""
        return self._from_network(source, etag) if "://" in source else _from_file(Path(source))

    def _from_network(self, source: str, etag: str | None) -> Retrieved:
        fetcher = self._open()
        fields = {} if etag is None else {"If-None-Match": etag}
        for _ in range(HOPS + 1):
            url = self._checked(source)
            if isinstance(url, str):
                return Retrieved(failure=f"{source}: {url}")
            try:
                fetched = fetcher.fetch(url.text, max_bytes=LIST_LIMIT, fields=fields)
            except ValueError as error:
                return Retrieved(failure=f"{source}: {error}")
            if fetched.error is not None:
                return Retrieved(failure=f"{url.text}: {fetched.error}: {fetched.error_detail}")
            if fetched.location is None:
                return _answered(fetched, etag)
            try:
                source = urljoin(url.text, fetched.location)
            except ValueError as error:
                return Retrieved(failure=f"{url.text}: redirects to what is no URL: {error}")
        return Retrieved(failure=f"{source}: more than {HOPS} redirects")

    def _open(self) -> Fetcher:
        if self._fetcher is None:
            policies = self._policies or folder("policies")
            opened = open_policy(policies, tool_version=__version__)
            require_identity(opened, policies)
            self._test_hosts = TestHosts(opened.policy.network.test_hosts)
            self._fetcher = Fetcher(
                user_agent=opened.policy.identity.user_agent, limits=opened.policy.limits, test_hosts=self._test_hosts
            )
        return self._fetcher

    def _checked(self, source: str) -> Url | str:
        """The URL, or why it is not asked: what decides over a crawl comes over a connection that cannot be changed."""
        try:
            url = parse(source)
        except UrlError as error:
            return str(error)
        if url.scheme != "https" and self._test_hosts.address_of(url.host) is None:
            return "is not HTTPS; a list that anyone on the way can change is not taken"
        return url


def _from_file(path: Path) -> Retrieved:
    try:
        if path.is_dir():
            content = _of_folder(path)
            if not content:
                return Retrieved(failure=f"{path}: is a folder without {' or '.join(MEMBERS)}; a UT1 category has them")
        elif path.exists() and not path.is_file():
            return Retrieved(failure=f"{path}: is a pipe or a device; write what it gives into a file and name that")
        else:
            with path.open("rb") as file:
                content = file.read(LIST_LIMIT + 1)
    except OSError as error:
        return Retrieved(failure=f"{path}: cannot be read: {error.strerror}")
    if len(content) > LIST_LIMIT:
        return Retrieved(failure=f"{path}: is longer than {octets(LIST_LIMIT)}; no list is that long")
    return Retrieved(content=content)


def _of_folder(path: Path) -> bytes:
    """A UT1 category as one list: its files one after the other. Raises OSError."""
    parts = []
    for name in MEMBERS:
        member = path / name
        if member.is_file():
            with member.open("rb") as file:
                part = file.read(LIST_LIMIT + 1)
            parts.append(part if part.endswith(b"\n") or not part else part + b"\n")
    return b"".join(parts)


def _answered(fetched: Fetched, etag: str | None) -> Retrieved:
    if fetched.status == _NOT_MODIFIED and etag is not None:
        return Retrieved(etag=etag)
    if fetched.status not in _GOOD:
        return Retrieved(failure=f"{fetched.url}: answered {fetched.status}")
    found = fetched.field_values(b"etag")
    return Retrieved(content=fetched.body, etag=found[0].decode("latin-1") if found else None)


def absolute(source: str) -> str:
    """A source as the catalog keeps it: a URL as given, a file by its whole path."""
    return source if "://" in source else str(Path(source).resolve())
