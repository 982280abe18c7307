"""The one way from facts to HTML, Markdown and other text (R7.2): Jinja2, escaping on, undefined names are errors.

Text of strangers is only ever a value, never a template. Every page carries a policy that lets nothing load or run.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from crawler import __version__
from crawler.values.amounts import octets
from crawler.values.printable import for_csv, for_markdown, for_terminal

if TYPE_CHECKING:
    from crawler.reports.interface import Facts, Report

_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)\.\d{6}Z")
escapes = select_autoescape(default=True, disabled_extensions=("md.j2", "txt.j2"))
"""Whether the output of a template is escaped as HTML, by its name."""
NOTHING = "\u2013"
"""What a table shows for null."""
CONTENT_SECURITY_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def render_html(report: Report, facts: Facts) -> str:
    """One self-contained page for screen and print. The same facts give the same octets."""
    template = environment().get_template(report.template)
    return template.render(report=report, facts=facts.body, digest=facts.digest, view=report.view(facts)) + "\n"


@cache
def environment() -> Environment:
    """Templates of this room, with one filter for each kind of output that text of strangers may go to.

    Markdown and plain text are not escaped as HTML: their templates use the filters ``md`` and ``shown``.
    """
    made = Environment(
        loader=PackageLoader("crawler.reports"),
        autoescape=escapes,  # noqa: S701 - select_autoescape, below
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    furnish(made)
    return made


def furnish(made: Environment) -> None:
    """Give an environment the names and filters that all templates have."""
    made.globals.update(csp=CONTENT_SECURITY_POLICY, version=__version__)
    made.filters.update(
        shown=for_terminal, csv=for_csv, md=for_markdown, count=count, octets=octets, share=share, cell=cell, href=href
    )


def count(value: float | None) -> str:
    """A number for people, thousands apart."""
    if value is None:
        return NOTHING
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.3f}".rstrip("0").rstrip(".")


def share(value: float | None) -> str:
    """A part of 1 in percent."""
    return NOTHING if value is None else f"{value * 100:.1f} %"


def cell(value: Any, column: str = "") -> str:
    """A JSON value as a table shows it; its column's name tells octets and shares from counts. Times to the second."""
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        if "bytes" in column:
            return octets(int(value))
        return share(value) if column == "share" else count(value)
    match = _MOMENT.fullmatch(str(value))
    return f"{match[1]} {match[2]} UTC" if match is not None else for_terminal(str(value))


def href(url: str) -> str | None:
    """The URL where a link may lead there: http and https alone."""
    return url if url.startswith(("http://", "https://")) else None
