"""Puts the demo's policies and blocklists into folders, as legal would have filled in what was shipped."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from crawler.demo.legal import MODEL, PROVIDER, approve_drafts
from crawler.demo.policy import crawl_policy, local_blocklist
from crawler.policy.profile_reading import MODEL as MODEL_FILE
from crawler.policy.profile_reading import PROVIDER as PROVIDER_FILE
from crawler.policy.reading import CRAWL_POLICY
from crawler.policy.texts import FOLDER as TEXTS
from crawler.storage.shipped import shipped

if TYPE_CHECKING:
    from pathlib import Path


def write_folders(root: Path) -> tuple[Path, Path]:
    """Make ``policies`` and ``blocklists`` below ``root``: as shipped, but for the demo's own files."""
    policies, blocklists = root / "policies", root / "blocklists"
    shutil.copytree(shipped("policies"), policies, ignore=shutil.ignore_patterns("__pycache__", "archive"))
    (policies / CRAWL_POLICY).write_text(crawl_policy(), encoding="utf-8")
    (policies / PROVIDER_FILE).write_text(PROVIDER, encoding="utf-8")
    (policies / MODEL_FILE).write_text(MODEL, encoding="utf-8")
    approve_drafts(policies / TEXTS)
    shutil.copytree(shipped("blocklists"), blocklists, ignore=shutil.ignore_patterns("__pycache__"))
    (blocklists / "local.txt").write_text(local_blocklist(), encoding="utf-8")
    return policies, blocklists
