"""What the tests of the add-on share."""

from __future__ import annotations

from tests.integration.conftest import lab, web

__all__ = ["lab", "web"]  # fixtures
