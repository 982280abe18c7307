"""Opens ``provider.toml``, ``model.toml`` and ``retention.toml`` of a folder of policies, for documents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawler.errors import DocumentError, UsageError
from crawler.policy.profile_reading import MODEL, PROFILES, PROVIDER, RETENTION, model, provider, retention
from crawler.values.strict_toml import FILE_LIMIT, Source

if TYPE_CHECKING:
    from pathlib import Path

    from crawler.policy.profiles import ModelProfile, Provider, Retention


@dataclass(frozen=True, slots=True, kw_only=True)
class Profiles:
    """What people said; where a file is missing, nobody said anything."""

    folder: Path
    provider: Provider
    model: ModelProfile
    retention: Retention
    missing: tuple[str, ...]
    """Files that are not there."""


def open_profiles(folder: Path) -> Profiles:
    """Read the three files. Raises UsageError where the folder is none, DocumentError with all mistakes."""
    if not folder.is_dir():
        raise UsageError(
            f"{folder}: no such folder; name one that holds {', '.join(PROFILES)}, or run: clearcrawl init"
        )
    sources, missing = {}, []
    for name in PROFILES:
        try:
            with (folder / name).open("rb") as file:
                content = file.read(FILE_LIMIT + 1)
        except FileNotFoundError:
            content = b""
            missing.append(name)
        except OSError as error:
            raise UsageError(f"{folder / name}: cannot be read ({error.strerror})") from error
        sources[name] = Source(name, content)
    found = Profiles(
        folder=folder,
        provider=provider(sources[PROVIDER].root()),
        model=model(sources[MODEL].root()),
        retention=retention(sources[RETENTION].root()),
        missing=tuple(missing),
    )
    mistakes = [mistake for source in sources.values() for mistake in source.mistakes]
    if mistakes:
        raise DocumentError(mistakes)
    return found
