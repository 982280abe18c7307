"""URLs worth asking a robots.txt about: its own patterns made concrete, their edges, and a few fixed paths.

Reads patterns in the crudest way, so that neither the product's parser nor the oracle's chooses what is asked.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    import random

ORIGIN = "https://site.test"
FIXED = (
    "/",
    "/robots.txt",
    "/robots.txt?x",
    "/index.html",
    "/a/b/c.html?x=1&y=2",
    "/wp-admin/../feed/",
    "/?",
    "/%7Ejoe",
)
WILDCARD = ("", "x", "a/b", "a?b=c/d")
_PRINTABLE = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"<>\\^`{|}')


def patterns(body: bytes) -> list[str]:
    """Values of all lines that look like rules, each once, in their order."""
    encoding = "utf-16" if body.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    text = body.decode(encoding, errors="replace")
    found = re.findall(r"(?i)allow\w*[ \t]*:?[ \t]*([^\r\n#]+)", text)
    return list(dict.fromkeys(value.strip(" \t") for value in found))


def variants(pattern: str, rng: random.Random) -> list[str]:
    """Targets that the pattern should match, and targets one step beside it."""
    core = pattern.removesuffix("$")
    plain = core
    while "*" in plain:
        plain = plain.replace("*", rng.choice(WILDCARD), 1)
    plain = "/" + plain.lstrip("/") if not plain.startswith("/") else plain
    flip = rng.randrange(len(plain))
    escaped = plain[:flip] + "".join(f"%{octet:02x}" for octet in plain[flip].encode()) + plain[flip + 1 :]
    found = [
        plain,
        plain + rng.choice(("x", "/", "/x.html", "?q=1", "&q=1", "=", "$", "%20", ".php")),
        plain[:-1] or "/",
        rng.choice((plain.swapcase(), "/x" + plain, "/./x/.." + plain, escaped, core, plain + plain)),
    ]
    rng.shuffle(found)
    return found


def targets(body: bytes, rng: random.Random, count: int) -> list[str]:
    """At most ``count`` URLs beside the fixed ones; all patterns take part where they fit in."""
    chosen = patterns(body)
    rng.shuffle(chosen)
    each = max(1, count // max(1, len(chosen)))
    found = [path for pattern in chosen[:count] for path in variants(pattern, rng)[:each]]
    found = [path if path.startswith("/") else "/" + path for path in found][:count]
    unique = dict.fromkeys([*FIXED, *(quote(path, safe=_PRINTABLE) for path in found)])
    return [ORIGIN + path for path in unique]
