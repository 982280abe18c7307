"""The real websites of the optional data as hosts of a ``ScriptedWeb``, under their own names and on its port.

Absolute references of a site to itself lead to the test's port; nothing else of a file is changed. Validators are
answered with 304.
"""

from __future__ import annotations

import mimetypes
import re
import sys
import tarfile
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from tests.servers.replies import Reply, redirect, text
from tests.shared import shared_path

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tests.servers.replies import Request
    from tests.servers.web import ScriptedWeb

STARTS = {
    "debian-handbook.info": "/browse/en-US/index.html",
    "financeratecalc.com": "/",
    "httpd.apache.org": "/docs/2.4/en/",
    "lockandgo.sk": "/",
}
"""Hosts, each with a page from which the others are linked."""

_TEXTS = (".html", ".txt", ".xml", ".json", ".webmanifest")


def unpack(host: str, into: Path) -> Path:
    """Unpack a site; answer its web root. Skips the test where the data is not there."""
    archive = shared_path(f"data/sites/{host}.tar.zst")
    with zstd.open(archive, "rb") as opened, tarfile.open(fileobj=opened, mode="r|") as files:
        files.extractall(into, filter="data")
    return into / host


def serve(web: ScriptedWeb, roots: Iterable[Path]) -> None:
    """Put unpacked sites on a running web."""
    for root in roots:
        web.host(root.name, StaticSite(root=root, port=web.port))


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticSite:
    """A plain static file server: ``/dir/`` answers ``dir/index.html``, ``/dir`` redirects there."""

    root: Path
    """Its last part is the host."""
    port: int

    def __call__(self, request: Request) -> Reply:
        """Answer a request."""
        path = request.path
        parts = [part for part in path.split("/") if part]
        file = self.root.joinpath(*parts) if ".." not in parts else self.root / "nowhere"
        if file.is_dir():
            if not path.endswith("/"):
                return redirect(path + "/", 301)
            file /= "index.html"
        if not file.is_file():
            return text("not found", status=404)
        body = self.content(file)
        tag = f'"{sha256(body).hexdigest()[:16]}"'
        if request.header("if-none-match") == tag:
            return Reply(status=304, headers=(("ETag", tag),))
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        return Reply(headers=(("Content-Type", kind), ("ETag", tag)), body=body)

    def content(self, file: Path) -> bytes:
        """Octets of a file as served."""
        body = file.read_bytes()
        if file.suffix not in _TEXTS:
            return body
        own = rb"(?:https?:)?//" + re.escape(self.root.name.encode()) + rb"(?![\w.:-])"
        return re.sub(own, f"http://{self.root.name}:{self.port}".encode(), body)
