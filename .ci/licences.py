"""Checks the licence of every installed distribution: permissive, or weak copyleft that was accepted by name.

An unknown licence fails like a forbidden one. Read from the installed metadata: License-Expression, else classifiers,
else the free text field.
"""

from __future__ import annotations

import re
import sys
from importlib.metadata import distributions
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.metadata import Distribution

PERMISSIVE = frozenset(
    {
        "0BSD", "APACHE-2.0", "BSD", "BSD-2-CLAUSE", "BSD-3-CLAUSE", "CC0-1.0", "ISC", "MIT", "MIT-0", "MIT-CMU",
        "PSF-2.0", "PYTHON-2.0", "UNLICENSE", "ZLIB", "ZPL-2.1", "CNRI-PYTHON",
    }
)  # fmt: skip
"""SPDX identifiers in upper case; ``BSD`` where a classifier does not say which."""

ACCEPTED = {
    "certifi": ("MPL-2.0", "a list of root certificates, used unchanged"),
    "hypothesis": ("MPL-2.0", "runs the tests, is not shipped"),
    "pathspec": ("MPL-2.0", "builds the wheel, is not shipped"),
    "tqdm": ("MPL-2.0", "mlcroissant needs it, which checks metadata in the tests; not shipped"),
    "tld": ("MPL-1.1", "offered under three licences; trafilatura needs it, in the extra text, unchanged"),
}
"""Weak copyleft that asks for changes of these files only; each with the reason why it may stay."""

CLASSIFIERS = {
    "Apache Software License": "APACHE-2.0",
    "BSD License": "BSD",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "MIT No Attribution License (MIT-0)": "MIT-0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "The Unlicense (Unlicense)": "UNLICENSE",
    "Zope Public License": "ZPL-2.1",
}
FREE_TEXT = {
    "APACHE": "APACHE-2.0",
    "APACHE 2": "APACHE-2.0",
    "APACHE 2.0": "APACHE-2.0",
    "APACHE LICENSE 2.0": "APACHE-2.0",
    "APACHE LICENSE, VERSION 2.0": "APACHE-2.0",
    "NEW BSD": "BSD",
    "ZPL 2.1": "ZPL-2.1",
}


STATED = {"mlcroissant": "APACHE-2.0"}
"""Distributions whose metadata is silent, with what their repository says."""


def expression(distribution: Distribution) -> str:
    """What the metadata says, as a licence expression in upper case; empty where it says nothing that is known."""
    metadata = distribution.metadata
    if stated := metadata.get("License-Expression"):
        return stated.upper()
    found = [
        value.rsplit(" :: ", 1)[1] for value in metadata.get_all("Classifier") or () if value.startswith("License ::")
    ]
    known = [CLASSIFIERS.get(name, name.upper()) for name in found if name != "OSI Approved"]
    if known:
        return " OR ".join(known)
    text = (metadata.get("License") or "").strip().upper() or STATED.get(metadata["Name"].lower(), "")
    return FREE_TEXT.get(text, text)


def is_fine(name: str, licence: str) -> bool:
    """Whether every ``AND`` part of the expression has one ``OR`` part that may be used."""
    accepted = PERMISSIVE | ({ACCEPTED[name][0]} if name in ACCEPTED else set())
    flat = re.sub(r"[()]| WITH [\w.-]+", " ", licence)
    return bool(licence) and all(
        any(option.strip() in accepted for option in part.split(" OR ")) for part in flat.split(" AND ")
    )


def main() -> None:
    """Print the weak copyleft in use; exit 1 with every distribution whose licence is not accepted."""
    ours = {"clearcrawl", "pip", "setuptools"}
    found = {d.metadata["Name"].lower(): expression(d) for d in distributions()}
    refused = [
        f"{name}: {licence or 'unknown'}"
        for name, licence in sorted(found.items())
        if name not in ours and not is_fine(name, licence)
    ]
    for name in sorted(found.keys() & ACCEPTED.keys()):
        print(f"accepted: {name}: {found[name]} ({ACCEPTED[name][1]})")
    if refused:
        sys.exit("licence not accepted:\n  " + "\n  ".join(refused))
    print(f"{len(found)} distributions, all licences accepted")


if __name__ == "__main__":
    main()
