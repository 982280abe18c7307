"""Opens ``policies/``: bytes in; the policy in force and exact copies for the evidence out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawler.errors import DocumentError, Mistake, UsageError
from crawler.policy.reading import CRAWL_POLICY, FILES, missing_identity, read_policy
from crawler.storage.shipped import shipped
from crawler.values.digest import sha256
from crawler.values.strict_toml import FILE_LIMIT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from crawler.policy.document import CrawlPolicy
    from crawler.values.digest import Digest
    from crawler.values.host import Suffixes


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyFile:
    """One file exactly as it was read."""

    name: str
    digest: Digest
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedPolicy:
    """The policy in force and the bytes that made it."""

    policy: CrawlPolicy
    files: tuple[PolicyFile, ...]
    """In the order of the digest; the crawl keeps a copy of each under its digest."""


def shipped_folder() -> Path:
    """Find the ``policies/`` that came with the program, in the wheel or in the checkout."""
    return shipped("policies")


def open_policy(folder: Path, *, tool_version: str, suffixes: Suffixes | None = None) -> OpenedPolicy:
    """Open a folder of policies.

    Raises ``UsageError`` where the folder or a file cannot be read, ``DocumentError`` with all mistakes of all files.
    """
    if not folder.is_dir():
        raise UsageError(
            f"{folder}: no such folder; name one that holds {CRAWL_POLICY}, or make one with clearcrawl init"
        )
    contents = {name: content for name in FILES if (content := _content(folder / name)) is not None}
    if CRAWL_POLICY not in contents:
        missing = Mistake(
            file=str(folder / CRAWL_POLICY),
            key="",
            line=None,
            problem="is missing from the folder; name one that holds it, or make one with clearcrawl init",
        )
        raise DocumentError([missing])
    return open_contents(contents, tool_version=tool_version, suffixes=suffixes)


def policy_files(path: Path) -> dict[str, bytes]:
    """Bytes of all ``*.toml`` of a folder, or of one file, by name; raises ``UsageError`` where they cannot be read."""
    if path.is_dir():
        found = sorted(one for one in path.glob("*.toml") if one.is_file())
    elif path.is_file():
        found = [path]
    else:
        raise UsageError(f"{path}: no such file or folder; make one with clearcrawl init")
    return {one.name: _content(one) or b"" for one in found}


def require_identity(opened: OpenedPolicy, folder: Path) -> None:
    """Raise ``UsageError`` where nobody is named who asks, unless test hosts are what is asked."""
    missing = missing_identity(opened.policy.identity)
    if missing and not opened.policy.network.test_hosts:
        what = f"[identity] {', '.join(missing)} not set: nothing but test hosts may be asked without saying who asks"
        if folder == shipped_folder():
            raise UsageError(
                f"no working copy here, and the policy that comes with the program has {what}. "
                "Make one with: clearcrawl init DIR, and crawl inside it, or name its policies: "
                "--policies DIR/policies, in a Scrapy project CLEARCRAWL_POLICIES"
            )
        raise UsageError(f"{folder / CRAWL_POLICY}: {what}. Fill them in, or run: clearcrawl init DIR")


def open_contents(
    contents: Mapping[str, bytes], *, tool_version: str, suffixes: Suffixes | None = None
) -> OpenedPolicy:
    """Make the same of bytes that were kept, e.g. in a finished crawl; ``contents`` goes by file name."""
    policy = read_policy(contents, tool_version=tool_version, suffixes=suffixes)
    files = tuple(
        PolicyFile(name=name, digest=sha256(contents[name]), content=contents[name])
        for name in FILES
        if name in contents
    )
    return OpenedPolicy(policy=policy, files=files)


def _content(path: Path) -> bytes | None:
    """Read one octet more than is permitted, so that a file that is too long is seen as such."""
    try:
        with path.open("rb") as file:
            return file.read(FILE_LIMIT + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
