"""Text blocks ``texts/ID.md``: what a person says to one obligation, with who answers for it. Nothing is mark-up.

Between two lines ``+++`` stand the owner, who approved the text and from when it holds (TOML); then paragraphs, and
lists whose lines begin with ``- ``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawler.values.printable import for_terminal
from crawler.values.strict_toml import Source

if TYPE_CHECKING:
    from datetime import date

    from crawler.errors import Mistake

FOLDER = "texts"
ENDING = ".md"
LIMIT = 20_000
"""Characters of one block."""

_FENCE = "+++"
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """A paragraph of one line, or the items of a list."""

    is_list: bool
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TextBlock:
    """One file, as far as it could be read."""

    name: str
    """``texts/1.1-a.md``."""
    owner: str
    approved_by: str
    since: date | None
    """Key ``date``: from when the text holds."""
    is_public: bool
    """Whether it stands in the public summary as well."""
    lang: str
    """BCP 47."""
    paragraphs: tuple[Paragraph, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """What keeps the text from counting: a draft is nobody's answer."""
        wanted = {"owner": self.owner, "approved_by": self.approved_by, "date": self.since, "text": self.paragraphs}
        return tuple(key for key, value in wanted.items() if not value)


def read_text(name: str, content: bytes) -> tuple[TextBlock, tuple[Mistake, ...]]:
    """Read one block; ``name`` is its path inside of ``policies/``. Everything that is wrong comes beside it."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        text = ""
        source = Source(name, content)  # says so
    else:
        front, body = _split(text)
        source = Source(name, f"\n{front or ''}".encode())  # lines count as in the file
        if front is None:
            source.mistake(
                (), f"does not begin with a line {_FENCE}, the keys owner, approved_by and date, and {_FENCE}"
            )
        text = body
    head = source.root()
    shown = text.replace("\n", " ").replace("\t", " ")
    if len(text) > LIMIT or for_terminal(shown) != shown:
        source.mistake((), f"holds control characters, or more than {LIMIT} characters")
        text = ""
    lang = head.text("lang", "en")
    if not _LANGUAGE.fullmatch(lang):
        head.mistake("lang", f'is {lang!r}; write a language tag, like "de" or "pt-BR"')
        lang = "en"
    block = TextBlock(
        name=name,
        owner=head.text("owner", "").strip(),
        approved_by=head.text("approved_by", "").strip(),
        since=head.day("date"),
        is_public=head.flag("public", default=False),
        lang=lang,
        paragraphs=paragraphs(text),
    )
    head.finish()
    return block, tuple(source.mistakes)


def paragraphs(text: str) -> tuple[Paragraph, ...]:
    """Blank lines part paragraphs; where every line of one begins with ``- ``, each is an item."""
    found = []
    for part in re.split(r"\n[ \t]*\n", text):
        lines = [" ".join(line.split()) for line in part.split("\n") if line.strip()]
        if lines and all(line.startswith("- ") for line in lines):
            found.append(Paragraph(is_list=True, lines=tuple(line[2:].strip() for line in lines)))
        elif lines:
            found.append(Paragraph(is_list=False, lines=(" ".join(lines),)))
    return tuple(found)


def _split(text: str) -> tuple[str | None, str]:
    """Front matter and body; no front matter where a fence is missing."""
    lines = text.replace("\r\n", "\n").split("\n")
    if lines[0].rstrip() != _FENCE:
        return None, text
    for at, line in enumerate(lines[1:], start=1):
        if line.rstrip() == _FENCE:
            return "\n".join(lines[1:at]), "\n".join(lines[at + 1 :])
    return None, text
