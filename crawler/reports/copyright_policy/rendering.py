"""Facts of the policy to HTML, Markdown, JSON and DOCX, by templates of legal: sandboxed, and checked afterwards.

A template of the operator decides on words and order. It cannot reach the machine, let the page load or run anything,
or lose an obligation.
"""

from __future__ import annotations

import json
from functools import lru_cache
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from jinja2 import ChoiceLoader, DictLoader, PackageLoader, StrictUndefined, TemplateError, TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from crawler.errors import Mistake, UsageError
from crawler.reports.copyright_policy.word import render_word
from crawler.reports.rendering import CONTENT_SECURITY_POLICY, escapes, furnish

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from crawler.reports.interface import Facts, Report

FORMATS = ("html", "md", "json", "docx")
FOLDER = "templates/"
_ELEMENTS = """
html head meta title style body main header footer nav section article aside div span p h1 h2 h3 h4 h5 h6 ul
ol li dl dt dd table caption thead tbody tfoot tr th td colgroup col a b i em strong small abbr code pre
blockquote cite q bdi bdo br hr wbr sub sup details summary figure figcaption time mark svg g rect line
polyline text
"""
_HARMLESS = frozenset(_ELEMENTS.split())
"""Elements that load and run nothing."""


def render(report: Report, facts: Facts, kind: str, *, dated: str, templates: Mapping[str, bytes]) -> bytes:
    """One document. ``templates`` are the operator's, by path inside of the folder of policies.

    Raises UsageError for a template that is wrong, or whose page could run something or lacks an obligation.
    """
    if kind == "json":
        return json.dumps({"dated": dated, **facts.as_json()}, indent=2).encode() + b"\n"
    if kind == "docx":
        return render_word(report, facts, dated=dated)
    name = f"{report.id}.{kind}.j2"
    try:
        page = (
            _environment(tuple(sorted(templates.items())))
            .get_template(name)
            .render(report=report, facts=facts.body, digest=facts.digest, dated=dated)
        )
    except TemplateSyntaxError as error:
        raise UsageError(f"{FOLDER}{error.name or name}:{error.lineno}: {error.message}") from error
    except TemplateError as error:
        raise UsageError(f"{FOLDER}{name}{_line(error)}: {error.message or type(error).__name__}") from error
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, RecursionError) as error:
        raise UsageError(f"{FOLDER}{name}{_line(error)}: {error or type(error).__name__}") from error
    problems = [*_CHECKS[kind](page), *_lost(page, facts, kind)]
    if problems:
        raise UsageError("\n".join(f"{FOLDER}{name}: {one}" for one in problems[:20]))
    return (page.rstrip() + "\n").encode("utf-8", "backslashreplace")


def template_mistakes(templates: Mapping[str, bytes]) -> Iterator[Mistake]:
    """What can be told of templates without facts: encoding and syntax."""
    for path, content in templates.items():
        try:
            _environment(()).parse(content.decode("utf-8"))
        except UnicodeDecodeError:
            yield Mistake(file=path, key="", line=None, problem="is not UTF-8; save the file as UTF-8 text")
        except TemplateSyntaxError as error:
            yield Mistake(file=path, key="", line=error.lineno, problem=f"is no template: {error.message}")


@lru_cache(maxsize=4)
def _environment(templates: tuple[tuple[str, bytes], ...]) -> ImmutableSandboxedEnvironment:
    own = {}
    for path, content in templates:
        try:
            own[path.removeprefix(FOLDER)] = content.decode("utf-8")
        except UnicodeDecodeError as error:
            raise UsageError(f"{path}: is not UTF-8; save the file as UTF-8 text") from error
    made = ImmutableSandboxedEnvironment(
        loader=ChoiceLoader([DictLoader(own), PackageLoader("crawler.reports")]),
        autoescape=escapes,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    furnish(made)
    return made


def _line(error: BaseException) -> str:
    """Line of the template in which an error arose, as its trace tells."""
    trace, line = error.__traceback__, ""
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = f":{trace.tb_lineno}"
        trace = trace.tb_next
    return line


class _Page(HTMLParser):
    """What a page holds that it must not, and what it must."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.problems: list[str] = []
        self.policy: str | None = None
        self.language = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag not in _HARMLESS:
            self.problems.append(f"line {self.getpos()[0]}: the element {tag} does not belong in a document")
        if tag == "html":
            self.language = given.get("lang") or ""
        if tag == "meta" and (given.get("http-equiv") or "").lower() == "content-security-policy":
            self.policy = self.policy or given.get("content")
        elif tag == "meta" and "http-equiv" in given:
            self.problems.append(f"line {self.getpos()[0]}: meta http-equiv is for the security policy alone")
        for key, value in attrs:
            if key.startswith("on") or key in {"src", "srcset", "background", "action", "formaction", "ping"}:
                self.problems.append(f"line {self.getpos()[0]}: the attribute {key} could load or run something")
            if key.endswith("href") and not (value or "").startswith(("#", "https://", "http://", "mailto:")):
                self.problems.append(f"line {self.getpos()[0]}: a link leads to {value!r}")
            if key == "style" and "url(" in (value or "").lower():
                self.problems.append(f"line {self.getpos()[0]}: a style could load something")


def _check_html(page: str) -> list[str]:
    parsed = _Page(page)
    if parsed.policy != CONTENT_SECURITY_POLICY:
        parsed.problems.append('lacks the security policy; begin with {% extends "base.html.j2" %}')
    if not parsed.language:
        parsed.problems.append("html has no lang")
    return parsed.problems


def _check_markdown(page: str) -> list[str]:
    return [
        f"line {at}: HTML does not belong in Markdown"
        for at, line in enumerate(page.split("\n"), 1)
        if "<" in line.replace("\\<", "")
    ]


def _lost(page: str, facts: Facts, kind: str) -> list[str]:
    """Measures and obligations that a template left out."""
    marks = {"html": ('id="m-{}"', 'id="o-{}"'), "md": ("## {} ", "### {} ")}[kind]
    wanted = [
        *(marks[0].format(measure["id"]) for measure in facts.body["measures"]),
        *(marks[1].format(one["id"]) for measure in facts.body["measures"] for one in measure["obligations"]),
    ]
    return [f"leaves out {one}" for one in wanted if one not in page]


_CHECKS: Mapping[str, Callable[[str], list[str]]] = {"html": _check_html, "md": _check_markdown}
