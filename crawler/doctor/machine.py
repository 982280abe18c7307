"""Disk, clock, open files, trust store and resolver of this machine, without a single packet."""

from __future__ import annotations

import os
import resource
import shutil
import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.doctor.findings import Finding, State
from crawler.storage.space import free_space
from crawler.values.amounts import octets

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from crawler.policy.document import Limits

FEWEST_FILES, ENOUGH_FILES = 256, 1024
"""Descriptors: for the 64 requests under way that a crawl sends by default, and for many more."""
_RESOLVER = Path("/etc/resolv.conf")
_SYNCHRONISED = Path("/run/systemd/timesync/synchronized")


def machine(folder: Path, limits: Limits | None, *, newest: date | None) -> Iterator[Finding]:
    """Look at the machine. ``newest``: day of the newest file that came with the program; the clock is later."""
    yield _disk(folder, limits)
    yield _writable(folder)
    yield _clock(newest)
    yield _files()
    yield _trust()
    yield _resolver()


def _disk(folder: Path, limits: Limits | None) -> Finding:
    try:
        if limits is None:
            return Finding(part="disk", state=State.FINE, told=f"{octets(shutil.disk_usage(folder).free)} free")
        space = free_space(folder, octets=limits.free_space_bytes, share=limits.free_space_share)
    except OSError as error:
        return Finding(part="disk", state=State.PROBLEM, told=f"{folder}: {error.strerror}", advice="name a folder")
    told = f"{octets(space.free)} free at {folder}; a crawl stops below {octets(space.reserve)}"
    if space.is_low:
        advice = "make room, or choose another disk; [limits] free_space_bytes is the reserve"
        return Finding(part="disk", state=State.PROBLEM, told=told, advice=advice)
    if space.free < 3 * space.reserve:
        return Finding(part="disk", state=State.WARNING, told=told, advice="make room before a long crawl")
    return Finding(part="disk", state=State.FINE, told=told)


def _writable(folder: Path) -> Finding:
    if os.access(folder, os.W_OK | os.X_OK):
        return Finding(part="folder", state=State.FINE, told=f"{folder} can be written")
    return Finding(
        part="folder", state=State.WARNING, told=f"{folder} cannot be written", advice="crawl with -o elsewhere"
    )


def _clock(newest: date | None) -> Finding:
    now = datetime.now(UTC)
    told = f"{now:%Y-%m-%d %H:%M:%S} UTC"
    if newest is not None and now.date() < newest:
        told += f", before {newest}, when this program's suffix list was made"
        return Finding(
            part="clock", state=State.PROBLEM, told=told, advice="set the clock: rows and signatures carry it"
        )
    if _SYNCHRONISED.exists():
        return Finding(part="clock", state=State.FINE, told=f"{told}, set by NTP")
    advice = "--online compares it with your own site; run an NTP client"
    return Finding(part="clock", state=State.UNKNOWN, told=f"{told}; whether it is right was not asked", advice=advice)


def _files() -> Finding:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    told = f"{soft} may be open at once" if soft != resource.RLIM_INFINITY else "no limit"
    many = hard if hard != resource.RLIM_INFINITY else ENOUGH_FILES * 4
    advice = f"raise it: ulimit -n {min(max(ENOUGH_FILES * 4, soft), many)}"
    if soft == resource.RLIM_INFINITY or soft >= ENOUGH_FILES:
        return Finding(part="open files", state=State.FINE, told=told)
    state = State.PROBLEM if soft < FEWEST_FILES else State.WARNING
    return Finding(part="open files", state=state, told=told, advice=advice)


def _trust() -> Finding:
    paths = ssl.get_default_verify_paths()
    loaded = ssl.create_default_context().cert_store_stats()["x509_ca"]
    folder = Path(paths.capath) if paths.capath else None
    in_folder = sum(1 for _ in folder.iterdir()) if folder is not None and folder.is_dir() else 0
    if loaded or in_folder:
        told = f"{max(loaded, in_folder)} certificates at {paths.cafile or paths.capath}; {ssl.OPENSSL_VERSION}"
        return Finding(part="trust store", state=State.FINE, told=told)
    advice = "install the system's CA certificates (Debian: apt install ca-certificates); without them no https page"
    return Finding(part="trust store", state=State.PROBLEM, told="no CA certificate was found", advice=advice)


def _resolver() -> Finding:
    try:
        lines = _RESOLVER.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        told = f"{_RESOLVER}: {error.strerror}"
        return Finding(part="resolver", state=State.WARNING, told=told, advice="name a resolver there")
    servers = [line.split()[1] for line in lines if line.startswith("nameserver") and len(line.split()) > 1]
    if not servers:
        told = f"{_RESOLVER} names no server"
        return Finding(part="resolver", state=State.WARNING, told=told, advice="name one, or nothing can be looked up")
    return Finding(part="resolver", state=State.FINE, told=f"{', '.join(servers[:4])}; --online asks it")
