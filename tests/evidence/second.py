"""The second verifier, loaded from its one file as it is shipped."""

from __future__ import annotations

import importlib.util
import sys
from functools import cache
from typing import TYPE_CHECKING

from tests.shared import ROOT

if TYPE_CHECKING:
    from types import ModuleType

FILE = ROOT / "standalone" / "verify_crawl.py"


@cache
def second_verifier() -> ModuleType:
    """Import it."""
    spec = importlib.util.spec_from_file_location("verify_crawl", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["verify_crawl"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module
