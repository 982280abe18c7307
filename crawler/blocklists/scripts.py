"""Labels that mix scripts: the way in which one name is made to look like another."""

from __future__ import annotations

import unicodedata

import idna

_JOINT = (
    frozenset({"LATIN", "CJK", "HIRAGANA", "KATAKANA"}),
    frozenset({"LATIN", "CJK", "HANGUL"}),
    frozenset({"LATIN", "CJK", "BOPOMOFO"}),
)
"""Scripts that are written together (Unicode UTS 39, highly restrictive level)."""


def mixed_scripts(host: str) -> frozenset[str] | None:
    """Scripts of the first label that mixes what nobody writes together; ``None`` where no label does."""
    for label in host.split("."):
        if label.startswith("xn--"):
            scripts = frozenset(_script(char) for char in _unicode(label)) - {""}
            if len(scripts) > 1 and not any(scripts <= joint for joint in _JOINT):
                return scripts
    return None


def _unicode(label: str) -> str:
    try:
        return idna.ulabel(label)
    except (UnicodeError, IndexError):
        return label


def _script(char: str) -> str:
    """First word of the character's name, which is its script for letters; digits and marks have none."""
    return unicodedata.name(char, "").split(" ")[0].split("-")[0] if char.isalpha() else ""
