"""Tokens are counted with the file that the policy names, and with no other; what is no tokenizer refuses the start."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import pytest

from crawler.errors import UsageError
from crawler.tokenizers import open_tokenizer

if TYPE_CHECKING:
    from pathlib import Path

WORDS = {"[UNK]": 0, "one": 1, "two": 2}
TINY = {
    "version": "1.0", "added_tokens": [], "normalizer": {"type": "Lowercase"}, "decoder": None,
    "truncation": {"direction": "Right", "max_length": 2, "strategy": "LongestFirst", "stride": 0}, "padding": None,
    "pre_tokenizer": {"type": "Whitespace"}, "post_processor": None,
    "model": {"type": "WordLevel", "vocab": WORDS, "unk_token": "[UNK]"},
}  # fmt: skip


def tiny(folder: Path) -> str:
    """Write a tokenizer that counts words and cuts after two; answer its identity."""
    content = json.dumps(TINY).encode()
    (folder / "tiny.json").write_bytes(content)
    return f"tiny sha256:{hashlib.sha256(content).hexdigest()}"


def test_all_tokens_are_counted(tmp_path: Path) -> None:
    """Whatever the file says of truncation; the identity holds name and digest."""
    identity = tiny(tmp_path)
    found = open_tokenizer("tiny.json", tmp_path)
    assert found is not None
    assert (found.identity, found.count("One two three, four"), found.count("")) == (identity, 5, 0)
    assert open_tokenizer("", tmp_path) is None


@pytest.mark.parametrize("content", [None, b"", b"{}", b"[1", bytes(range(256))])
def test_what_is_no_tokenizer_is_refused(tmp_path: Path, content: bytes | None) -> None:
    """One message with the path and the key of the policy."""
    if content is not None:
        (tmp_path / "x.json").write_bytes(content)
    with pytest.raises(UsageError, match=r"x\.json: .*\[facts\] tokenizer"):
        open_tokenizer("x.json", tmp_path)
