"""The table of a snapshot as a file: sorted fingerprints that all workers map, and the entries, read only on a hit.

A key that is not in it costs one look at mapped memory. A hit is compared letter by letter, so that the answer is
exact; what no longer fits its fingerprint is damage and never a miss. Built once, then only read.
"""

from __future__ import annotations

import json
import mmap
import os
import struct
import sys
import weakref
from array import array
from functools import lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING, Any, BinaryIO, Self
from zlib import crc32

from crawler.blocklists.names import MARKER
from crawler.errors import DamagedStateError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crawler.blocklists.names import Place

VERSION = 2
HOSTS_REMEMBERED = 16_384
"""Last hosts that were asked: a crawl asks about each many times."""
_MADE_FOR = [VERSION, sys.byteorder, sys.hash_info.modulus]
_MAGIC = b"clearcrawl lists\n"
_HEAD = struct.Struct("<II")
_LOW = 0xFFFFFFFF
_MIXED_BITS = sys.hash_info.modulus.bit_length()
_IN_A_BUCKET = 4
_ALIGNMENT = 4096
_HEAD_LIMIT = 1 << 30
_RECORD_LIMIT = 1 << 20
_ODD = 0x9E3779B97F4A7C15
_CHECK = 48
"""Bits of a place below its check: owner and line."""
_CHECK_AT, _CHECK_BITS = 40, 0xFFFF
_TAIL = struct.Struct("=Q")


def _mixed(key: bytes) -> int:
    """Spread keys evenly: ``hash`` of a whole number is its remainder by a Mersenne prime, in every process the same.

    Names often go by number; the squares of such rows are spread, their remainders are not.
    """
    rest = hash(int.from_bytes(key, "big"))
    return hash(rest * rest)


