"""What the fields of a document are answered from: people's files, the crawls' figures, the domain list, a day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawler.reports.training.answer import GIVEN, yes_no
from crawler.reports.training.evidence import OWN

if TYPE_CHECKING:
    from datetime import date

    from crawler.policy.profiles import ModelProfile, Provider
    from crawler.reports.training.answer import Answer
    from crawler.reports.training.domains import DomainList
    from crawler.reports.training.evidence import Evidence
    from crawler.reports.training.field_map import FieldMap
    from crawler.storage.profiles import Profiles

SHARE = 0.03
"""Above it a public dataset is a large one, by modality."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Everything that is known when a document is made; nothing is asked later."""

    form: FieldMap
    profiles: Profiles
    evidence: Evidence
    domains: DomainList
    files: tuple[tuple[str, str, int], ...] | None
    """Files of the domain list beside the document: name, digest, octets; ``None`` where no document is written."""
    today: date

    @property
    def provider(self) -> Provider:
        """``provider.toml``."""
        return self.profiles.provider

    @property
    def model(self) -> ModelProfile:
        """``model.toml``."""
        return self.profiles.model

    def month(self, *origins: str) -> str | None:
        """``MM/YYYY`` of the last kept page."""
        found = [row["last_kept"] for row in self.evidence.kept(*origins) if row["last_kept"]]
        return month_of(max(found)) if found else None

    @property
    def is_only_crawled(self) -> bool:
        """Whether people say that nothing but crawls was trained on."""
        model = self.model
        return not self.evidence.kept(*_OTHERS) and all(
            said is False
            for said in (
                model.public_datasets.used, model.licensed.used, model.third_party.used, model.other_sources.used,
                model.user_data.interactions, model.user_data.other_services, model.synthetic.used,
            )
        )  # fmt: skip

    def used(self, said: bool | None, *origins: str) -> Answer:
        """Yes or no of a person, against what the manifests hold of these origins."""
        pages = sum(row["pages"] for row in self.evidence.kept(*origins))
        if not pages:
            return yes_no(said)
        told = f"The manifests hold {pages:,} kept rows of the origin {' or '.join(origins)}."
        problems = (f"The profile says no, although {told[0].lower()}{told[1:]}",) if said is False else ()
        status = GIVEN if said else "measured"
        return yes_no(True, status=status, text=(told,), queries=("summary-sizes",), problems=problems)


_OTHERS = ("public_dataset", "licensed", "private_third_party", "user", "synthetic", "other")


def month_of(moment: str) -> str:
    """``MM/YYYY`` of a time or day of ISO 8601."""
    return f"{moment[5:7]}/{moment[:4]}"


def later_month(*months: str | None) -> str | None:
    """The latest of several ``MM/YYYY``."""
    return max((one for one in months if one), key=lambda one: (one[3:], one[:2]), default=None)


def in_all(context: Context, column: str, *origins: str) -> int:
    """Sum of a column of ``summary-sizes``."""
    return sum(row[column] for row in context.evidence.kept(*(origins or OWN)))
