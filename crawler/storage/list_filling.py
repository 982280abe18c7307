"""Fills and writes the table of a snapshot: millions of keys, sorted by Arrow, none of them an object in the end.

What the file holds and how it is asked stands in ``list_tables``.
"""

from __future__ import annotations

import json
from array import array
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any, BinaryIO, Literal
from zlib import crc32

from crawler.blocklists.names import MARKER
from crawler.storage.list_tables import BITS, HEAD, MADE_FOR, MAGIC, SUM_BITS, SUM_MASK, fingerprint

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crawler.blocklists.names import Place

_IN_A_BUCKET = 8
_FILTER_BITS = 16
"""Places of the filter for each key, at least: four of a hundred keys that are not there pass it."""
_LEAST_FILTER_BITS = 6
_ALIGNMENT = 4096
_BIT = [1 << bit for bit in range(8)]


class TableWriter:
    """A ``Table`` that is being filled. What stands there twice is found when it is written."""

    def __init__(self) -> None:
        self._prints = array("I")
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
            self._references[len(self._prints)] = reference
        self._prints.append(fingerprint(octets))
        self._keys += octets
        self._ends.append(len(self._keys))
        self._places.append(owner << BITS | line)
        return True

    def add_names(self, names: list[bytes], owner: int, first: int) -> int:
        """Add names of lines that follow each other, none of one label."""
        self._prints.extend(map(fingerprint, names))
        self._ends.extend(accumulate(map(len, names[1:]), initial=len(self._keys) + len(names[0])))
        self._keys += b"".join(names)
        start = owner << BITS | first
        self._places.extend(range(start, start + len(names)))
        return len(names)

    def write(self, file: BinaryIO, facts: Mapping[str, Any]) -> None:
        """Sort and write the table with ``facts``, which are given back by ``MappedTable``. Raises OSError."""
        import pyarrow as pa  # noqa: PLC0415 - large, and only who builds a table needs it
        import pyarrow.compute as pc  # noqa: PLC0415 - as above

        count = len(self._prints)
        prints = pa.Array.from_buffers(pa.uint32(), count, [None, pa.py_buffer(self._prints)])
        keys = pa.Array.from_buffers(
            pa.large_binary(), count, [None, pa.py_buffer(self._ends), pa.py_buffer(bytes(self._keys))]
        )
        places = pa.Array.from_buffers(pa.uint64(), count, [None, pa.py_buffer(self._places)])
        order = pc.array_sort_indices(prints)
        order = self._without_repetitions(order, prints.take(order), keys)
        references = self._kept(order, keys) if self._references else {}
        prints, keys, places = prints.take(order), keys.take(order), places.take(order)
        size = len(order)
        counts = pc.value_counts(pc.shift_right(places, BITS)).to_pylist()
        self.entries = {each["values"]: each["counts"] for each in counts if each["values"] != MARKER}
        bucket_bits = max(1, min((size // _IN_A_BUCKET).bit_length(), BITS))
        filter_bits = max(_LEAST_FILTER_BITS, min((size * _FILTER_BITS).bit_length(), BITS))
        starts = _starts(pc.shift_right(prints, pa.scalar(BITS - bucket_bits, pa.uint32())), 1 << bucket_bits)
        lengths = _fixed(pc.binary_length(keys).cast(pa.uint16()), 2)
        records = pc.binary_join_element_wise(lengths, keys, _fixed(places, 8), pa.scalar(b"", pa.large_binary()))
        content = memoryview(records.buffers()[2])
        ends = memoryview(records.buffers()[1]).cast("q")[records.offset :]
        sections = {
            "filter": _filter(_numbers(prints, "I"), filter_bits),
            "buckets": _buckets(starts, ends, content),
            "records": content,
        }
        _write(
            file,
            sections,
            {
                "bucket_bits": bucket_bits,
                "filter_bits": filter_bits,
                "entries": {str(owner): count for owner, count in self.entries.items()},
                "references": references,
                "has_bare": self._has_bare,
                "facts": dict(facts),
            },
        )

    @staticmethod
    def _without_repetitions(order: Any, prints: Any, keys: Any) -> Any:
        """Leave the first of equal keys; keys that differ with one fingerprint both stay."""
        import pyarrow as pa  # noqa: PLC0415 - see write
        import pyarrow.compute as pc  # noqa: PLC0415 - see write

        if len(order) < 2:  # noqa: PLR2004 - one key is no pair
            return order
        pairs = pc.indices_nonzero(pc.equal(prints[1:], prints[:-1])).to_pylist()
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

    def _kept(self, order: Any, keys: Any) -> dict[str, str]:
        """References of the entries that stay, by key."""
        import pyarrow as pa  # noqa: PLC0415 - see write
        import pyarrow.compute as pc  # noqa: PLC0415 - see write

        wanted = pa.array(list(self._references), order.type)
        kept = order.filter(pc.is_in(order, value_set=wanted)).to_pylist()
        return {keys[number].as_py().decode(): self._references[number] for number in kept}


def _starts(buckets: Any, count: int) -> array[int]:
    """Where each bucket begins, from the runs of equal buckets."""
    import pyarrow.compute as pc  # noqa: PLC0415 - see TableWriter.write

    runs = pc.run_end_encode(buckets)
    starts = array("I", bytes(4 * (count + 1)))
    for bucket, end in zip(_numbers(runs.values, "I"), _numbers(runs.run_ends, "i"), strict=True):
        starts[bucket + 1] = end
    return array("I", accumulate(starts, max))


def _buckets(starts: array[int], ends: memoryview, content: memoryview) -> array[int]:
    """Where the records of each bucket begin, with a part of their check sum."""
    places = [ends[start] for start in starts]
    sums = array("Q", [start << SUM_BITS | crc32(content[start:end]) & SUM_MASK for start, end in pairwise(places)])
    sums.append(places[-1] << SUM_BITS)
    return sums


def _filter(prints: memoryview, bits: int) -> bytearray:
    octets = bytearray(1 << (bits - 3))
    mask = (1 << bits) - 1
    for number in prints:
        octets[(number & mask) >> 3] |= _BIT[number & 7]
    return octets


def _numbers(values: Any, code: Literal["I", "i"]) -> memoryview[int]:
    """The numbers of an Arrow array, not copied."""
    buffer = values.buffers()[1]
    found = memoryview(b"" if buffer is None else buffer).cast("B").cast(code)
    return found[values.offset : values.offset + len(values)]


def _fixed(values: Any, width: int) -> Any:
    """Numbers as the octets in which they lie in memory."""
    import pyarrow as pa  # noqa: PLC0415 - see TableWriter.write

    found = pa.Array.from_buffers(pa.binary(width), len(values), [None, values.buffers()[1]], offset=values.offset)
    return found.cast(pa.large_binary())


def _write(file: BinaryIO, sections: Mapping[str, Any], facts: Mapping[str, Any]) -> None:
    """Head, then the sections; the filter comes first, since it is what is mapped."""
    views = {name: memoryview(content).cast("B") for name, content in sections.items()}
    head: dict[str, Any] = {"version": MADE_FOR, **facts, "crc": crc32(views["filter"]), "sections": {}, "octets": 0}
    room = len(json.dumps(head)) + 64 * (len(views) + 2)
    begin = at = -(-(len(MAGIC) + HEAD.size + room) // _ALIGNMENT) * _ALIGNMENT
    for name, view in views.items():
        head["sections"][name] = [at, len(view)]
        at += len(view)
    head["octets"] = at
    text = json.dumps(head).encode()
    file.write(MAGIC + HEAD.pack(len(text), crc32(text)) + text)
    file.seek(begin)
    for view in views.values():
        file.write(view)
