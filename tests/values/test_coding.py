"""Content codings come off whole, within the limit, or not at all."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import zlib
from pathlib import Path

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.values.coding import ACCEPTED, codings_of, decode
from tests.shared import shared_path

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

LIMIT = 100_000
TEXT = b"".join(b"line %d of a page\n" % n for n in range(2000))


def _raw_deflate(data: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-15)
    return stream.compress(data) + stream.flush()


ENCODERS = {"gzip": gzip.compress, "deflate": zlib.compress, "br": brotli.compress, "zstd": zstd.compress}


@pytest.mark.parametrize("name", ENCODERS)
def test_what_we_ask_for_we_decode(name: str) -> None:
    """Every coding of Accept-Encoding is taken off."""
    assert name in ACCEPTED.split(", ")
    decoded = decode(ENCODERS[name](TEXT), [name], LIMIT)
    assert (decoded.body, decoded.code) == (TEXT, None)


def test_raw_deflate_is_understood() -> None:
    """Some servers send deflate without its zlib wrapper."""
    assert decode(_raw_deflate(TEXT), ["deflate"], LIMIT).body == TEXT


def test_two_codings_come_off_last_one_first() -> None:
    """Codings are listed in the order in which they were applied."""
    body = gzip.compress(brotli.compress(TEXT))
    assert decode(body, codings_of([b"br, gzip"]), LIMIT).body == TEXT
    assert decode(body, codings_of([b"BR", b"x-gzip"]), LIMIT).body == TEXT
    assert decode(body, codings_of([b"gzip, br"]), LIMIT).code == "undecodable"


def test_values_that_name_no_coding_are_skipped() -> None:
    """Servers say identity, none, or a character set."""
    assert codings_of([b"", b"identity", b"none, UTF-8", b" gzip ,"]) == ("gzip",)
    assert decode(TEXT, codings_of([b"identity"]), LIMIT).body == TEXT


def test_unknown_coding_is_undecodable() -> None:
    """Nobody guesses what it could be."""
    decoded = decode(TEXT, codings_of([b"sdch\xff"]), LIMIT)
    assert decoded.code == "undecodable"
    assert "sdch" in decoded.detail


@pytest.mark.parametrize("name", ENCODERS)
def test_cut_data_is_undecodable(name: str) -> None:
    """Wherever it is cut, no part of it is shown as the whole."""
    body = ENCODERS[name](TEXT)
    for length in range(0, len(body), max(1, len(body) // 200)):
        decoded = decode(body[:length], [name], LIMIT)
        assert (decoded.code, decoded.body) == ("undecodable", b"")
    assert decode(body[:-1], [name], LIMIT).code == "undecodable"


def test_wrong_check_sum_is_undecodable() -> None:
    """Scrapy's own decoder lets it pass."""
    body = bytearray(gzip.compress(TEXT))
    body[-6] ^= 1
    assert decode(bytes(body), ["gzip"], LIMIT).code == "undecodable"


@pytest.mark.parametrize("name", ["gzip", "deflate", "zstd"])
def test_octets_behind_the_end_are_ignored(name: str) -> None:
    """Browsers ignore them too."""
    assert decode(ENCODERS[name](TEXT) + b"\r\n", [name], LIMIT).body == TEXT


@pytest.mark.parametrize("name", ["gzip", "zstd"])
def test_members_are_put_together(name: str) -> None:
    """Concatenated units are one body, up to a number that cannot be abused."""
    one = ENCODERS[name](b"x")
    assert decode(one * 3, [name], LIMIT).body == b"xxx"
    assert decode(one * 3, [name], 2).code == "body_too_large"
    assert decode(one * 300, [name], LIMIT).code == "undecodable"


@pytest.mark.parametrize("name", ENCODERS)
def test_limit_is_exact(name: str) -> None:
    """A body of the limit passes, one octet more does not."""
    body = ENCODERS[name](TEXT)
    assert decode(body, [name], len(TEXT)).body == TEXT
    decoded = decode(body, [name], len(TEXT) - 1)
    assert (decoded.code, decoded.body) == ("body_too_large", b"")


def test_zstd_without_an_announced_size_is_bounded() -> None:
    """The frame need not say how large it becomes."""
    stream = zstd.ZstdCompressor()
    body = stream.compress(TEXT) + stream.flush()
    assert decode(body, ["zstd"], LIMIT).body == TEXT
    assert decode(body, ["zstd"], 100).code == "body_too_large"


def test_zstd_with_a_giant_window_is_undecodable() -> None:
    """More than 8 MiB of window is more than RFC 9659 permits, and more memory than we give."""
    stream = zstd.ZstdCompressor(options={zstd.CompressionParameter.window_log: 27})
    assert decode(stream.compress(TEXT) + stream.flush(), ["zstd"], LIMIT).code == "undecodable"


@given(st.binary(max_size=200), st.sampled_from([*ENCODERS, "none"]), st.integers(1, 300))
def test_any_octets_end_in_an_outcome(body: bytes, name: str, limit: int) -> None:
    """Nothing raises, and nothing passes the limit that was not within it before."""
    decoded = decode(body, [name], limit)
    assert decoded.code in (None, "undecodable", "body_too_large")
    assert len(decoded.body) <= limit or decoded.code is None


@given(st.binary(max_size=2000), st.lists(st.sampled_from(sorted(ENCODERS)), max_size=2))
def test_encoding_and_decoding_are_inverse(body: bytes, names: list[str]) -> None:
    """Whatever was wrapped comes back."""
    wrapped = body
    for name in names:
        wrapped = ENCODERS[name](wrapped)
    assert decode(wrapped, names, 10_000).body == body


MEASURE = """
import json, resource, sys, time
from crawler.values.coding import decode
body = sys.stdin.buffer.read()
decode(b"", [sys.argv[1]], 1)
before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
decoded = decode(body, [sys.argv[1]], int(sys.argv[2]))
extra = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
print(json.dumps([decoded.code, extra, time.perf_counter() - began]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("case", ["z1", "z2", "z3"])
def test_shared_bombs_cost_little(case: str) -> None:
    """A gigabyte in a few kilobytes is given up early: memory and time as the vectors say."""
    generators = json.loads(shared_path("vectors/adversarial/bombs/generators.json").read_text())
    bomb = next(found for found in generators["cases"] if found["id"] == case)
    plain = bytes(bomb["plain_bytes"])
    encode = {"gzip": gzip.compress, "br": lambda data: brotli.compress(data, quality=5), "zstd": zstd.compress}
    body = encode[bomb["kind"]](plain)
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", MEASURE, bomb["kind"], str(generators["response_limit_bytes"])],
        input=body,
        capture_output=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    code, extra, seconds = json.loads(done.stdout)
    assert code == bomb["expect"]
    assert extra <= bomb["extra_rss_mib"]
    assert seconds <= bomb["seconds"]
