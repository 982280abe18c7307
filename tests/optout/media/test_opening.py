"""From octets to properties, package and manifest store, once for all readers; nothing raises, nothing is silent."""

from __future__ import annotations

import json
import struct
import zlib
from datetime import UTC, datetime
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZIP_STORED

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.optout.collect import collect, read_media
from crawler.optout.media.embedded import (
    PACKAGE_LIMIT,
    PACKETS_LIMIT,
    PARTS_LIMIT,
    Embedded,
    ManifestStore,
    Packet,
    no_manifest_store_reader,
    packet_of,
)
from crawler.optout.media.epub import package_document
from crawler.optout.media.opening import EPUB_TYPE, media_file, read_embedded
from crawler.optout.media.package import package_metas
from crawler.optout.media.xmp import properties
from crawler.optout.readers.c2pa import REPORT_LIMIT, C2paReader
from crawler.optout.statement import Partial, Problem, Question, Source, Use
from crawler.values.digest import sha256
from crawler.values.url import canonicalise
from crawler.values.xml import XmlError
from tests.media_corpus import media_files
from tests.optout.media import containers as made

URL = canonicalise("https://site.example/a")
SOURCE = Source(url=URL, digest=sha256(b""), retrieved_at=datetime(2026, 11, 23, tzinfo=UTC))
BODY = made.packet()
OPF = b'<package xmlns="http://www.idpf.org/2007/opf" prefix="tdm: http://www.w3.org/ns/tdmrep#"><metadata/></package>'
STORE = b"c2pa\x00\x11\x00\x10\x80\x00\x00\xaa\x00\x38\x9b\x71"


def opened(body: bytes, content_type: str = "image/jpeg") -> Embedded:
    """What a file carries."""
    return read_embedded(body, content_type, no_manifest_store_reader)


def said(body: bytes, content_type: str = "image/jpeg") -> tuple[list[str], list[tuple[str, str, bool]]]:
    """Statements about training, and what is unread."""
    found = read_media(media_file(SOURCE, content_type, body))
    collected = collect(Question(url=URL, use=Use.TRAIN_GENAI, token="ExampleBot"), found)  # noqa: S106 - a product token
    return (
        [f"{one.protocol} {one.preference}" for one in collected.statements],
        [(one.protocol, one.why, one.blocks) for one in collected.unread],
    )


@pytest.mark.parametrize(
    "body",
    [
        made.jpeg(made.segment(0xE1, made.XMP + BODY)),
        made.png(made.itxt(BODY)),
        made.riff((b"XMP ", BODY)),
        made.tiff(BODY),
        made.tiff(BODY, order=">"),
        made.pdf((b"", BODY)),
        b"junk\n" + made.pdf((b"/Filter/FlateDecode", zlib.compress(BODY))),
        b"GIF89a" + BODY,
        b"\x00\x00\x00\x18ftypheic" + BODY,
        made.jpeg() + BODY,
    ],
)
def test_every_format(body: bytes) -> None:
    """The prohibition is found, whatever type was declared."""
    assert said(body, "application/octet-stream") == (["plus-xmp reserved"], [])


def test_grants_need_certainty() -> None:
    """Of several packets none grants."""
    allowed = made.packet("http://ns.useplus.org/ldf/vocab/DMI-ALLOWED")
    assert said(b"GIF89a" + allowed)[0] == ["plus-xmp allowed"]
    assert said(b"GIF89a" + allowed + allowed)[0] == []
    assert said(made.pdf((b"", allowed), (b"", made.packet("x"))))[0] == []


