"""Members that take the place of erased records."""

from __future__ import annotations

import gzip
import io
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from warcio.archiveiterator import ArchiveIterator

from crawler.storage.tombstones import tombstone_member
from tests.storage.making import NOW


@given(st.integers(240, 2_000) | st.integers(65_000, 66_500) | st.integers(131_000, 132_000) | st.just(10_000_000))
def test_length(length: int) -> None:
    """One whole gzip member of exactly the length wanted, with one whole record that other readers take as well."""
    member = tombstone_member(length, name="x", date=NOW)
    assert len(member) == length
    unpacker = zlib.decompressobj(31)
    record = unpacker.decompress(member)
    assert unpacker.eof
    assert not unpacker.unused_data
    assert gzip.decompress(member) == record
    (read,) = ((one.rec_type, one.content_stream().read()) for one in ArchiveIterator(io.BytesIO(member)))
    assert read[0] == "metadata"
    assert set(read[1]) <= set(b"Erased by request; see the entry `erasure` of the log. ")


def test_too_short() -> None:
    """No record of ours is so short."""
    with pytest.raises(ValueError, match="no record fits"):
        tombstone_member(100, name="x", date=NOW)
