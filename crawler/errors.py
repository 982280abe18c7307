"""Every exception that clearcrawl raises on purpose.

ClearcrawlError
 ├── UsageError              wrong argument or refused start: exit 2
 │    ├── DocumentError      a policy, catalog or list file of ours is wrong; carries all mistakes at once
 │    └── SettingsError      a Scrapy setting weakens what must always hold
 ├── DocumentRefusedError    a document would say what the crawls do not bear out: exit 1
 ├── FolderInUseError        another run holds the output folder: exit 4
 ├── DamagedStateError       state on disk fails its checks and is never repaired in silence: exit 5
 ├── StorageError            writing failed; the crawl stops: exit 5
 ├── SignerError             no signature, or none that fits: the crawl goes on unsigned
 └── UrlError                a text that is no URL we would ask for; carries the reason code
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence


class ExitCode(IntEnum):
    """What every command answers to the shell (docs/commands.md lists them)."""

    CLEAN = 0
    FINDINGS = 1
    MISUSE = 2
    INCOMPLETE = 3
    IN_USE = 4
    DAMAGED = 5


class ClearcrawlError(Exception):
    """Base of the tree; ``exit_code`` is what the command line answers."""

    exit_code: ClassVar[ExitCode] = ExitCode.DAMAGED


class UsageError(ClearcrawlError):
    """The start is refused: what is wrong, where, and what to do, in one message."""

    exit_code = ExitCode.MISUSE


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """One thing that is wrong in a file of ours."""

    file: str
    key: str
    """Dotted path as the file spells it, ``""`` where the whole file is meant."""
    line: int | None
    """Counted from 1; ``None`` where the key is missing from the file altogether."""
    problem: str
    """What is wrong and what to write instead."""

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.key}: {self.problem}" if self.key else f"{place}: {self.problem}"


class DocumentError(UsageError):
    """A file that legal or the operator wrote is wrong; every mistake of it is in ``mistakes``."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(str(mistake) for mistake in self.mistakes))


class SettingsError(UsageError):
    """A setting of the project switches off what must always hold."""


class DocumentRefusedError(ClearcrawlError):
    """What a document would say, and what crawls show, are two things; the message names both."""

    exit_code = ExitCode.FINDINGS


class FolderInUseError(ClearcrawlError):
    """Another run holds the lock of this output folder."""

    exit_code = ExitCode.IN_USE


class DamagedStateError(ClearcrawlError):
    """State on disk is cut, changed, or of another format version; the message names the file."""


class StorageError(ClearcrawlError):
    """A write, fsync, rename or commit failed; nothing is committed after it."""


class SignerError(ClearcrawlError):
    """Whoever signs or stamps gave nothing that fits; the message says who and what is wrong."""

    exit_code = ExitCode.INCOMPLETE


class UrlError(ClearcrawlError):
    """A text is not a URL that may be asked for."""

    exit_code = ExitCode.MISUSE

    def __init__(self, reason: str, message: str) -> None:
        self.reason = reason
        """A code of ``policy.reasons``, e.g. ``scheme_refused``."""
        super().__init__(message)
