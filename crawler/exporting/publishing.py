"""The files beside the parts of an export; all are made of its summary."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crawler.exporting.job import ExportJob
    from crawler.exporting.summary import ExportSummary


def write_results(job: ExportJob, summary: ExportSummary) -> None:
    """Put them in place, each complete. Raises StorageError."""
    job.put("export.json", summary.as_file())
