"""What stands where a WARC record was erased: a gzip member of exactly the same length with one record that says so.

No other place in the file moves, and places are part of signed leaves. The erased octets are not in it.
"""

from __future__ import annotations

import hashlib
import zlib
from typing import TYPE_CHECKING
from uuid import UUID

from crawler.provenance.leaf import time_text

if TYPE_CHECKING:
    from datetime import datetime

_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
"""RFC 1952 section 2.3: deflate, no name, no time, unknown system."""
_STORED = 65_535
"""Octets of a stored block at most (RFC 1951 section 3.2.4)."""
_BLOCK_HEADER = 5
_TRAILER = 8
_WORDS = b"Erased by request; see the entry `erasure` of the log. "
_DIGITS = 10


def tombstone_member(length: int, *, name: str, date: datetime) -> bytes:
    """Make the member. ``name`` seeds the record's id, so that the same erasure made again gives the same octets.

    Raises ValueError for a length in which no record of ours can have been.
    """
    record_id = UUID(bytes=hashlib.sha256(name.encode()).digest()[:16], version=4).urn
    head = (
        f"WARC/1.1\r\nWARC-Type: metadata\r\nWARC-Record-ID: <{record_id}>\r\nWARC-Date: {time_text(date)}\r\n".encode()
    )
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = packer.compress(head) + packer.flush(zlib.Z_SYNC_FLUSH)  # ends on an octet: stored blocks may follow
    room = length - len(_GZIP_HEADER) - len(packed) - _TRAILER
    blocks = -(-room // (_STORED + _BLOCK_HEADER))
    rest = _filler(room - blocks * _BLOCK_HEADER)
    stored = [rest[start : start + _STORED] for start in range(0, len(rest), _STORED)] or [b""]
    if len(stored) < blocks:
        stored.append(b"")
    body = b"".join(_stored(part, is_last=number == len(stored)) for number, part in enumerate(stored, start=1))
    whole = head + rest
    trailer = zlib.crc32(whole).to_bytes(4, "little") + (len(whole) & 0xFFFFFFFF).to_bytes(4, "little")
    return _GZIP_HEADER + packed + body + trailer


def _filler(size: int) -> bytes:
    """The rest of a record in exactly so many octets: its length, digest where there is room for it, and words."""
    for has_digest in (True, False):
        fixed = len(_rest(b"", has_digest=has_digest))
        if size >= fixed:
            words = (_WORDS * ((size - fixed) // len(_WORDS) + 1))[: size - fixed]
            return _rest(words, has_digest=has_digest)
    raise ValueError(f"no record fits into {size} octets")


def _rest(block: bytes, *, has_digest: bool) -> bytes:
    digest = f"WARC-Block-Digest: sha256:{hashlib.sha256(block).hexdigest()}\r\nContent-Type: text/plain\r\n"
    return (
        f"{digest if has_digest else ''}Content-Length: {len(block):0{_DIGITS}}\r\n\r\n".encode() + block + b"\r\n\r\n"
    )


def _stored(part: bytes, *, is_last: bool) -> bytes:
    size = len(part)
    return bytes([is_last]) + size.to_bytes(2, "little") + (size ^ 0xFFFF).to_bytes(2, "little") + part
