"""The files beside the parts of an export; all are made of its summary."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.exporting.card import render_card
from crawler.exporting.croissant import render_croissant

if TYPE_CHECKING:
    from crawler.exporting.job import ExportJob
    from crawler.exporting.summary import ExportSummary


def write_results(job: ExportJob, summary: ExportSummary) -> None:
    """Put them in place, each complete; ``export.json`` comes last. Raises StorageError."""
    job.put("README.md", render_card(summary))
    job.put("croissant.json", render_croissant(summary, made_at=job.begun_at))
    job.put("export.json", summary.as_file())
