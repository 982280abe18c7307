"""Manifest stores of real files, read without any network; without the library they are unread."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from importlib.util import find_spec

import pytest

from crawler.manifest_stores import SETTINGS, read_manifest_store
from crawler.optout.collect import collect, read_media
from crawler.optout.media.opening import media_file
from crawler.optout.statement import Question, Source, Use
from crawler.values.digest import sha256
from crawler.values.media_type import detect
from crawler.values.url import canonicalise
from tests.media_corpus import media_files
from tests.shared import ROOT

HAS_LIBRARY = find_spec("c2pa") is not None
needs_library = pytest.mark.skipif(not HAS_LIBRARY, reason="the extra media is not installed")
URL = canonicalise("https://site.example/a")


def said(body: bytes, use: Use = Use.TRAIN_GENAI) -> tuple[list[str], list[str]]:
    """What is stated about a use, and what stayed unread."""
    source = Source(url=URL, digest=sha256(body), retrieved_at=datetime(2026, 11, 23, tzinfo=UTC))
    content_type = detect(body, None) or "application/octet-stream"
    found = read_media(media_file(source, content_type, body, read_manifest_store))
    collected = collect(Question(url=URL, use=use, token="ExampleBot"), found)  # noqa: S106 - a product token
    return [str(one.preference) for one in collected.statements], [one.why for one in collected.unread]


def fixture(name: str) -> bytes:
    """One of the library's own fixtures."""
    return next(body for path, body in media_files().items() if path.endswith(f"/{name}"))


@needs_library
def test_signed_files_that_reserve() -> None:
    """Both real files with the assertion reserve, a picture and a sound; others say nothing."""
    assert said(fixture("C_with_CAWG_data.jpg")) == (["reserved"], [])
    assert said(fixture("sample1_signed.wav")) == (["reserved"] * 3, [])
    assert said(fixture("sample1_signed.wav"), Use.TRAIN_OTHER) == (["reserved"] * 2, [])
    assert said(fixture("C.jpg")) == ([], [])
    assert said(fixture("CIE-sig-CA.jpg")) == ([], [])
    assert said(fixture("A.jpg")) == ([], [])


@needs_library
def test_stores_that_cannot_be_read() -> None:
    """They are unread, whatever is wrong with them; so is one that is kept elsewhere, which nobody fetches."""
    signed = fixture("C_with_CAWG_data.jpg")
    assert said(signed[: len(signed) // 2]) == (["reserved"], [])
    assert said(signed[: signed.index(b"c2pa\x00\x11") + 200])[1] == ["malformed", "unreadable", "malformed"]
    assert said(fixture("prerelease.jpg"))[1] in ([], ["unreadable"])
    assert said(fixture("cloud.jpg")) == ([], ["remote_manifest"])
    assert read_manifest_store(fixture("cloud.jpg"), "image/jpeg").why == "unreadable"
    assert read_manifest_store(b"", "a/b").why == "unreadable"


@needs_library
def test_network_of_the_library_is_off() -> None:
    """The library knows the three settings and takes their values."""
    assert SETTINGS["core"] == {"allowed_network_hosts": []}
    store = read_manifest_store(fixture("cloud.jpg"), "image/jpeg")
    assert "must fetch remote manifests" in store.detail


WITHOUT = """
import sys
sys.modules["c2pa"] = None
from crawler.manifest_stores import read_manifest_store
print(read_manifest_store(b"x", "image/jpeg").why)
"""


def test_without_the_library() -> None:
    """The store is unread and says why."""
    done = subprocess.run([sys.executable, "-c", WITHOUT], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603 - our own code
    assert done.stdout.strip() == "no_reader_installed"


def test_report_is_json() -> None:
    """With the library or without it, a report is JSON or absent."""
    store = read_manifest_store(b"\xff\xd8\xff\xd9", "image/jpeg")
    assert store.report is None or isinstance(json.loads(store.report), dict)
