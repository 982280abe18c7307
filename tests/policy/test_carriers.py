"""What is kept of a body that is not: read again, it says what the body said."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from crawler.optout.interface import MediaFile
from crawler.optout.media.embedded import Embedded, ManifestStore, Property
from crawler.optout.statement import Problem, Source
from crawler.policy.carriers import KeptCarriers, carriers_from_json, carriers_to_json
from crawler.policy.response import Head, Seen, see_body, see_carriers, see_head
from crawler.values.digest import sha256
from crawler.values.url import CanonicalUrl, parse
from tests.policy.samples import SOURCE, policy

if TYPE_CHECKING:
    from collections.abc import Mapping

NOW = SOURCE.retrieved_at
HTML = b'text/html; charset="utf-8"'
XMP = (
    b'<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF'
    b' xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""'
    b' xmlns:plus="http://ns.useplus.org/ldf/xmp/1.0/" plus:DataMining="http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED"/>'
    b"</rdf:RDF></x:xmpmeta><?xpacket end='r'?>"
)
PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Metadata /Subtype /XML >>\nstream\n" + XMP + b"\nendstream\nendobj\n%%EOF\n"
BODIES: Mapping[str, tuple[bytes, bytes]] = {
    "meta": (HTML, b'<meta name="tdm-reservation" content="1"><meta name=robots content="noai">'),
    "link": (HTML, b'<head><link rel="license" href="/l"></head><body><a rel=license href=https://x.test/>x</a>'),
    "data": (HTML, b'<script type="application/ld+json">{"@type": "Article", "isAccessibleForFree": false}</script>'),
    "login": (HTML, b"<title>Log in</title><form><input type=password></form>"),
    "password": (HTML, b"<input type=password><p>" + b"much to read " * 200),
    "challenge": (HTML, b"<title>Just a moment...</title>"),
    "no challenge": (HTML, b"<title>Just a moment...</title>" + b"".join(b"<a href=/%d>x</a>" % n for n in range(20))),
    "refresh": (HTML, b'<base href="/deep/"><meta http-equiv=refresh content="0; url=../login">'),
    "too deep": (HTML, b"<div>" * 400 + b"<meta name=robots content=noai>"),
    "media": (b"application/pdf", PDF),
    "empty": (HTML, b""),
    "other": (b"application/octet-stream", b"\x00\x01"),
}


@pytest.mark.parametrize("name", BODIES)
def test_kept_carriers_say_what_the_body_said(name: str) -> None:
    """Carriers, barrier and refusal are the same, through JSON and back, without the body."""
    content_type, body = BODIES[name]
    url = parse("https://a.test/page")
    head = Head(
        url=url,
        status=200,
        fields=[(b"Content-Type", content_type)],
        digest=sha256(b"h"),
        retrieved_at=NOW,
    )
    before = see_head(head, chain=(), redirects=5)
    seen = see_body(before, head, body, as_sent=body, limits=policy().limits)
    kept = json.loads(json.dumps(carriers_to_json(seen.page, seen.media, body)))
    again = see_carriers(before, head, carriers_from_json(kept), sha256(body))
    assert (again.carriers, again.barrier, again.refusal) == (seen.carriers, seen.barrier, seen.refusal)
    assert again.media == seen.media


def test_everything_embedded_comes_back() -> None:
    """Every field, octets included."""
    source = Source(url=CanonicalUrl("https://a.test/x"), digest=sha256(b""), retrieved_at=NOW)
    one = Property(namespace="n", name="m", value="v", packet=0, line=1, is_certain=True)
    embedded = Embedded(
        properties=(one,), package=b"\x00\xff", documents=(b"\xfe<a/>",), store=ManifestStore(report="{}"),
        problems=(Problem(line=None, text="odd"),), why_unread="malformed",
    )  # fmt: skip
    kept = carriers_to_json(None, MediaFile(source=source, content_type="image/x", embedded=embedded), b"")
    assert carriers_from_json(json.loads(json.dumps(kept))) == KeptCarriers(content_type="image/x", embedded=embedded)


@pytest.mark.parametrize(
    "kept",
    [
        [{}],
        [{"element": "meta", "index": 0}],
        [{"element": "page"}],
        [{"element": "media", "content_type": "x", "embedded": {}}],
        [None],
        [{"element": "media", "content_type": "x", "embedded": None}],
    ],
)
def test_anything_else_is_no_evidence(kept: list[dict[str, object]]) -> None:
    """What was not written so is refused, never taken for silence."""
    with pytest.raises(ValueError, match="not the carriers"):
        carriers_from_json(kept)


def test_nothing_was_read() -> None:
    """Where the head decided, there is nothing to read again."""
    assert carriers_to_json(None, None, b"") == []
    assert carriers_from_json([]) == KeptCarriers()
    seen = Seen()
    head = Head(url=parse("https://a.test/"), status=403, fields=[], digest=sha256(b""), retrieved_at=NOW)
    assert see_carriers(seen, head, KeptCarriers(), sha256(b"")) is seen
