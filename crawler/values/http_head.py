"""The head of an HTTP message as received, taken apart."""

from __future__ import annotations


def head_fields(head: bytes) -> list[tuple[bytes, bytes]]:
    """Split field lines leniently: folded lines are joined (RFC 9112 section 5.2), lines without a colon skipped.

    ``head`` begins with the start line and ends with the blank line.
    """
    joined: list[bytes] = []
    for raw in head.split(b"\n")[1:-2]:
        line = raw.removesuffix(b"\r")
        if line[:1] in (b" ", b"\t") and joined:
            joined[-1] += line
        else:
            joined.append(line)
    return [(name.strip(), value.strip()) for name, colon, value in (line.partition(b":") for line in joined) if colon]
