"""Puts the demo's policy and blocklists into a folder, in the form in which a crawl is given them."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from crawler.demo.policy import crawl_policy, local_blocklist
from crawler.storage.shipped import shipped

if TYPE_CHECKING:
    from pathlib import Path


def write_folders(root: Path) -> tuple[Path, Path]:
    """Make ``policies`` and ``blocklists`` below ``root``, the latter as shipped but for ``local.txt``."""
    policies, blocklists = root / "policies", root / "blocklists"
    policies.mkdir()
    (policies / "crawl-policy.toml").write_text(crawl_policy(), encoding="utf-8")
    shutil.copytree(shipped("blocklists"), blocklists, ignore=shutil.ignore_patterns("__pycache__"))
    (blocklists / "local.txt").write_text(local_blocklist(), encoding="utf-8")
    return policies, blocklists
