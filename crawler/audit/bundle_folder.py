"""A bundle as a new folder: its files, their digests, and the script by which a stranger checks it without our code.

What is in a bundle and what its own part of the script looks at is the business of each kind.
"""

from __future__ import annotations

from contextlib import suppress
from importlib.resources import files
from typing import TYPE_CHECKING

from crawler.errors import StorageError, UsageError
from crawler.values.digest import sha256

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

DIGESTS = "manifest-sha256.txt"
SCRIPT = "check.sh"


def script(package: str) -> bytes:
    """``check.sh``: what is the same for all kinds, then the part of the kind, which lies below its package."""
    parts = (("crawler.audit", "common.sh"), (package, SCRIPT))
    return b"".join(files(room).joinpath(f"bundle/{name}").read_bytes() for room, name in parts)


def write_folder(out: Path, contents: Mapping[str, bytes], *, mode: int = 0o777) -> None:
    """All files of a new folder, and their digests; what was begun is removed where it fails.

    Raises UsageError where ``out`` will not do, StorageError where writing fails.
    """
    try:
        out.mkdir(parents=True, mode=mode)
    except FileExistsError:
        raise UsageError(f"{out}: is there already; name a new folder for the bundle") from None
    except OSError as error:
        raise UsageError(f"{out}: cannot be made ({error.strerror})") from error
    lines = []
    try:
        for name, data in sorted(contents.items()):
            path = out / name
            path.parent.mkdir(exist_ok=True, mode=mode)
            path.write_bytes(data)
            lines.append(f"{sha256(data).removeprefix('sha256:')}  {name}\n")
        (out / DIGESTS).write_text("".join(lines), encoding="utf-8")
    except OSError as error:
        with suppress(OSError):
            for path in sorted(out.rglob("*"), reverse=True):
                path.rmdir() if path.is_dir() else path.unlink()
        raise StorageError(f"{out}: cannot be written ({error.strerror})") from error
