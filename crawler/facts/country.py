"""A hint at the country of a site: what it shows itself, never where an address is said to lie.

1. ``cctld``: the country whose top-level domain the host is under, but for those that are sold as words.
2. ``markup``, ``header``: the region of the language that the page, then its header, names (``de-AT``), but for
   ``en-US``, which tools write for everybody.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

GENERIC = frozenset(
    {
        "ac", "ag", "ai", "am", "as", "bz", "cc", "cd", "cf", "co", "cx", "dj", "eu", "fm", "ga", "gg", "gl",
        "gq", "gs", "im", "io", "la", "ly", "me", "ml", "ms", "nu", "pn", "pw", "sc", "sh", "so", "st", "su",
        "tk", "tl", "to", "tv", "vc", "vg", "vu", "ws",
    }
)  # fmt: skip
"""Country-code domains that are used as words by everybody, and those of no country."""

_ISO_OF_TLD = {"uk": "GB"}
_ISO_OF_IDN = {
    "xn--p1ai": "RU", "xn--90ais": "BY", "xn--j1amh": "UA", "xn--e1a4c": "EU", "xn--qxam": "GR", "xn--90ae": "BG",
    "xn--d1alf": "MK", "xn--90a3ac": "RS", "xn--80ao21a": "KZ", "xn--y9a3aq": "AM", "xn--node": "GE",
    "xn--fiqs8s": "CN", "xn--fiqz9s": "CN", "xn--j6w193g": "HK", "xn--kprw13d": "TW", "xn--kpry57d": "TW",
    "xn--3e0b707e": "KR", "xn--o3cw4h": "TH", "xn--h2brj9c": "IN", "xn--mgbaam7a8h": "AE", "xn--wgbh1c": "EG",
    "xn--mgberp4a5d4ar": "SA", "xn--4dbrk0ce": "IL", "xn--pgbs0dh": "TN", "xn--mgbayh7gpa": "JO",
}  # fmt: skip
_COUNTRY = re.compile("[a-z]{2}")
_REGION = re.compile(r"[a-z]{2,3}(?:-[a-z]{4})?-([a-z]{2})(?:-.*)?", re.IGNORECASE)


def country_hint(host: str, *, markup: str | None, header: Sequence[str]) -> tuple[str, str] | tuple[None, None]:
    """ISO 3166-1 alpha-2 code and method; ``markup`` is the language of the page, ``header`` what its header names."""
    suffix = host.rpartition(".")[2]
    if suffix in _ISO_OF_IDN and _ISO_OF_IDN[suffix] != "EU":
        return _ISO_OF_IDN[suffix], "cctld"
    if "." in host and _COUNTRY.fullmatch(suffix) and suffix not in GENERIC:
        return _ISO_OF_TLD.get(suffix, suffix.upper()), "cctld"
    for method, tags in (("markup", [markup] if markup else []), ("header", header)):
        for tag in tags:
            region = _REGION.fullmatch(tag.strip())
            if region is not None and tag.strip().lower() != "en-us":
                return region[1].upper(), method
    return None, None
