"""A folder of policies with somebody in it, and the command that publishes."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

from tests.demo_run import clearcrawl
from tests.shared import ROOT

if TYPE_CHECKING:
    from pathlib import Path

FILLED = {
    "crawl-policy.toml": {
        'operator = ""': 'operator = "Example Models GmbH"',
        'contact = ""': 'contact = "https://bot.example.org/"',
        'product_token = ""': 'product_token = "ExampleBot"',
        'site = ""': 'site = "../site"',
        'address = ""': 'address = "https://bot.example.org/"',
        "ip_ranges = []": 'ip_ranges = ["192.0.2.0/28", "2001:db8::/56"]',
        "reverse_dns = []": 'reverse_dns = ["crawl.example.org"]',
        'signature_agent = ""': 'signature_agent = "https://bot.example.org"',
    },
    "provider.toml": {'[rightsholders]\ncontact = ""': '[rightsholders]\ncontact = "mailto:rights@example.org"'},
}


def make_policies(folder: Path) -> Path:
    """A copy of what is shipped, with an operator."""
    policies = folder / "policies"
    shutil.copytree(ROOT / "policies", policies)
    for name, changes in FILLED.items():
        for before, after in changes.items():
            edit(policies / name, before, after)
    return policies


def edit(path: Path, before: str, after: str) -> None:
    """Change one place of a file."""
    text = path.read_text("utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), "utf-8")


def publish(policies: Path, *arguments: str) -> dict[str, Any]:
    """Publish, and what ``--json`` said."""
    done = clearcrawl("publish", *arguments, "--policies", str(policies), "--json")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found