def test_broken_and_long_packets() -> None:
    """A broken packet says nothing, a long one what its beginning says; both are unread and hold nothing back."""
    malformed = [("tdmrep", "malformed", False), ("plus-xmp", "malformed", False)]
    assert said(made.jpeg(made.segment(0xE1, made.XMP + BODY[:300]))) == ([], malformed)
    assert said(b"GIF89a" + BODY[:-31] + b" " * 70_000)[0] == ["plus-xmp reserved"]
    assert {why for _, why, _ in said(b"GIF89a" + BODY[:-31] + b" " * 70_000)[1]} == {"too_large"}
    assert said(b"\xff\xd8\xff\xe1\xff\xff") == ([], malformed)
    many = made.jpeg(*[made.segment(0xE1, made.XMP + BODY)] * (PACKETS_LIMIT + 1))
    assert opened(many).problems[-1].text == "more XMP than the limit"
    assert len(opened(many).properties) == PACKETS_LIMIT
    assert {why for _, why, _ in said(many)[1]} == {"too_large"}
    large = made.jpeg(*[made.segment(0xE1, made.XMP + made.packet(padding=60_000))] * 20)
    assert opened(large).problems[-1].text == "more XMP than the limit"
    assert len(opened(large).properties) == 8


def test_xmp_bombs() -> None:
    """Depth and entities end a packet; nothing of it counts."""
    for body in (
        b"<a>" * 20_000,
        b"<!DOCTYPE a [<!ENTITY b 'c'>]>" + BODY[BODY.index(b"<x:") : BODY.index(b"<?xpacket end")],
        b"",
    ):
        with pytest.raises(XmlError):
            properties(Packet(body=body, is_whole=True), 0)
    assert packet_of(BODY + b"\x00\x00").body == BODY


def test_manifest_store() -> None:
    """The port is asked only where there is a store; without a reader it is unread."""
    file = made.jpeg(made.segment(0xEB, b"JP\x00\x01" + STORE))
    assert said(file) == ([], [("c2pa", "no_reader_installed", False)])
    assert opened(made.jpeg()).store is None
    asked = []

    def read(body: bytes, content_type: str) -> ManifestStore:
        asked.append((body, content_type))
        return ManifestStore(report="{}")

    assert media_file(SOURCE, "image/jpeg", file, read).embedded.store == ManifestStore(report="{}")
    media_file(SOURCE, "image/jpeg", made.jpeg(), read)
    assert asked == [(file, "image/jpeg")]


@pytest.mark.parametrize("report", ["", "[" * 100_000, "3", " " * (REPORT_LIMIT + 1)])
def test_reports_that_are_none(report: str) -> None:
    """They are unread."""
    embedded = Embedded(store=ManifestStore(report=report))
    media = media_file(SOURCE, "image/jpeg", b"")
    reading = C2paReader().read_media(type(media)(source=SOURCE, content_type="image/jpeg", embedded=embedded))
    assert isinstance(reading, Partial)
    assert reading.why == "malformed"
    assert len(reading.problems) == 1
    assert (reading.references, reading.soft) == ((), ())
    assert reading.about(Question(url=URL, use=Use.TRAIN_GENAI, token="x")) == ()  # noqa: S106 - a product token


def test_store_kept_elsewhere() -> None:
    """An XMP packet may name it; nobody has read it."""
    body = BODY.replace(b"plus:DataMining=", b"xmlns:t='http://purl.org/dc/terms/' t:provenance=")
    assert said(b"GIF89a" + body) == ([], [("c2pa", "remote_manifest", False)])


def test_epub() -> None:
    """Stored and compressed members; the name may be written as a URL."""
    for method in (ZIP_STORED, ZIP_DEFLATED):
        assert opened(made.epub(OPF, method=method), EPUB_TYPE).package == OPF
    assert opened(made.epub(OPF, name="a/%62.opf"), EPUB_TYPE).package == OPF
    assert opened(made.epub(OPF), "application/zip").package is None


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "no member META-INF/container.xml"),
        (made.epub(OPF, container=b"<a"), "container: line 1"),
        (made.epub(OPF, container=b"<a><b/></a>"), "names no package document"),
        (made.epub(OPF, name="c"), "no member c"),
        (made.epub(OPF, method=ZIP_BZIP2), "compressed by method 12"),
        (made.epub(b" " * (PACKAGE_LIMIT + 1)), "over the limit"),
        (made.epub(b" " * (PACKAGE_LIMIT + 1), method=ZIP_STORED), "over the limit"),
        (made.epub(OPF).replace(b"PK\x03\x04", b"PK\x03\x05"), "not where the directory says"),
    ],
)
def test_epub_that_cannot_be_read(body: bytes, problem: str) -> None:
    """Each reason is told, and the file counts as unread."""
    found = package_document(body)
    assert isinstance(found, Problem)
    assert problem in found.text
    assert said(body, EPUB_TYPE) == ([], [("tdmrep", "malformed", False), ("plus-xmp", "malformed", False)])


