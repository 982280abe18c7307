"""What is wrong or open in the text blocks and templates of a folder of policies, for ``policy lint``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.policy.linting import ERROR, NOTE, Remark
from crawler.policy.texts import ENDING, FOLDER
from crawler.reports.copyright_policy.inputs import read_texts
from crawler.reports.copyright_policy.obligations import chapter
from crawler.reports.copyright_policy.rendering import template_mistakes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawler.storage.policy_folder import PolicyFolder


def lint_documents(folder: PolicyFolder) -> Iterator[Remark]:
    """Mistakes are errors; a text that is missing, or that nobody approved, is an open question."""
    texts, mistakes = read_texts(folder)
    for one in (*mistakes, *template_mistakes(folder.templates)):
        yield Remark(level=ERROR, file=one.file, key=one.key, line=one.line, problem=one.problem)
    for obligation in chapter().obligations:
        name, text = f"{FOLDER}/{obligation.id}{ENDING}", texts.get(obligation.id)
        if text is not None and text.missing:
            key, problem = ", ".join(text.missing), "not filled in: a draft answers nothing"
        elif text is None and obligation.needs_text and name not in folder.texts:
            key, problem = "", "is not there"
        else:
            continue
        told = f"{problem}; needed for {obligation.id}"
        yield Remark(level=NOTE, file=name, key=key, line=None, problem=told, needed_for=obligation.id)
