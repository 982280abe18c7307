"""What the publisher of a list signs about one version of it: number, last day, digest and length (reliability R7.5).

Text of a C2SP signed note, of which nothing is verified here. docs/blocklists.md shows its five lines.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from crawler.values.digest import Digest

if TYPE_CHECKING:
    from crawler.blocklists.catalog import KnownList, ListRecord

FORMAT = "clearcrawl-blocklist/1"
_TEXT = re.compile(
    rf"{re.escape(FORMAT)}\nversion (\d{{1,15}})\nexpires (\d{{4}}-\d\d-\d\d)\n"
    r"sha256 ([0-9a-f]{64})\noctets (\d{1,12})\n",
    re.ASCII,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedTerms:
    """One signed version."""

    version: int
    expires: date
    """Last day on which it may be put in force, or confirmed."""
    digest: Digest
    octets: int


def read_terms(text: bytes) -> SignedTerms:
    """Read the signed text. Raises ValueError for anything but these five lines."""
    match = _TEXT.fullmatch(text.decode("utf-8", "replace"))
    if match is None:
        raise ValueError(f"its text is not that of {FORMAT}: version, expires, sha256 and octets, one a line")
    return SignedTerms(
        version=int(match[1]),
        expires=date.fromisoformat(match[2]),
        digest=Digest(f"sha256:{match[3]}"),
        octets=int(match[4]),
    )


def problem_of(
    terms: SignedTerms, listed: ListRecord | KnownList, *, digest: Digest, octets: int | None, today: date
) -> str | None:
    """Why a version that came must not be put in force under these terms; ``octets`` where its bytes are here."""
    before = getattr(listed, "signed_version", None)
    in_force = getattr(listed, "digest", None)
    if terms.expires < today:
        return f"version {terms.version} was signed until {terms.expires}, which is over"
    if before is not None and terms.version < before:
        return f"version {terms.version} is older than {before}, which is in force: a version never goes back"
    if before is not None and terms.version == before and terms.digest != in_force:
        return f"version {before} is in force with other bytes; one number stands for one version"
    if terms.digest != digest or (octets is not None and octets != terms.octets):
        return f"what came is {digest}, but version {terms.version} was signed as {terms.digest}"
    return None
