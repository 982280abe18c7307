"""What is handed over when nobody writes any more: the signed list of all files, and the bag around them.

Files that were hashed when they were closed are not read again; the journal has their digests.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from crawler.errors import SignerError
from crawler.provenance.checkpoint import hash_base64
from crawler.provenance.statement import make_envelope, make_statement, manifest_text, signed_octets
from crawler.storage.layout import (
    ATTESTATIONS,
    BAG_FILES,
    BAG_README,
    BLOCKLISTS,
    CHECKPOINTS,
    POLICIES,
    STATE,
    TEMPORARY_SUFFIX,
    WARC,
    checkpoint_name,
    envelope_name,
)

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping, Sequence

    from crawler.storage.layout import Folder
    from crawler.storage.notary import Head, Sealer

_README = b"""The evidence of this crawl lies in the folders beside this one, where every tool looks for it.
manifest-sha256.txt lists all of it: sha256sum -c manifest-sha256.txt
"""
_BAGIT = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
_CHUNK = 1 << 20
_NAMED_BY_DIGEST = (POLICIES, BLOCKLISTS)
_PREFIX = "sha256-"


def withdraw_bag(root: Folder) -> None:
    """Take the bag away before anything is written: half a crawl is no hand-over. Raises OSError."""
    for name in reversed(BAG_FILES):
        with suppress(FileNotFoundError):
            root.remove(name)
    root.sync()


def put_envelope(
    root: Folder, journals: Sequence[sqlite3.Connection], sealer: Sealer, head: Head, *, worker: str,
    predicate: Mapping[str, Any],
) -> str | None:  # fmt: skip
    """Sign the list of all files as they are now; answer why there is none, else ``None``. Raises OSError.

    ``worker``: whose head it is. ``journals``: of all workers, for what they know of files.
    """
    name = envelope_name(worker, head.number)
    files = digests(root, journals)
    files.pop(f"{ATTESTATIONS}/{name}", None)
    checkpoint = head.checkpoint
    told = {
        "name": f"{CHECKPOINTS}/{checkpoint_name(worker, head.number)}", "size": checkpoint.size,
        "root": hash_base64(checkpoint.root), "sha256": hashlib.sha256(head.note).hexdigest(),
    }  # fmt: skip
    payload = make_statement(files, {**predicate, "origin": checkpoint.origin, "checkpoint": told})
    try:
        signature = sealer.sign(signed_octets(payload))
    except SignerError as error:
        return str(error)
    with root.sub(ATTESTATIONS) as folder:
        folder.write(name, make_envelope(payload, sealer.key, signature))
    return None


def put_bag(root: Folder, journals: Sequence[sqlite3.Connection], info: Mapping[str, str]) -> None:
    """Write the bag's files, the last one last. Raises OSError."""
    readme = PurePosixPath(BAG_README)
    with root.sub(str(readme.parent)) as data:
        data.write(readme.name, _README)
    files = {**digests(root, journals), BAG_README: hashlib.sha256(_README).hexdigest()}
    lines = "".join(f"{name}: {' '.join(value.split())}\n" for name, value in info.items())
    tags = {"bagit.txt": _BAGIT, "bag-info.txt": lines.encode(), "manifest-sha256.txt": manifest_text(files)}
    for name, octets in tags.items():
        root.write(name, octets)
    digest = {name: hashlib.sha256(octets).hexdigest() for name, octets in tags.items()}
    root.write(BAG_FILES[-1], manifest_text(digest))


def digests(root: Folder, journals: Sequence[sqlite3.Connection]) -> dict[str, str]:
    """Path to hexadecimal SHA-256 of every file that is evidence."""
    known: dict[str, str] = {}
    for journal in journals:
        known |= _known(journal)
    return {path: known.get(path) or _digest(root.path / path) for path in evidence_files(root.path)}


def evidence_files(root: Path) -> Iterator[str]:
    """Paths below a crawl's folder of all files that statement and bag cover, in no order."""
    for place, folders, names in os.walk(root):
        below = PurePosixPath(Path(place).relative_to(root).as_posix())
        if not below.parts:
            folders[:] = [name for name in folders if name not in {STATE, PurePosixPath(BAG_README).parts[0]}]
        for name in names:
            if not name.endswith(TEMPORARY_SUFFIX) and not (not below.parts and name in BAG_FILES):
                yield str(below / name)


def _known(journal: sqlite3.Connection) -> dict[str, str]:
    run = journal.execute
    found = {f"{WARC}/{name}": digest for name, digest in run("SELECT name, sha256 FROM files WHERE closed")}
    found |= {
        f"{where}/{name}": digest for where, name, digest in run("SELECT folder, name, sha256 FROM segment_files")
    }
    return {name: digest.removeprefix("sha256:") for name, digest in found.items()}


def _digest(path: Path) -> str:
    if path.parent.name in _NAMED_BY_DIGEST and path.name.startswith(_PREFIX):
        return path.name.removeprefix(_PREFIX)  # written under the digest of its octets
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while octets := file.read(_CHUNK):
            digest.update(octets)
    return digest.hexdigest()
