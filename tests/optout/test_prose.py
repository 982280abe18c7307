"""Sentences about mining, its law and the training of AI are found in the languages of the Union, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.optout.prose import MOST, QUOTE, in_comments, in_page, is_about_terms
from crawler.optout.prose_words import AI, HINTS, LAW, MINING, TERMS, TERMS_HINTS, TRAINING

FOUND = [
    ("No text and data mining.", ("mining",)),
    ("TDM is reserved", ("mining",)),
    ("reservation under Article 4(3) of Directive (EU) 2019/790", ("law",)),
    ("Vorbehalten ist Text- und Data-Mining gemäß § 44b UrhG", ("mining", "law")),
    ("KI darf mit unseren Texten nicht trainiert werden", ("ai_training",)),
    ("Toute fouille de textes est interdite, art. L. 122-5-3", ("mining", "law")),
    ("l'entraînement d'une intelligence artificielle", ("ai_training",)),
    ("minería de textos y datos", ("mining",)),
    ("para entrenar modelos de inteligencia artificial", ("ai_training",)),
    ("prospeção de textos e dados", ("mining",)),
    ("estrazione di testo e di dati (art. 70-quater)", ("mining", "law")),
    ("addestramento di sistemi di intelligenza artificiale", ("ai_training",)),
    ("tekst- en datamining, artikel 15o Auteurswet", ("mining", "law")),
    ("text- och datautvinning", ("mining",)),
    ("tekst- og datamining", ("mining",)),
    ("tekstin- ja tiedonlouhinta", ("mining",)),
    ("eksploracja tekstów i danych", ("mining",)),
    ("vytěžování textů a dat", ("mining",)),
    ("szöveg- és adatbányászat", ("mining",)),
    ("εξόρυξη κειμένων και δεδομένων", ("mining",)),
    ("извличане на текст и данни", ("mining",)),
]


@pytest.mark.parametrize(("sentence", "topics"), FOUND)
def test_found(sentence: str, topics: tuple[str, ...]) -> None:
    """Each sentence is quoted whole with its topics, from a comment with its line and from a page."""
    (note,) = in_comments(f"User-agent: *\nDisallow:\n# {sentence}\n")
    assert (note.topics, note.quote, note.line) == (topics, sentence, 3)
    (shown,) = in_page(f"<html><body><script>TDM</script><p>{sentence}</p></body></html>")
    assert (shown.topics, shown.quote, shown.line) == (topics, sentence, None)


@pytest.mark.parametrize(
    "text",
    [
        "# Training for our staff in the air",
        "# We love AI",
        "Disallow: /text-and-data-mining",
        "User-agent: AI2Bot",
        "<html># TDM</html>",
        "# AI" + "x" * 300 + " train",
        f"# we train staff {'x' * 300} with AI",
        "#",
    ],
)
def test_not_found(text: str) -> None:
    """Rules are no prose, and one word alone says nothing."""
    assert in_comments(text) == []


def test_places() -> None:
    """Lines of comment that follow each other are one text; a comment behind a rule stands for itself."""
    notes = in_comments("# We reserve\n# text and data mining\n\nAllow: / # AI training: no\n# TDM\nAllow: /x\n")
    assert [(note.line, note.topics) for note in notes] == [(1, ("mining",)), (4, ("ai_training",)), (5, ("mining",))]
    assert notes[0].quote == "We reserve text and data mining"


def test_a_long_text_is_cut_to_its_sentence() -> None:
    """The quote is the sentence where it is long enough to be understood; else some of what surrounds it."""
    sentence = "The publisher expressly reserves all uses of its contents for text and data mining of any kind."
    page = f"<title>Terms</title><p>{'First. ' * 50}{sentence} Then more. {'Last. ' * 50}</p>"
    (note,) = in_page(page)
    assert note.quote == sentence
    (short,) = in_page(f"<p>{'First. ' * 50}No TDM. {'Last. ' * 50}</p>")
    assert "First. No TDM. Last." in short.quote
    assert len(in_comments("\n".join(f"# TDM {number}\nAllow: /{number}" for number in range(50)))) == MOST
    assert in_page("") == []


def test_terms() -> None:
    """Paths and titles that sound like terms."""
    assert is_about_terms("/de/nutzungsbedingungen", "")
    assert is_about_terms("/x", "Mentions légales")
    assert not is_about_terms("/news/2026", "Weather")


@given(
    st.lists(
        st.one_of(
            st.sampled_from([*TERMS_HINTS, "s", "-", "/", "ions", "reserv", "and", "data", "imprint", "usage", "ai"]),
            st.sampled_from(TERMS.pattern.replace("\\b", "").replace("?", "").split("|")),
            st.text(max_size=3),
        ).flatmap(lambda word: st.sampled_from([word, word.upper(), word.title()])),
        max_size=6,
    )
)
def test_hints_hide_no_word_of_terms(words: list[str]) -> None:
    """What is looked at first decides nothing: the expression alone says what sounds like terms."""
    text = "".join(words)
    assert is_about_terms(text) is (TERMS.search(text) is not None)


@given(st.text(max_size=300), st.sampled_from([sentence for sentence, _ in FOUND]), st.text(max_size=300))
def test_any_text(before: str, sentence: str, after: str) -> None:
    """Whatever stands around it, nothing raises, quotes are short, and the hints miss nothing that is there."""
    text = f"{before}{sentence}{after}"
    for note in (*in_comments(f"#{text}"), *in_page(text)):
        assert 0 < len(note.quote) <= QUOTE
        assert note.topics
    if any(words.search(text) for words in (MINING, LAW, TRAINING)):
        assert any(hint in text.casefold() for hint in HINTS)
    assert AI.search("") is None
