"""The table of a snapshot as a file: a filter that all workers map, and entries in buckets, read where it says maybe.

A key that is not in it costs one look at mapped memory. A hit is compared letter by letter, so that the answer is
exact; a bucket that no longer fits its sum is damage and never a miss. Built once (``list_filling``), then only read.
"""

from __future__ import annotations

import json
import mmap
import os
import struct
import sys
import weakref
from typing import TYPE_CHECKING, Any, Self
from zlib import crc32

from crawler.errors import DamagedStateError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crawler.blocklists.names import Place

VERSION = 3
MADE_FOR = [VERSION, sys.byteorder]
MAGIC = b"clearcrawl lists\n"
HEAD = struct.Struct("<II")
BITS = 32
"""Of a fingerprint; its highest bits name the bucket of a key, its lowest ones the place in the filter."""
SUM_BITS, SUM_MASK = 24, 0xFFFFFF
"""What stands of a bucket's check sum below the place where it begins."""
SIZE = struct.Struct("=H")
"""Before each key: its length."""
TAIL = struct.Struct("=Q")
"""Behind each key: owner and line."""
_PAIR = struct.Struct("=QQ")
_LINE = 0xFFFFFFFF
_HEAD_LIMIT = 1 << 30
_BUCKET_LIMIT = 1 << 24

fingerprint = crc32
"""Of the octets of a key. Keys that share one are told apart by their letters."""


class MappedTable:
    """A ``Table`` that is written. Only the filter is mapped; entries are read from the file when they may count."""

    def __init__(self, descriptor: int, name: str) -> None:
        """Take over the descriptor. Raises DamagedStateError for what is no table of this version, or a changed one."""
        self._file = descriptor
        weakref.finalize(self, os.close, descriptor)
        self._name = name
        head = self._head()
        self.facts: Mapping[str, Any] = head["facts"]
        self.entries: dict[int, int] = {int(owner): count for owner, count in head["entries"].items()}
        """Different entries by owner, those of earlier owners left out."""
        self._references: Mapping[str, str] = head["references"]
        self._has_bare: bool = head["has_bare"]
        """Whether a name of one label is in it, for which no host has to be asked otherwise."""
        self._shift = BITS - int(head["bucket_bits"])
        self._mask = (1 << int(head["filter_bits"])) - 1
        self._at = {section: place for section, (place, _) in head["sections"].items()}
        self._octets = mmap.mmap(descriptor, self._at["buckets"], access=mmap.ACCESS_READ)
        self._filter = memoryview(self._octets)[self._at["filter"] :]
        if crc32(self._filter) != head["crc"]:
            raise self._damage("its filter has changed")

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Self:
        """Open a file. Raises OSError, DamagedStateError."""
        return cls(os.open(path, os.O_RDONLY | os.O_CLOEXEC), str(path))

    def __len__(self) -> int:
        return sum(self.entries.values())

    def get(self, key: str) -> Place | None:
        """Place of a key. Raises DamagedStateError where the entries that it would be among are not those written."""
        octets = key.encode("utf-8", "replace")
        number = fingerprint(octets)
        place = number & self._mask
        return self._look(octets, number) if self._filter[place >> 3] >> (place & 7) & 1 else None

    def nearest(self, host: str) -> tuple[str, Place] | None:
        """Look for a name, then for its parents: the same as ``get`` for each, without a call for each."""
        octets = host.encode("utf-8", "replace")
        mask, bits = self._mask, self._filter
        at, dot = 0, octets.find(b".")
        while dot >= 0 or self._has_bare:
            key = octets[at:]
            number = fingerprint(key)
            place = number & mask
            if bits[place >> 3] >> (place & 7) & 1 and (found := self._look(key, number)) is not None:
                return host[at:], found
            if dot < 0:
                break
            at, dot = dot + 1, octets.find(b".", dot + 1)
        return None

    def _look(self, octets: bytes, number: int) -> Place | None:
        """Find the key in its bucket, read whole and checked."""
        bucket = number >> self._shift
        begin, end = _PAIR.unpack(self._read("buckets", TAIL.size * bucket, _PAIR.size))
        start, length = begin >> SUM_BITS, (end >> SUM_BITS) - (begin >> SUM_BITS)
        content = self._read("records", start, length) if 0 <= length <= _BUCKET_LIMIT else b""
        if len(content) != length or crc32(content) & SUM_MASK != begin & SUM_MASK:
            raise self._damage(f"bucket {bucket} has changed")
        wanted = SIZE.pack(min(len(octets), 0xFFFF)) + octets
        at = 0
        while at < length:
            tail = at + SIZE.size + SIZE.unpack_from(content, at)[0]
            if content[at:tail] == wanted:
                (place,) = TAIL.unpack_from(content, tail)
                return place >> BITS, place & _LINE, self._references.get(octets.decode()) if self._references else None
            at = tail + TAIL.size
        return None

    def add(self, key: str, owner: int, line: int, reference: str | None = None) -> bool:
        """A written table is complete."""
        raise NotImplementedError(key, owner, line, reference)

    def add_names(self, names: list[bytes], owner: int, first: int) -> int:
        """A written table is complete."""
        raise NotImplementedError(names, owner, first)

    def _read(self, section: str, place: int, size: int) -> bytes:
        try:
            octets = os.pread(self._file, size, self._at[section] + place)
        except (OSError, OverflowError) as error:
            raise self._damage(f"it cannot be read there: {error}") from error
        if len(octets) != size:
            raise self._damage("it is cut short")
        return octets

    def _head(self) -> dict[str, Any]:
        start = os.pread(self._file, len(MAGIC) + HEAD.size, 0)
        if len(start) != len(MAGIC) + HEAD.size or not start.startswith(MAGIC):
            raise self._damage("it is none")
        size, crc = HEAD.unpack_from(start, len(MAGIC))
        text = os.pread(self._file, min(size, _HEAD_LIMIT), len(start))
        if len(text) != size or crc32(text) != crc:
            raise self._damage("its head has changed")
        head: dict[str, Any] = json.loads(text)
        if head["version"] != MADE_FOR or os.fstat(self._file).st_size != head["octets"]:
            raise self._damage("it is of another version, or cut short")
        return head

    def _damage(self, problem: str) -> DamagedStateError:
        return DamagedStateError(f"{self._name}: is no usable table of blocklists: {problem}; delete the file")
