"""Real files with embedded metadata, from the optional data beside the repository; skips where they are absent."""

from __future__ import annotations

import tarfile
from functools import cache
from io import BytesIO

import pyarrow as pa

from tests.shared import shared_path


@cache
def media_files() -> dict[str, bytes]:
    """Path within the archive to octets."""
    with pa.input_stream(str(shared_path("data/media/media.tar.zst")), compression="zstd") as stream:
        archive = tarfile.open(fileobj=BytesIO(stream.read()))  # noqa: SIM115 - closed with the octets it reads
    found = ((member.name, archive.extractfile(member)) for member in archive.getmembers())
    return {name: file.read() for name, file in found if file is not None}
