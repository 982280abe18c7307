"""From folders of crawls and people's files to a context and the list's files; refuses what does not hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, cast

from crawler.audit.database import Database
from crawler.audit.verifying import verify
from crawler.errors import ClearcrawlError, ExitCode
from crawler.reports.training.context import Context
from crawler.reports.training.domains import Hashing, list_domains
from crawler.reports.training.evidence import gather
from crawler.reports.training.field_map import field_map
from crawler.storage.writing import replacing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from pathlib import Path

    from crawler.audit.verifying import Verification
    from crawler.provenance.trust import Trust
    from crawler.reports.training.domains import DomainList
    from crawler.storage.profiles import Profiles

MEMORY = "700MB"
KINDS = ("csv", "json", "parquet")


class UnverifiedError(ClearcrawlError):
    """A crawl does not hold, or whether it does cannot be decided."""

    def __init__(self, message: str, code: ExitCode) -> None:
        super().__init__(message)
        self.exit_code = code  # type: ignore[misc] # the instance knows better than its class


def verified(
    folders: Sequence[Path], trust: Trust, *, is_trust_given: bool, is_unverified: bool
) -> dict[Path, Verification | None]:
    """Verify every crawl; raise UnverifiedError where one does not hold, unless nobody asked whether it does."""
    if is_unverified:
        return dict.fromkeys(folders)
    found = {folder: verify(folder, trust, is_trust_given=is_trust_given) for folder in folders}
    for folder, one in found.items():
        if one.code is not ExitCode.CLEAN:
            why = str(one.findings[0]) if one.findings else one.undecided[0]
            more = f" (and {one.count - 1} more)" if one.count > 1 else ""
            message = (
                f"{folder}: {'does not hold' if one.findings else 'cannot be verified'}: {why}{more}\n"
                f"See: clearcrawl audit verify {folder}. With --unverified every page says that it was not verified."
            )
            raise UnverifiedError(message, one.code)
    return dict(found)


def make(
    checked: dict[Path, Verification | None], profiles: Profiles, *, basis: str, today: date, output: Path | None
) -> Context:
    """Ask everything, and write the files of the domain list beside ``output``. Raises as ``Database`` does."""
    with Database.open(list(checked), memory=MEMORY) as database:
        evidence = gather(database, checked)
        domains = list_domains(database, is_sme=profiles.provider.is_sme is True, basis=basis)
    files = None if output is None else _write(output, domains, list(checked))
    return Context(form=field_map(), profiles=profiles, evidence=evidence, domains=domains, files=files, today=today)


def _write(output: Path, domains: DomainList, outside: Sequence[Path]) -> tuple[tuple[str, str, int], ...]:
    files = []
    for kind in KINDS:
        path = output.with_name(f"{output.stem}.domains.{kind}")
        with replacing(path, outside=outside) as file:
            hashing = Hashing(file)
            domains.write(kind, cast("BinaryIO", hashing))
        files.append((path.name, hashing.digest, hashing.size))
    return tuple(files)
