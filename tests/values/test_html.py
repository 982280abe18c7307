"""One pass over a page finds what a user agent without scripting would find."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.values.html import HtmlLimits, refresh_target, scan
from crawler.values.html_text import LEFT_OUT, visible_text

HTML = "text/html; charset=utf-8"


def test_real_elements_only() -> None:
    """Comments, scripts, text fields and templates hold text; noscript holds elements."""
    page = scan(
        b"<!-- <meta name=c> --><script>'<meta name=s>'</script><template><meta name=t><a href=t></template>"
        b"<textarea><meta name=ta></textarea><title><meta name=ti></title><noscript><meta name=n></noscript>"
        b"<style><meta name=st></style><body><meta name=body>",
        content_type=HTML,
    )
    assert [meta.name for meta in page.metas] == ["n", "body"]
    assert page.hyperlinks == ()


def test_meta_names_and_values() -> None:
    """Attribute names compare without case, the first of two counts, references are decoded, quotes may be missing."""
    page = scan(
        b"<META NAME=' Robots ' name=other CONTENT='a&amp;b &#x6e;oai' /><meta content=x property=OG:Title>"
        b"<meta http-equiv=Refresh content=5><meta name='' content=y><meta content>",
        content_type=HTML,
    )
    assert [(one.name, one.attribute, one.content, one.index) for one in page.metas] == [
        ("robots", "name", "a&b noai", 0),
        ("og:title", "property", "x", 1),
        ("refresh", "http-equiv", "5", 2),
        ("", "", "y", 3),
        ("", "", "", 4),
    ]
    assert page.metas[0].markup == '<meta name=" Robots " content="a&b noai">'
    assert page.metas[4].markup == "<meta content>"


def test_links_title_language_base() -> None:
    """Links keep their tokens, the title is folded, the first base with a target and the root's language count."""
    page = scan(
        b"<html lang=' de '><title> a\n b </title><base target=x src=y><base href=' /b/ '><base href=/c/>"
        b"<link rel='License  CANONICAL' type='Application/RSL+xml; v=1' href=' l ' hreflang=en>"
        b"<link rel=canonical href=z>"
        b"<a rel=license href=m>x</a><area rel href=n><link rel=icon>",
        content_type=HTML,
    )
    assert (page.lang, page.title, page.base, page.canonical) == ("de", "a b", "/b/", "l")
    assert [(one.tag, one.rel, one.href, one.type, one.hreflang, one.index) for one in page.links] == [
        ("link", ("license", "canonical"), "l", "application/rsl+xml", "en", 0),
        ("link", ("canonical",), "z", "", None, 1),
        ("a", ("license",), "m", "", None, 2),
    ]
    assert page.hyperlinks == ("m", "n")


def test_empty_page() -> None:
    """Nothing at all is a page without anything."""
    page = scan(b"", content_type=None)
    assert (page.lang, page.title, page.base, page.metas, page.is_truncated, page.charset) == (
        None,
        "",
        None,
        (),
        False,
        "utf-8",
    )


def test_title_of_a_drawing() -> None:
    """The title of an inline drawing is not the page's."""
    page = scan(b"<body><svg><title>drawing</title></svg><title>page</title><title>second</title>", content_type=HTML)
    assert page.title == "page"


def test_hyperlinks_frames_images() -> None:
    """References keep their order, lose outer blanks, and come once; a missing href is none, an empty one is one."""
    page = scan(
        b"<a name=x><a src=y><a href=' /a '><area href=/b><a href=/a><a href>"
        b"<iframe src=/f></iframe><iframe src></iframe>"
        b"<img src=/i srcset='/i2 2x, /i3'><picture><source srcset='/s, /t'></picture><img srcset=''><embed src=/e>"
        b"<img src=/i><iframe src=/f></iframe>",
        content_type=HTML,
    )
    assert page.hyperlinks == ("/a", "/b", "")
    assert page.frames == ("/f",)
    assert page.images == ("/i", "/i2", "/s")


def test_data_blocks_and_password() -> None:
    """Data blocks are kept by their type, programs are not; a password field is seen in any case."""
    page = scan(
        b"<script type='Application/LD+json; x'>{\"a\": 1}</script><script>var a</script><input type=text><input>"
        b"<script type=application/rsl+xml><rsl/></script><input type=' PassWord '>",
        content_type=HTML,
    )
    assert [(one.type, one.text, one.index) for one in page.scripts] == [
        ("application/ld+json", '{"a": 1}', 0),
        ("application/rsl+xml", "<rsl/>", 1),
    ]
    assert page.has_password_field
    assert not scan(b"<input type=text>", content_type=HTML).has_password_field


def test_refresh_outside_noscript() -> None:
    """Only the first refresh that leads somewhere and does not stand in noscript counts."""
    page = scan(
        b"<noscript><meta http-equiv=refresh content='0;url=/no'></noscript><meta http-equiv=refresh content=30>"
        b"<meta http-equiv=' REFRESH ' content='0;url=/yes'><meta http-equiv=refresh content='0;url=/late'>",
        content_type=HTML,
    )
    assert page.refresh == "/yes"


@pytest.mark.parametrize(
    ("content", "target"),
    [
        ("0;url=/a", "/a"),
        (" 5 ; URL = '/a b' rest", "/a b"),
        ('0,url="/a', "/a"),
        ("0 /a", "/a"),
        ("0; url=", None),
        ("0;", None),
        ("5", None),
        (".5;/a", "/a"),
        ("5.5.5;/a", "/a"),
        ("x;url=/a", None),
        ("0;url", "url"),
        ("", None),
    ],
)
def test_refresh_values(content: str, target: str | None) -> None:
    """As HTML's shared declarative refresh steps read them."""
    assert refresh_target(content) == target


