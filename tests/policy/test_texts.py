"""Text blocks: front matter and paragraphs, never mark-up; every mistake with its line."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from crawler.policy.texts import LIMIT, Paragraph, paragraphs, read_text

GOOD = """+++
owner = "Legal"
approved_by = "Board"
date = 2026-11-23
public = true
lang = "de"
+++

Erste Zeile
geht weiter.

- eins
-  zwei

"""


def test_block() -> None:
    """Owner, approval, day, language, and paragraphs whose line breaks mean nothing."""
    block, mistakes = read_text("texts/1.1-a.md", GOOD.replace("\n", "\r\n").encode())
    assert mistakes == ()
    assert (block.owner, block.approved_by, block.since) == ("Legal", "Board", date(2026, 11, 23))
    assert (block.is_public, block.lang, block.missing) == (True, "de", ())
    assert block.paragraphs == (
        Paragraph(is_list=False, lines=("Erste Zeile geht weiter.",)),
        Paragraph(is_list=True, lines=("eins", "zwei")),
    )


def test_draft_is_nobodys_answer() -> None:
    """Every key that makes a text count is named while it is open; private unless it says otherwise."""
    block, mistakes = read_text("texts/x.md", b'+++\nowner = " "\n+++\n\n')
    assert mistakes == ()
    assert block.missing == ("owner", "approved_by", "date", "text")
    assert not block.is_public


def test_mistakes() -> None:
    """Lines count as in the file; a missing fence, other encodings and control characters are said."""
    _, mistakes = read_text("t", b'+++\nowner = "a"\nowned = 1\nlang = "x y"\n+++\ntext')
    assert [(one.line, one.key) for one in mistakes] == [(4, "lang"), (3, "owned")]
    for content, words in (
        (b"only text", "does not begin with"),
        (b"+++\nowner = 1\n", "does not begin with"),
        (b"\xff", "not UTF-8"),
        (b"+++\n+++\na\x1b[31mb", "control characters"),
        ("+++\n+++\na\u202eb".encode(), "control characters"),
        (b"+++\n+++\n" + b"a" * (LIMIT + 1), "more than"),
        (b"+++\nowner = \n+++\ntext", "is not TOML"),
    ):
        block, mistakes = read_text("t", content)
        assert any(words in one.problem for one in mistakes), content
        assert "\x1b" not in str(block.paragraphs)


def test_letters_of_all_scripts() -> None:
    """Joiners that Persian and Hindi need are letters here."""
    block, mistakes = read_text("t", "+++\n+++\n\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645".encode())
    assert mistakes == ()
    assert "\u200c" in block.paragraphs[0].lines[0]


@given(st.text())
def test_paragraphs_keep_every_word(text: str) -> None:
    """Splitting loses no word but the dashes of lists."""
    told = " ".join(line for part in paragraphs(text) for line in part.lines)
    assert set(told.split()) <= set(text.split()) | {word.removeprefix("- ") for word in text.split()}
    assert all(part.lines for part in paragraphs(text))


@given(st.binary())
def test_any_octets(content: bytes) -> None:
    """Never an exception."""
    read_text("t", content)
