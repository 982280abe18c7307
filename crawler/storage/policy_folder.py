"""Opens all of ``policies/`` for documents: the TOML files, the text blocks, the templates. Bytes alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawler.errors import UsageError
from crawler.policy.texts import ENDING, FOLDER
from crawler.storage.policies import policy_files
from crawler.values.digest import sha256
from crawler.values.strict_toml import FILE_LIMIT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from crawler.values.digest import Digest

TEMPLATES = "templates"
TEMPLATE_ENDING = ".j2"


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyFolder:
    """Everything that a document is made from, by path inside of the folder."""

    settings: Mapping[str, bytes]
    """``*.toml``."""
    texts: Mapping[str, bytes]
    """``texts/*.md``."""
    templates: Mapping[str, bytes]
    """``templates/*.j2``."""

    @property
    def files(self) -> dict[str, bytes]:
        """All of them."""
        return {**self.settings, **self.texts, **self.templates}

    @property
    def digest(self) -> Digest:
        """Of what ``sha256sum`` prints for all files in the order of their paths."""
        lines = [f"{sha256(self.files[name]).removeprefix('sha256:')}  {name}\n" for name in sorted(self.files)]
        return sha256("".join(lines).encode())


def read_folder(folder: Path) -> PolicyFolder:
    """Raise UsageError where the folder or a file of it cannot be read."""
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder; name one that holds policies, or make one with clearcrawl init")
    return PolicyFolder(
        settings=policy_files(folder),
        texts=_below(folder, FOLDER, ENDING),
        templates=_below(folder, TEMPLATES, TEMPLATE_ENDING),
    )


def _below(folder: Path, name: str, ending: str) -> dict[str, bytes]:
    found = {}
    for path in sorted((folder / name).glob(f"*{ending}")):
        if not path.is_file() or path.name.startswith("."):
            continue
        try:
            with path.open("rb") as file:
                content = file.read(FILE_LIMIT + 1)
        except OSError as error:
            raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
        if len(content) > FILE_LIMIT:
            raise UsageError(f"{path}: is longer than {FILE_LIMIT} octets")
        found[f"{name}/{path.name}"] = content
    return found
