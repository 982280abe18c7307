"""All reports; each is one module, one template and one line here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.reports.audit import AuditReport
from crawler.reports.sample import SampleSheet

if TYPE_CHECKING:
    from crawler.reports.interface import Report

REPORTS: tuple[Report, ...] = (AuditReport(), SampleSheet())
