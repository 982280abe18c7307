"""Reads C2PA manifest stores with ``c2pa-python`` (the extra ``media``), with its network switched off.

The library fetches remote manifests, OCSP answers and identity documents by itself unless it is told not to: that would
be requests past the gate. What a report means is not judged here.
"""

from __future__ import annotations

import json
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING, Any

from crawler.optout.media.embedded import ManifestStore, no_manifest_store_reader

if TYPE_CHECKING:
    from types import ModuleType

SETTINGS = {
    "core": {"allowed_network_hosts": []},
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
}
"""As the library reads them."""


def read_manifest_store(body: bytes, content_type: str) -> ManifestStore:
    """Report the manifest store that is in these octets, valid or not; the port that the readers of media files name.

    Never raises: without the extra the store is unread (``no_reader_installed``), as is one that cannot be read.
    """
    library = _library()
    if library is None:
        return no_manifest_store_reader(body, content_type)
    try:
        with library.Reader(content_type, BytesIO(body), context=_context()) as reader:
            return ManifestStore(report=reader.json())
    except Exception as error:  # noqa: BLE001 - recorded as unread; a failure is never permission
        return ManifestStore(report=None, why="unreadable", detail=f"{type(error).__name__}: {error}"[:200])


@cache
def _library() -> ModuleType | None:
    try:
        import c2pa  # noqa: PLC0415 - 55 MB that few installs bring, loaded when the first store is met
    except ImportError:
        return None
    module: ModuleType = c2pa
    return module


@cache
def _context() -> Any:
    library = _library()
    assert library is not None  # noqa: S101 - asked before
    return library.Context(library.Settings.from_json(json.dumps(SETTINGS)))
