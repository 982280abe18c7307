"""Content codings taken off within a bound: gzip, deflate, br, zstd (RFC 9110 section 8.4).

Strict where a browser is lenient: a body that ends early, fails its check sum or names an unknown coding is not
decoded at all, since the missing part may hold the reservation.
"""

from __future__ import annotations

import sys
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import brotli  # type: ignore[import-untyped]  # ships no types
from isal import isal_zlib

if sys.version_info >= (3, 14):  # pragma: no cover - the other half of the same import
    from compression import zstd
else:
    from backports import zstd

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

ACCEPTED = "gzip, deflate, br, zstd"
"""What we ask for in Accept-Encoding."""

_NO_CODING = frozenset({"", "identity", "none", "utf-8"})
"""Values that servers send for a body without any coding."""
_GZIP_MAGIC = b"\x1f\x8b"
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_MEMBERS = 256
"""Most members or frames in one body: each costs a copy of what follows it."""
_STEP = 1 << 20
_ZSTD_WINDOW_LOG = 23
"""8 MiB, the most that a server may use (RFC 9659)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """The body without its codings, or why there is none."""

    body: bytes = b""
    code: str | None = None
    """``body_too_large`` or ``undecodable``; the body is then empty."""
    detail: str = ""


class _TooLargeError(Exception):
    """The output passed the limit."""


class _EndsEarlyError(Exception):
    """The input ended inside the coding."""


def codings_of(values: Iterable[bytes]) -> tuple[str, ...]:
    """Codings of all Content-Encoding fields in the order of their application, lower case, aliases resolved."""
    names = (name.strip().lower() for value in values for name in value.decode("latin-1").split(","))
    return tuple("gzip" if name == "x-gzip" else name for name in names if name not in _NO_CODING)


def decode(body: bytes, codings: Sequence[str], limit: int) -> Decoded:
    """Take the codings off, last one first.

    No step's output passes ``limit`` octets; memory stays near three times that. What follows the end of a gzip,
    deflate or zstd stream is ignored, as browsers do.
    """
    for name in reversed(codings):
        decoder = _DECODERS.get(name)
        if decoder is None:
            return Decoded(code="undecodable", detail=f"unknown content coding {name[:40]!r}")
        try:
            body = decoder(body, limit)
        except _TooLargeError:
            return Decoded(code="body_too_large", detail=f"more than {limit} octets after decoding {name}")
        except _EndsEarlyError:
            return Decoded(code="undecodable", detail=f"the {name} data ends early")
        except _BROKEN as error:
            return Decoded(code="undecodable", detail=f"broken {name} data: {error}")
    return Decoded(body=body)


def _gunzip(data: bytes, limit: int) -> bytes:
    return _members(data, limit, _GZIP_MAGIC, lambda: isal_zlib.decompressobj(wbits=31))


def _members(data: bytes, limit: int, magic: bytes, stream: Callable[[], Any]) -> bytes:
    """Decode one complete unit after the other (RFC 1952 section 2.2, RFC 8878 section 3)."""
    parts: list[bytes] = []
    size = 0
    for _ in range(_MEMBERS):
        member = stream()
        part = member.decompress(data, limit + 1 - size)
        size += len(part)
        if size > limit:
            raise _TooLargeError
        if not member.eof:
            raise _EndsEarlyError
        parts.append(part)
        data = member.unused_data
        if not data.startswith(magic):
            return b"".join(parts)
    raise _EndsEarlyError


def _inflate(data: bytes, limit: int) -> bytes:
    """Either the zlib format that the standard names or the raw one that some servers send."""
    try:
        return _inflate_as(zlib.MAX_WBITS, data, limit)
    except zlib.error:
        return _inflate_as(-zlib.MAX_WBITS, data, limit)


def _inflate_as(wbits: int, data: bytes, limit: int) -> bytes:
    stream = zlib.decompressobj(wbits)
    body = stream.decompress(data, limit + 1)
    if len(body) > limit:
        raise _TooLargeError
    if not stream.eof:
        raise _EndsEarlyError
    return body


def _unbrotli(data: bytes, limit: int) -> bytes:
    stream = brotli.Decompressor()
    parts: list[bytes] = []
    size = 0
    while not stream.is_finished():
        part = stream.process(data, output_buffer_limit=_STEP)
        data = b""
        size += len(part)
        if size > limit:
            raise _TooLargeError
        if not part and not stream.is_finished():
            raise _EndsEarlyError
        parts.append(part)
    return b"".join(parts)


def _unzstd(data: bytes, limit: int) -> bytes:
    announced = zstd.get_frame_info(data).decompressed_size
    if announced is not None and announced > limit:
        raise _TooLargeError
    options: dict[int, int] = {zstd.DecompressionParameter.window_log_max: _ZSTD_WINDOW_LOG}
    return _members(data, limit, _ZSTD_MAGIC, lambda: zstd.ZstdDecompressor(options=options))


_BROKEN: Any = (zlib.error, isal_zlib.error, brotli.error, zstd.ZstdError)
_DECODERS: dict[str, Callable[[bytes, int], bytes]] = {
    "gzip": _gunzip,
    "deflate": _inflate,
    "br": _unbrotli,
    "zstd": _unzstd,
}
