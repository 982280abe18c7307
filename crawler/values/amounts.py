"""Amounts written for people: octets, durations, and how many of something."""

from __future__ import annotations

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")
_BASE = 1024


def octets(count: int) -> str:
    """Octets in powers of 1,024: ``13 B``, ``4.2 MiB``; everything beyond is counted in TiB."""
    size, power = float(count), 0
    while size >= _BASE and power < len(_UNITS) - 1:
        size /= _BASE
        power += 1
    return f"{size:.1f} {_UNITS[power]}" if power else f"{count} B"


def duration(seconds: float) -> str:
    """Seconds as a clock shows them: ``0:07``, ``1:02:03``."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def counted(number: int, noun: str) -> str:
    """How many of what a regular noun names: ``1 page``, ``0 pages``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