def test_epub_with_broken_stream() -> None:
    """A member that is no deflate stream, and a directory that is cut off."""
    file = made.epub(OPF)
    start = file.index(b"META-INF/container.xml") + len(b"META-INF/container.xml")
    broken = package_document(file[:start] + b"\xff" * 20 + file[start + 20 :])
    assert isinstance(broken, Problem)
    assert "cannot be decompressed" in broken.text
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 1, 1, 46, 0, 0)
    assert isinstance(package_document(end), Problem)


def test_package_in_doubt() -> None:
    """A broken package is unread; metas are read wherever they stand."""
    assert said(made.epub(b"<package"), EPUB_TYPE)[1] == [("tdmrep", "malformed", False)]
    metas = package_metas(b'<p prefix="a"><m><META name="n" content="c">t</META></m></p>')
    assert [(one.name, one.value, one.is_proper) for one in metas] == [("n", "c", False)]


def test_real_files() -> None:
    """No file of the collection is read with an internal error, and none is slow by its size."""
    found = {name: said(body, "application/octet-stream") for name, body in media_files().items()}
    assert len(found) > 200
    assert [
        name for name, (_, unread) in found.items() if any(why.startswith("internal") for _, why, _ in unread)
    ] == []
    assert sum(("c2pa", "no_reader_installed", False) in unread for _, unread in found.values()) == 15


def test_directory_of_many_entries() -> None:
    """An archive of more members than the limit is walked to the limit."""
    entry = b"PK\x01\x02" + b"\x00" * 42
    count = PARTS_LIMIT + 1
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 0, 0, len(entry) * count, 0, 0)
    assert isinstance(package_document(entry * count + end), Problem)


STARTS = (
    *(b"", b"\xff\xd8\xff\xe1", b"\x89PNG\r\n\x1a\n", b"RIFF", b"II*\x00", b"MM\x00*", b"%PDF-", b"PK\x03\x04"),
    *(STORE, BODY),
)


@given(
    st.binary(max_size=400),
    st.sampled_from(["image/jpeg", "application/pdf", EPUB_TYPE]),
    st.sampled_from(STARTS),
)
def test_any_octets(body: bytes, content_type: str, start: bytes) -> None:
    """Something comes out, never an exception, never a reader that failed."""
    assert not any(why.startswith("internal") for _, why, _ in said(start + body, content_type)[1])


@given(st.binary(max_size=60), st.integers(0, 2_000), st.integers(0, 60))
def test_damaged_epub(junk: bytes, at: int, drop: int) -> None:
    """A package or a problem."""
    file = made.epub(OPF)
    at %= len(file)
    assert isinstance(package_document(file[:at] + junk + file[at + drop :]), bytes | Problem)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["allowed", "notAllowed", "cawg.training-mining", "a"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "active_manifest",
                    "manifests",
                    "a",
                    "assertions",
                    "label",
                    "data",
                    "entries",
                    "use",
                    "cawg.ai_training",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=25,
)


@given(_JSON)
def test_any_report(report: object) -> None:
    """Any JSON is a report of something."""
    media = media_file(SOURCE, "image/jpeg", STORE, lambda *_: ManifestStore(report=json.dumps(report)))
    assert not any(one.why.startswith("internal") for one in read_media(media).unread)