class TableWriter:
    """A ``Table`` that is being filled. What stands there twice is found when it is written."""

    def __init__(self) -> None:
        self._mixed = array("Q")
        self._keys = bytearray()
        self._ends = array("q", [0])
        self._places = array("Q")
        self._references: dict[int, str] = {}
        self._has_bare = False
        self.entries: dict[int, int] = {}
        """Different entries by owner, those of earlier owners left out; there after ``write``."""

    def __len__(self) -> int:
        return sum(self.entries.values())

    def get(self, key: str) -> Place | None:
        """Nothing is found before the table is written."""
        raise NotImplementedError(key)

    def nearest(self, host: str) -> tuple[str, Place] | None:
        """Nothing is found before the table is written."""
        raise NotImplementedError(host)

    def add(self, key: str, owner: int, line: int, reference: str | None = None) -> bool:
        """Add a key; whether it is there already is not known yet."""
        octets = key.encode()
        self._has_bare = self._has_bare or not ("." in key or "/" in key)
        if reference is not None:
            self._references[len(self._mixed)] = reference
        self._mixed.append(_mixed(octets))
        self._keys += octets
        self._ends.append(len(self._keys))
        self._places.append(owner << 32 | line)
        return True

    def add_names(self, names: list[bytes], owner: int, first: int) -> int:
        """Add names of lines that follow each other, none of one label."""
        number = int.from_bytes
        self._mixed.extend([hash((rest := hash(number(name, "big"))) * rest) for name in names])
        self._ends.extend(accumulate(map(len, names[1:]), initial=len(self._keys) + len(names[0])))
        self._keys += b"".join(names)
        start = owner << 32 | first
        self._places.extend(range(start, start + len(names)))
        return len(names)

    def write(self, file: BinaryIO, facts: Mapping[str, Any]) -> None:
        """Sort and write the table with ``facts``, which are given back by ``MappedTable``. Raises OSError."""
        import pyarrow as pa  # noqa: PLC0415 - large, and only who builds a table needs it
        import pyarrow.compute as pc  # noqa: PLC0415 - as above

        count = len(self._mixed)
        mixed = pa.Array.from_buffers(pa.uint64(), count, [None, pa.py_buffer(self._mixed)])
        keys = pa.Array.from_buffers(
            pa.large_binary(), count, [None, pa.py_buffer(self._ends), pa.py_buffer(bytes(self._keys))]
        )
        places = pa.Array.from_buffers(pa.uint64(), count, [None, pa.py_buffer(self._places)])
        order = pc.array_sort_indices(mixed)
        order = self._without_repetitions(order, mixed.take(order), keys)
        mixed, keys, places = mixed.take(order), keys.take(order), places.take(order)
        references = self._moved(order) if self._references else {}
        self._count(places)
        size = len(order)
        bits = max(1, (size // _IN_A_BUCKET).bit_length())
        buckets = pc.shift_right(mixed, pa.scalar(_MIXED_BITS - bits, pa.uint64()))
        starts = _starts(pc.run_end_encode(buckets), 1 << bits)
        prints = pc.bit_wise_and(mixed, pa.scalar(_LOW, pa.uint64())).cast(pa.uint32())
        tails = _tails(mixed, places)
        tails = pa.Array.from_buffers(pa.binary(8), size, [None, tails.buffers()[1]], offset=tails.offset)
        records = pc.binary_join_element_wise(keys, tails.cast(pa.large_binary()), pa.scalar(b"", pa.large_binary()))
        sections = {
            "starts": starts,
            "prints": _octets(prints, 4),
            "ends": _octets(records, 8, size + 1),
            "records": memoryview(records.buffers()[2]),
        }
        _write(
            file,
            sections,
            {
                "bits": bits,
                "size": size,
                "entries": {str(owner): count for owner, count in self.entries.items()},
                "references": references,
                "has_bare": self._has_bare,
                "facts": dict(facts),
            },
        )

    @staticmethod
    def _without_repetitions(order: Any, mixed: Any, keys: Any) -> Any:
        """Leave the first of equal keys; keys that differ with one fingerprint both stay."""
        import pyarrow as pa  # noqa: PLC0415 - see write
        import pyarrow.compute as pc  # noqa: PLC0415 - see write

        if len(order) < 2:  # noqa: PLR2004 - one key is no pair
            return order
        pairs = pc.indices_nonzero(pc.equal(mixed[1:], mixed[:-1])).to_pylist()
        dropped = []
        seen: set[bytes] = set()
        last = -2
        for pair in pairs:
            if pair != last + 1:
                seen = {keys[order[pair].as_py()].as_py()}
            last = pair
            key = keys[order[pair + 1].as_py()].as_py()
            if key in seen:
                dropped.append(pair + 1)
            seen.add(key)
        if not dropped:
            return order
        keep = bytearray(b"\1") * len(order)
        for place in dropped:
            keep[place] = 0
        mask = pc.not_equal(pa.Array.from_buffers(pa.uint8(), len(order), [None, pa.py_buffer(keep)]), 0)
        return order.filter(mask)

    def _moved(self, order: Any) -> dict[str, str]:
        """References by the new number of their entry."""
        import pyarrow as pa  # noqa: PLC0415 - see write
        import pyarrow.compute as pc  # noqa: PLC0415 - see write

        wanted = pa.array(list(self._references), order.type)
        found = pc.indices_nonzero(pc.is_in(order, value_set=wanted)).to_pylist()
        return {str(place): self._references[order[place].as_py()] for place in found}

    def _count(self, places: Any) -> None:
        import pyarrow.compute as pc  # noqa: PLC0415 - see write

        counts = pc.value_counts(pc.shift_right(places, 32)).to_pylist()
        self.entries = {each["values"]: each["counts"] for each in counts if each["values"] != MARKER}


class MappedTable:
    """A ``Table`` that is written. Only the fingerprints are mapped; entries are read from the file when they count."""

    def __init__(self, descriptor: int, name: str) -> None:
        """Take over the descriptor. Raises DamagedStateError for what is no table of this version, or a changed one."""
        self._file = descriptor
        weakref.finalize(self, os.close, descriptor)
        self._name = name
        head = self._head()
        self.facts: Mapping[str, Any] = head["facts"]
        self.nearest = lru_cache(maxsize=HOSTS_REMEMBERED)(self._nearest)
        """Look for a name, then for its parents: the same as ``get`` for each, without a call for each."""
        self._shift = _MIXED_BITS - int(head["bits"])
        self.entries: dict[int, int] = {int(owner): count for owner, count in head["entries"].items()}
        """Different entries by owner, those of earlier owners left out."""
        self._references: Mapping[str, str] = head["references"]
        self._has_bare: bool = head["has_bare"]
        """Whether a name of one label is in it, for which no host has to be asked otherwise."""
        self._at = {section: place for section, (place, _) in head["sections"].items()}
        self._octets = mmap.mmap(descriptor, self._at["ends"], access=mmap.ACCESS_READ)
        if crc32(memoryview(self._octets)[self._at["starts"] :]) != head["crc"]:
            raise self._damage("its fingerprints have changed")
        view = memoryview(self._octets)
        self._starts = view[self._at["starts"] : self._at["prints"]].cast("I")
        self._prints = view[self._at["prints"] : self._at["ends"]].cast("I")

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Self:
        """Open a file. Raises OSError, DamagedStateError."""
        return cls(os.open(path, os.O_RDONLY | os.O_CLOEXEC), str(path))

    def __len__(self) -> int:
        return sum(self.entries.values())

    def get(self, key: str) -> Place | None:
        """Place of a key. Raises DamagedStateError for an entry that is not the one written."""
        octets = key.encode("utf-8", "replace")
        mixed = _mixed(octets)
        bucket = mixed >> self._shift
        start, end = self._starts[bucket], self._starts[bucket + 1]
        if (mixed & _LOW) in self._prints[start:end].tolist():
            return self._look(octets, mixed, start, end)
        return None

    def _nearest(self, host: str) -> tuple[str, Place] | None:
        octets = host.encode("utf-8", "replace")
        shift, starts, prints = self._shift, self._starts, self._prints
        at, dot = 0, octets.find(b".")
        while dot >= 0 or self._has_bare:
            rest = hash(int.from_bytes(octets[at:], "big"))  # as _mixed
            mixed = hash(rest * rest)
            bucket = mixed >> shift
            if (mixed & _LOW) in prints[starts[bucket] : starts[bucket + 1]].tolist():
                place = self._look(octets[at:], mixed, starts[bucket], starts[bucket + 1])
                if place is not None:
                    return host[at:], place
            if dot < 0:
                break
            at, dot = dot + 1, octets.find(b".", dot + 1)
        return None

    def _look(self, octets: bytes, mixed: int, start: int, end: int) -> Place | None:
        """Compare the key with all entries of its bucket that have its fingerprint."""
        for number in range(start, end):
            if self._prints[number] == mixed & _LOW:
                first, last = struct.unpack("=QQ", self._read("ends", 8 * number, 16))
                record = self._read("records", first, max(_TAIL.size, min(last - first, _RECORD_LIMIT)))
                key, (tail,) = record[: -_TAIL.size], _TAIL.unpack(record[-_TAIL.size :])
                place = tail & ((1 << _CHECK) - 1)
                found = _mixed(key)
                if (found ^ mixed) & _LOW or ((found ^ place * _ODD) >> _CHECK_AT) & _CHECK_BITS != tail >> _CHECK:
                    raise self._damage(f"entry {number} has changed")
                if key == octets:
                    return place >> 32, place & _LOW, self._references.get(str(number))
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
        start = os.pread(self._file, len(_MAGIC) + _HEAD.size, 0)
        if len(start) != len(_MAGIC) + _HEAD.size or not start.startswith(_MAGIC):
            raise self._damage("it is none")
        size, crc = _HEAD.unpack_from(start, len(_MAGIC))
        text = os.pread(self._file, min(size, _HEAD_LIMIT), len(start))
        if len(text) != size or crc32(text) != crc:
            raise self._damage("its head has changed")
        head: dict[str, Any] = json.loads(text)
        if head["version"] != _MADE_FOR or os.fstat(self._file).st_size != head["octets"]:
            raise self._damage("it is of another version, or cut short")
        return head

    def _damage(self, problem: str) -> DamagedStateError:
        return DamagedStateError(f"{self._name}: is no usable table of blocklists: {problem}; delete the file")


def _starts(buckets: Any, count: int) -> array[int]:
    """Where each bucket begins, from the runs of equal buckets."""
    starts = array("I", bytes(4 * (count + 1)))
    for bucket, end in zip(buckets.values.to_pylist(), buckets.run_ends.to_pylist(), strict=True):
        starts[bucket + 1] = end
    return array("I", accumulate(starts, max))


def _tails(mixed: Any, places: Any) -> Any:
    """Places, each below sixteen bits that tell whether it belongs to its key."""
    import pyarrow as pa  # noqa: PLC0415 - see TableWriter.write
    import pyarrow.compute as pc  # noqa: PLC0415 - as above

    def number(value: int) -> Any:
        return pa.scalar(value, pa.uint64())

    spread = pc.bit_wise_xor(mixed, pc.multiply(places, number(_ODD)))
    check = pc.bit_wise_and(pc.shift_right(spread, number(_CHECK_AT)), number(_CHECK_BITS))
    return pc.bit_wise_or(places, pc.shift_left(check, number(_CHECK)))


def _octets(numbers: Any, size: int, count: int | None = None) -> memoryview:
    wanted = len(numbers) if count is None else count
    return memoryview(numbers.buffers()[1])[numbers.offset * size : (numbers.offset + wanted) * size]


def _write(file: BinaryIO, sections: Mapping[str, Any], facts: Mapping[str, Any]) -> None:
    """Head, then the sections; the mapped ones come first, with nothing between them."""
    views = {name: memoryview(content).cast("B") for name, content in sections.items()}
    head: dict[str, Any] = {"version": _MADE_FOR, **facts, "crc": 0, "sections": {}, "octets": 0}
    room = len(json.dumps(head)) + 64 * (len(views) + 2)
    begin = at = -(-(len(_MAGIC) + _HEAD.size + room) // _ALIGNMENT) * _ALIGNMENT
    crc = 0
    for name, view in views.items():
        head["sections"][name] = [at, len(view)]
        at += len(view)
        if name in {"starts", "prints"}:
            crc = crc32(view, crc)
    head["crc"], head["octets"] = crc, at
    text = json.dumps(head).encode()
    file.write(_MAGIC + _HEAD.pack(len(text), crc32(text)) + text)
    file.seek(begin)
    for view in views.values():
        file.write(view)
