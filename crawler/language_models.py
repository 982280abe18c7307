"""Names the language of a text by a small model, where the extra ``text`` is installed; offline, always the same."""

from __future__ import annotations

from functools import cache
from importlib.metadata import version
from typing import Any, Final

CHARACTERS: Final = 1_000
"""Of a text that the model looks at."""
LEAST_CHARACTERS: Final = 40
"""A shorter text names no language."""
LEAST_SURENESS: Final = 0.9
"""Of the model, 0 to 1; below it the language stays unknown."""


def language_of(text: str) -> tuple[str, str] | None:
    """ISO 639-1 code and method (model and version); ``None`` without the model, for a short text or a doubt.

    Only one thread may ask at a time.
    """
    sample = " ".join(text[: 2 * CHARACTERS].split())[:CHARACTERS]
    model = None if len(sample) < LEAST_CHARACTERS else _model()
    if model is None:
        return None
    identifier, name = model
    language, sureness = identifier.classify(sample)
    return (language, name) if sureness >= LEAST_SURENESS else None


@cache
def _model() -> tuple[Any, str] | None:
    try:
        from py3langid.langid import MODEL_FILE, LanguageIdentifier  # noqa: PLC0415 - an extra; a second to load
    except ImportError:
        return None
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    return identifier, f"model:py3langid/{version('py3langid')}"
