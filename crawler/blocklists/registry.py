"""All formats that a catalog may name, and which of them a list is written in."""

from __future__ import annotations

from itertools import chain, islice
from typing import TYPE_CHECKING

from crawler.blocklists.formats.adblock import Adblock
from crawler.blocklists.formats.csv_table import CsvTable
from crawler.blocklists.formats.dnsmasq import Dnsmasq
from crawler.blocklists.formats.domains import Domains
from crawler.blocklists.formats.hosts import Hosts
from crawler.blocklists.formats.json_table import JsonTable
from crawler.blocklists.formats.rpz import Rpz
from crawler.blocklists.formats.urls import Urls
from crawler.blocklists.formats.ut1 import Ut1
from crawler.blocklists.formats.wildcards import Wildcards
from crawler.blocklists.lines import LINE_OCTETS
from crawler.blocklists.reading import parted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crawler.blocklists.interface import BlocklistFormat, Columns

FORMATS: tuple[BlocklistFormat, ...] = (
    JsonTable(),
    CsvTable(),
    Rpz(),
    Dnsmasq(),
    Adblock(),
    Hosts(),
    Wildcards(),
    Domains(),
    Urls(),
    Ut1(),
)
"""Of two formats that fit a list equally well, the first is meant."""
TABLES = ("csv", "json")
"""Formats to which a catalog may say which column is which."""

HEAD_LINES = 400
"""A list is told by its first so many lines that are not blank."""
_MOSTLY = 0.6


def format_named(name: str, columns: Columns | None = None) -> BlocklistFormat:
    """Return the format, with the columns of the catalog where it has any; the catalog has checked the name."""
    if columns is not None and name in TABLES:
        return CsvTable(columns) if name == "csv" else JsonTable(columns)
    return next(form for form in FORMATS if form.id == name)


def detect(lines: Iterable[bytes]) -> BlocklistFormat | None:
    """Tell the format of a list by its content; ``None`` where none fits most of it.

    Only ever a proposal: what the catalog names is what counts. Reads no more than ``HEAD_LINES``.
    """
    start = list(islice(lines, HEAD_LINES))
    texts = (
        line[:LINE_OCTETS].decode("utf-8-sig", "replace").rstrip()
        for line in parted(chain(start, lines), [line for line in start if line.strip()][:1])
    )
    head = list(islice((text for text in texts if text), HEAD_LINES))
    shares = {form.id: form.share(head) for form in FORMATS}
    best = max(FORMATS, key=lambda form: shares[form.id])
    return best if shares[best.id] >= _MOSTLY else None
