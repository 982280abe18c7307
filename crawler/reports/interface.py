"""What a report is: facts as JSON values, and a template that prints them. Printing adds nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from crawler import __version__
from crawler.provenance.leaf import canonical
from crawler.values.digest import sha256

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crawler.values.digest import Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that a document says, as JSON values in the order of reading; the same crawls give the same facts."""

    format: str
    """``clearcrawl-NAME/1``."""
    body: Mapping[str, Any]

    @property
    def digest(self) -> Digest:
        """Of the canonical JSON (RFC 8785) of ``body``: what a printed copy can be compared by."""
        return sha256(canonical(dict(self.body)))

    def as_json(self) -> dict[str, Any]:
        """The document for scripts."""
        return {"format": self.format, "tool": f"clearcrawl {__version__}", "digest": self.digest, **self.body}


class Report:
    """Base of all reports."""

    id: ClassVar[str]
    """File name of its module and template."""
    title: ClassVar[str]

    @property
    def template(self) -> str:
        """Name of the HTML template."""
        return f"{self.id}.html.j2"

    def view(self, facts: Facts) -> dict[str, Any]:  # noqa: ARG002 - nothing by default
        """Further values for the template that follow from the facts, such as the geometry of charts."""
        return {}
