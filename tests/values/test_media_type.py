"""What a body is, by its header and by its first octets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.values.media_type import HTML_TYPES, detect, essence_of, kind_of_name, modality


@pytest.mark.parametrize(
    ("field", "essence"),
    [
        (None, None),
        ("", None),
        ("html", None),
        ("text/html", "text/html"),
        (" Text/HTML ; charset=UTF-8", "text/html"),
        ("image/svg+xml;q=1;w=2", "image/svg+xml"),
        (";text/html", None),
    ],
)
def test_essence(field: str | None, essence: str | None) -> None:
    """Type and subtype without case and parameters; anything without a slash is no type."""
    assert essence_of(field) == essence


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b"%PDF-1.7\n", "application/pdf"),
        (b"\x89PNG\r\n\x1a\n\0", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        (b"RIFF\0\0\0\0WAVEfmt ", "audio/wav"),
        (b"II*\0", "image/tiff"),
        (b"MM\0*", "image/tiff"),
        (b"\0\0\0\x1cftypavif", "image/avif"),
        (b"\0\0\0\x1cftypheic", "image/heic"),
        (b"\0\0\0\x1cftypM4A ", "audio/mp4"),
        (b"\0\0\0\x1cftypisom", "video/mp4"),
        (b"\x1aE\xdf\xa3", "video/webm"),
        (b"OggS\0", "audio/ogg"),
        (b"ID3\x04", "audio/mpeg"),
        (b"fLaC", "audio/flac"),
        (b"PK\x03\x04" + b"\0" * 26 + b"mimetypeapplication/epub+zip", "application/epub+zip"),
        (b"PK\x03\x04\x14", "application/zip"),
        (b"\x1f\x8b\x08", "application/gzip"),
    ],
)
def test_octets_tell_more_than_the_header(body: bytes, found: str) -> None:
    """A body that says what it is, is that, whatever was declared."""
    assert detect(body, "text/html") == found
    assert detect(body, None) == found


@pytest.mark.parametrize(
    "body",
    [
        b"<!DOCTYPE html><title>x</title>",
        b"\xef\xbb\xbf \r\n<HTML lang=de>",
        b"<!-- a - b -- c --> <!doctype\nhtml>",
        b"<?xml version='1.0'?>\n<html xmlns='http://www.w3.org/1999/xhtml'>",
        b"<head><meta name=robots content=noai>",
        b"<body>",
        b"<html",
    ],
)
def test_a_page_is_a_page_under_any_header(body: bytes) -> None:
    """Its metadata has to be read, also where the header hides it; XHTML stays what it was declared as."""
    for declared in (None, "text/plain", "application/octet-stream", "application/xml"):
        assert detect(body, declared) == "text/html"
    assert detect(body, "application/xhtml+xml") == "application/xhtml+xml"


@pytest.mark.parametrize("body", [b"<p>x", b"<!-- x", b"<META name=robots>", b"<script>", b"<br/>", b" <a href=x>"])
def test_undeclared_markup_is_a_page(body: bytes) -> None:
    """Without a type, what a browser would show as a page is one; with a type it is what was declared."""
    assert detect(body, None) == detect(body, "unknown/unknown") == "text/html"
    assert detect(body, "text/plain") == "text/plain"


@pytest.mark.parametrize(
    "body", [b"", b"plain", b"<htmlx>", b"<html:p>", b"<urlset>", b"<paragraph>", b"{}", b"<body-x>"]
)
def test_octets_that_tell_nothing(body: bytes) -> None:
    """What was declared stands; nothing is guessed."""
    assert detect(body, None) is None
    assert detect(body, "application/json") == "application/json"


@given(st.binary(max_size=200), st.sampled_from([None, "text/html", "image/png"]))
def test_any_body_has_an_answer(body: bytes, declared: str | None) -> None:
    """Total, and never less than what was declared."""
    found = detect(body, declared)
    assert found is not None or declared is None
    assert (modality(found) is None) == (found is None)


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("https://a.test/photo.JPG?x=y.pdf", "image"),
        ("https://a.test/a.b/film.mp4", "video"),
        ("https://a.test/song.mp3", "audio"),
        ("https://a.test/paper.pdf", "document"),
        ("https://a.test/mp3", None),
        ("https://a.pdf/", None),
        ("https://a.test/page.html", None),
    ],
)
def test_kind_of_name(url: str, kind: str | None) -> None:
    """The ending of the last part of the path, and nothing else."""
    assert kind_of_name(url) == kind


@pytest.mark.parametrize(
    ("media_type", "expected"),
    [
        (None, None),
        *((one, "text") for one in ("text/plain", "application/json", "application/atom+xml", *sorted(HTML_TYPES))),
        ("application/problem+json", "text"),
        ("image/svg+xml", "image"),
        ("audio/mpeg", "audio"),
        ("video/mp4", "video"),
        ("application/pdf", "document"),
        ("application/epub+zip", "document"),
        ("application/zip", "other"),
        ("font/woff2", "other"),
    ],
)
def test_modality(media_type: str | None, expected: str | None) -> None:
    """The kinds of content that a summary counts."""
    assert modality(media_type) == expected
