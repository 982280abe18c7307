"""Imports the whole audit half where Scrapy and Twisted are not installed."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import sys

ROOMS = (
    "values",
    "optout",
    "blocklists",
    "policy",
    "provenance",
    "storage",
    "audit",
    "exporting",
    "purging",
    "recheck",
    "reports",
)
SINGLE = (
    "crawler.errors",
    "crawler.fetching",
    "crawler.cli.main",
    "crawler.cli.audit",
    "crawler.cli.explain",
    "crawler.cli.export",
    "crawler.cli.purge",
    "crawler.cli.recheck",
    "crawler.cli.training_summary",
)


def main() -> None:
    """Exit with a message where Scrapy is present, with the import error where a module needs it."""
    present = [name for name in ("scrapy", "twisted") if importlib.util.find_spec(name)]
    if present:
        sys.exit(f"installed, but must not be: {', '.join(present)}")
    names = list(SINGLE)
    for room in ROOMS:
        package = importlib.import_module(f"crawler.{room}")
        names += [found.name for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")]
    for name in names:
        importlib.import_module(name)
    print(f"{len(names)} modules imported without Scrapy")


if __name__ == "__main__":
    main()