@pytest.mark.parametrize(
    ("body", "content_type", "charset", "title"),
    [
        ("<title>ä".encode(), None, "utf-8", "ä"),
        ("<title>ä".encode("latin-1"), "text/html; charset=ISO-8859-1", "cp1252", "ä"),
        ("<meta charset=windows-1251><title>ж".encode("cp1251"), None, "cp1251", "ж"),
        ("<meta charset=windows-1251><title>ж".encode("cp1251"), "text/html", "cp1251", "ж"),
        ("\ufeff<meta charset=windows-1251><title>ж".encode(), "text/html; charset=big5", "utf-8", "ж"),
        ("\ufeff<title>ж".encode("utf-16-le"), None, "utf-16-le", "ж"),
        ("<title>ж".encode("utf-16-le"), "text/html; charset=utf-16", "utf-16", "ж"),
        (b"<meta charset=utf-16><title>a", None, "utf-8", "a"),
        (b"<title>\xff", None, "utf-8", "\ufffd"),
        (b"<title>a\\x3c", "text/html; charset=unicode_escape", "utf-8", "a\\x3c"),
        (b"<title>a", "text/html; charset=rot13", "utf-8", "a"),
        (b"<meta charset=punycode><title>a", None, "utf-8", "a"),
    ],
)
def test_encodings(body: bytes, content_type: str | None, charset: str, title: str) -> None:
    """Byte order mark, then header, then markup, then UTF-8; only encodings that pages may have."""
    page = scan(body, content_type=content_type)
    assert (page.charset, page.title) == (charset, title)


@pytest.mark.parametrize(
    ("body", "has_text"),
    [
        (b"<p>caf\xc3\xa9<script>x</script><nav>n</nav> b", True),
        (b"<meta charset=windows-1252><p>caf\xe9", False),
        (b"\xef\xbb\xbf<p>a", False),
        (b"", False),
        (b"<p>" + b"<a href=1>x" * 9, True),
        (b"<p>" + b"<meta name=a>" * 9, False),
    ],
)
def test_text_of_the_same_tree(body: bytes, has_text: bool) -> None:
    """The text comes with the page where it is wanted and the same octets would be parsed again for it."""
    limits = HtmlLimits(links=4, elements=4)
    page = scan(body, content_type=None, limits=limits, keeps_text=True)
    assert page.text == (visible_text(body, page.charset) if has_text else None)
    assert scan(body, content_type=None, limits=limits) == replace(page, text=None)


def test_limits() -> None:
    """What goes over a limit is left out, and the page says so; more links than the limit are only noted."""
    limits = HtmlLimits(body_bytes=1000, links=2, elements=1)
    page = scan(b"<a href=1><a href=2><a href=2><a href=3><img src=1>", content_type=HTML, limits=limits)
    assert (page.hyperlinks, page.has_more_links, page.is_truncated) == (("1", "2"), True, False)
    for twice in (b"<meta name=a>", b"<link rel=a href=b>", b"<script type=application/ld+json></script>"):
        page = scan(twice * 2, content_type=HTML, limits=limits)
        assert page.is_truncated
        assert len(page.metas) + len(page.links) + len(page.scripts) == 1
    long = scan(b"<meta name=a>" + b" " * 1000 + b"<title>late", content_type=HTML, limits=limits)
    assert (len(long.metas), long.title, long.is_truncated) == (1, "", True)


def test_too_deep() -> None:
    """What stands before the first element that is too deep is read, and the page is marked."""
    page = scan(b"<meta name=robots content=noai>" + b"<div>" * 1_000_000, content_type=HTML)
    assert page.is_truncated
    assert page.metas[0].content == "noai"
    assert not scan(b"<div>" * 256 + b"</div>" * 256, content_type=HTML).is_truncated
    assert scan(b"<div>" * 257 + b"</div>" * 257, content_type=HTML).is_truncated


@given(st.binary(), st.none() | st.text())
def test_any_bytes_give_a_page(body: bytes, content_type: str | None) -> None:
    """Nothing raises, whatever is sent and however it is labelled."""
    assert scan(body, content_type=content_type).charset


PIECES = [
    "<a href=x",
    ">",
    '"',
    "'",
    "<!--",
    "-->",
    "<svg>",
    "</svg>",
    "<template>",
    "</a>",
    "<b x=1>",
    "&#0;",
    "<meta",
    " ",
    "name=robots",
    "<table>",
    "</",
    "\x00",
    "ä",
]


@given(st.lists(st.sampled_from(PIECES)))
def test_any_markup_gives_a_page(pieces: list[str]) -> None:
    """Nor does any sequence of broken markup."""
    page = scan("".join(pieces).encode(), content_type=HTML)
    assert len(set(page.hyperlinks)) == len(page.hyperlinks)


ELEMENTS = (*LEFT_OUT, "p", "div", "a", "b", "math", "table", "td", "option", "title", "mi", "foreignObject")
TAGS = [form % name for name in ELEMENTS for form in ("<%s>", "<%s>", "</%s>")]


@given(st.lists(st.sampled_from([*TAGS, "x ", "y", "<!--c-->", "\u00e9"])))
def test_the_text_is_the_same_however_it_is_taken(pieces: list[str]) -> None:
    """Also where what is left out stands within one another."""
    body = "".join(pieces).encode()
    page = scan(body, content_type=HTML, keeps_text=True)
    assert page.text in {None, visible_text(body, page.charset)}
    assert (page.text is None) == (not body or page.is_truncated)
