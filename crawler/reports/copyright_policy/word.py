"""The policy as DOCX: the same parts as the training summary, with a body of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.reports.rendering import cell
from crawler.reports.training.docx import PARTS, package

if TYPE_CHECKING:
    from crawler.reports.interface import Facts, Report

_PARTS = {**PARTS, "word/document.xml": "docx/policy.xml.j2", "word/footer1.xml": "docx/policy-footer.xml.j2"}


def render_word(report: Report, facts: Facts, *, dated: str) -> bytes:
    """Octets of the package; marks stand in the header of every page."""
    body = facts.body
    notices = ["TEST: test hosts were allowed; this proves nothing about the web."] if body["is_test"] else []
    if body["is_unverified"]:
        notices.append("UNVERIFIED: the manifest of a crawl fails its verification. Figures are not proved.")
    head = {
        "title": report.title,
        "subtitle": body["chapter"]["title"],
        "provider": body["provider"]["name"],
        "notices": notices,
        "date": dated,
    }
    return package(_PARTS, facts=head, body=body, digest=facts.digest, links={}, cell=cell)
