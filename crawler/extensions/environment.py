"""What a crawl ran on, for the log's entry of its start: interpreter, platform, and every installed package."""

from __future__ import annotations

import platform
import re
from importlib.metadata import distributions
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from crawler.values.digest import sha256

if TYPE_CHECKING:
    from importlib.metadata import Distribution

    from crawler.policy.document import Identity

NO_DOMAIN = "operator.invalid"
"""In the origin of a log whose operator names no contact."""
_NAME_AND_VERSION = re.compile(r"^(Name|Version):[ \t]*(\S+)[ \t]*$", re.MULTILINE)


def environment() -> dict[str, Any]:
    """JSON values; ``packages_digest`` is over lines ``name==version``, sorted."""
    found = sorted({"==".join(name_and_version(one)) for one in distributions()}, key=str.lower)
    return {
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "platform": platform.platform(),
        "packages": len(found),
        "packages_digest": sha256("".join(f"{line}\n" for line in found).encode()),
    }


def name_and_version(package: Distribution) -> tuple[str, str]:
    """Name and version, which stand first in the metadata; the whole of it takes a parser of mail a millisecond."""
    text = package.read_text("METADATA") or package.read_text("PKG-INFO") or ""
    told = dict(_NAME_AND_VERSION.findall(text.partition("\n\n")[0]))
    return told.get("Name") or package.metadata["Name"], told.get("Version") or package.version


def operator_domain(identity: Identity) -> str:
    """Domain of the contact address, which begins the origin of the log."""
    contact = identity.contact
    if contact.startswith("mailto:"):
        domain = contact.partition("?")[0].rpartition("@")[2]
    else:
        domain = urlsplit(contact).hostname or ""
    is_plain = domain.isascii() and all(char.isalnum() or char in ".-" for char in domain)
    return domain.lower() if domain and is_plain else NO_DOMAIN
