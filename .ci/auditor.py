"""Imports the whole audit half where Scrapy and Twisted are not installed, and asks a crawl everything that it can.

python .ci/auditor.py CRAWL
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import pkgutil
import subprocess
import sys
import tempfile
from pathlib import Path

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


COMMANDS = (
    (3, "audit verify {crawl}"),  # nobody vouches for the key
    (0, "audit replay {crawl}"),
    (0, "audit query {crawl} protocols"),
    (0, "audit query {crawl} --sql SELECT+1"),
    (0, "audit report {crawl} -o report.html"),
    (0, "audit sample {crawl} -o sample.csv"),
    (1, "audit explain http://nowhere.test/ --in {crawl}"),
    (0, "export {crawl} -o documents"),
    (0, "export {crawl} -o card --format card"),
    (0, "summary {crawl} -o summary.html --unverified"),
    (0, "summary {crawl} -o summary.docx --unverified"),
    (0, "status {crawl}"),
    (0, "blocklist list"),
    (0, "policy lint"),
    (2, "policy render -o policy.html"),  # the shipped one names nobody
    (2, "crawl http://nowhere.test/ -o crawl"),
    (2, "demo"),
    (2, "export {crawl} -o texts --text"),  # an extra
)
"""Exit status, and words behind ``clearcrawl``; a ``+`` stands for a space inside of one."""


def ask(crawl: Path) -> None:
    """Run the commands; exit with what one of them said where it did not end as it should."""
    program = Path(sys.executable).with_name("clearcrawl")
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "CLEARCRAWL_KEYS": f"{folder}/keys"}  # an auditor has none of the operator's
        for code, text in COMMANDS:
            words = [word.replace("+", " ").format(crawl=crawl.absolute()) for word in text.split()]
            done = subprocess.run([program, *words], cwd=folder, env=environment, capture_output=True, text=True)  # noqa: S603, PLW1510 - ours; looked at below
            said = done.stdout + done.stderr
            if done.returncode != code or "Traceback" in said or "internal error" in said:
                sys.exit(f"clearcrawl {text}: {done.returncode}, not {code}\n{said}")
    print(f"{len(COMMANDS)} commands answered without Scrapy")


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
    ask(Path(sys.argv[1]))


if __name__ == "__main__":
    main()
