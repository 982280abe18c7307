"""Digests carry their algorithm: ``sha256:`` and 64 hexadecimal digits, lower case."""

from __future__ import annotations

import hashlib
from typing import NewType

Digest = NewType("Digest", str)
"""``sha256:<64 hex digits>``."""


def sha256(data: bytes) -> Digest:
    """Digest of the bytes."""
    return Digest(f"sha256:{hashlib.sha256(data).hexdigest()}")
