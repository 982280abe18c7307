"""The robots.txt files of ``../shared/data``, as bytes."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def robots_files(path: Path) -> Iterator[tuple[str, bytes]]:
    """Host and body of each row, in the order of the file."""
    with pa.input_stream(str(path), compression="zstd") as stream:
        for line in stream.read().splitlines():
            row = json.loads(line)
            body = base64.b64decode(row["body_b64"]) if "body_b64" in row else row["body"].encode()
            yield row["host"], body
