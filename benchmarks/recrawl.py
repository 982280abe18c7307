"""What a second crawl with ``--previous`` transfers of the four real sites: octets, requests, seconds, by ``change``.

The sites are optional data beside the repository (``../shared/data/sites``); nothing of them changes in between, and
they answer 304. python benchmarks/recrawl.py
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.integration.findings import crawl_file, rows_of
from tests.integration.lab import Lab
from tests.servers.real_sites import STARTS, serve, unpack
from tests.servers.web import ScriptedWeb


def crawl(lab: Lab, out: Path, *arguments: str) -> dict[str, object]:
    """Crawl to the end; answer the numbers."""
    started = time.monotonic()
    ended = lab.crawl(*arguments, out=out, timeout=900)
    if ended.code:
        raise SystemExit(ended.text)
    counts = crawl_file(out)["counts"]
    names = ("pages_kept", "bytes_fetched", "bytes_retained", *(name for name in counts if name.startswith("change_")))
    unchanged = [row["bytes_fetched"] for row in rows_of(out) if row["change"] == "unchanged"]
    return {
        "seconds": round(time.monotonic() - started, 1),
        **{name: counts[name] for name in names},
        "bytes_fetched_of_unchanged_pages": sum(unchanged),
    }


def main() -> int:
    """Print one JSON object; exit status 1 where the body of an unchanged page came again."""
    with tempfile.TemporaryDirectory() as made, ScriptedWeb() as web:
        folder = Path(made)
        serve(web, [unpack(host, folder) for host in STARTS])
        lab = Lab(folder / "lab")
        try:
            lab.policy(
                network__test_hosts=dict.fromkeys(STARTS, "127.0.0.1"),
                conditional={"met": ["attribution", "contract"]},
                limits={"wait_at_end": 12.0},
            )
            first, second = lab.folder / "first", lab.folder / "second"
            found = {"first": crawl(lab, first, *(web.url(host, path) for host, path in STARTS.items()))}
            found["second"] = crawl(lab, second, "--previous", str(first))
        finally:
            lab.close()
    sys.stdout.write(json.dumps(found, indent=2) + "\n")
    return 1 if found["second"]["bytes_fetched_of_unchanged_pages"] else 0


if __name__ == "__main__":
    sys.exit(main())
