"""Counts the tokens of a text with the tokenizer that the policy names, where the extra ``tokens`` is installed.

A tokenizer is a JSON file of the library ``tokenizers``; it is read from disk, and nothing is ever fetched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from crawler.errors import UsageError
from crawler.values.digest import sha256

if TYPE_CHECKING:
    from pathlib import Path

LARGEST: Final = 64 * 1024 * 1024
"""Octets of a tokenizer's file at most."""
_KEY = "[facts] tokenizer"


class Tokenizer:
    """One tokenizer; ``identity`` is the name of its file without the ending, and the digest of its octets."""

    def __init__(self, identity: str, encode: Any) -> None:
        """Use ``open_tokenizer``."""
        self.identity = identity
        self._encode = encode

    def count(self, text: str) -> int:
        """Number of tokens, without those that mark beginning and end."""
        return len(self._encode(text, add_special_tokens=False))


def open_tokenizer(file: str, folder: Path) -> Tokenizer | None:
    """Open the file that the policy names, as seen from its folder; ``None`` where it names none.

    Raises UsageError for a file that cannot be read or is no tokenizer, and without the extra.
    """
    if not file:
        return None
    path = folder / file
    try:
        with path.open("rb") as opened:
            content = opened.read(LARGEST + 1)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror}); {_KEY} of the policy names it") from error
    if len(content) > LARGEST:
        raise UsageError(f"{path}: longer than {LARGEST} octets; {_KEY} of the policy names it")
    try:
        from tokenizers import Tokenizer as Made  # noqa: PLC0415 - an extra
    except ImportError:
        raise UsageError(f"{_KEY} of the policy needs the extra `tokens`: pip install 'clearcrawl[tokens]'") from None
    try:
        made = Made.from_buffer(content)
    except Exception as error:  # the library raises bare Exception
        raise UsageError(f"{path}: no tokenizer ({error}); {_KEY} names a tokenizer.json") from error
    made.no_truncation()
    made.no_padding()
    return Tokenizer(f"{path.stem} {sha256(content)}", made.encode)
