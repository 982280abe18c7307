"""Amounts of the form: tokens, images, hours by modality; from columns, else by a stated factor, else unknown.

Also the rule of the large public datasets: more than 3 % of all public data of a modality.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crawler.reports.training.context import SHARE
from crawler.reports.training.evidence import form_modality
from crawler.values.amounts import octets

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from crawler.policy.profiles import Dataset, Factor
    from crawler.reports.training.field_map import Ranges

_SECONDS = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """An amount in the unit of its modality; ``amount`` is ``None`` where nothing tells it, ``how`` then says why."""

    amount: float | None
    unit: str
    how: str


def measured(
    rows: Sequence[Mapping[str, Any]], modality: str, ranges: Mapping[str, Ranges], factors: Iterable[Factor]
) -> Size:
    """Size of kept rows of one box of the form."""
    own = [row for row in rows if form_modality(row["modality"]) == modality]
    pages, retained = sum(row["pages"] for row in own), sum(row["bytes_retained"] for row in own)
    unit = ranges[modality].unit if modality in ranges else "octets"
    if modality == "other":
        return Size(amount=retained, unit=unit, how=f"octets of {pages:,} kept bodies")
    column = _by_column(own, modality, pages)
    if column is not None:
        return Size(amount=column[0], unit=unit, how=column[1])
    factor = next((one for one in factors if one.modality == modality), None)
    if factor is None:
        why = f"{octets(retained)} in {pages:,} kept bodies; no column of the manifest counts {unit}"
        return Size(amount=None, unit=unit, how=f"{why}, and model.toml states no [[factor]] for {modality}")
    if factor.unit != unit:
        why = f"the [[factor]] for {modality} in model.toml is in {factor.unit}, the form asks for {unit}"
        return Size(amount=None, unit=unit, how=why)
    how = f"{octets(retained)} of kept bodies at {factor.bytes_each:g} octets each (stated factor: {factor.basis})"
    return Size(amount=retained / factor.bytes_each, unit=unit, how=how)


def _by_column(rows: Sequence[Mapping[str, Any]], modality: str, pages: int) -> tuple[float, str] | None:
    """Amount and source where every kept row is counted; a count of some of them is no size."""
    if modality == "text" and pages and sum(row["with_tokens"] for row in rows) == pages:
        tokenizers = sorted({name for row in rows for name in row["tokenizers"] or ()})
        if len(tokenizers) == 1:
            return sum(row["tokens"] for row in rows), f"column tokens, tokenizer {tokenizers[0]}"
    if modality == "image" and pages:
        return pages, "kept image files"
    if modality in {"audio", "video"} and pages and sum(row["with_duration"] for row in rows) == pages:
        return sum(row["duration_s"] for row in rows) / _SECONDS, "column duration_s"
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """A public dataset and its weight among all of a modality."""

    dataset: Dataset
    modality: str
    size: float | None
    share: float | None
    """At most this, since unknown sizes can only make it smaller; ``None`` where its own size is unknown."""

    @property
    def is_large(self) -> bool:
        """More than 3 %; what cannot be weighed is listed as if it were."""
        return self.share is None or self.share > SHARE


def weigh(datasets: Sequence[Dataset], sizes: Mapping[tuple[str, str], float]) -> list[Weighed]:
    """Every dataset in every modality it holds; ``sizes`` are measured ones by ``dataset_id`` and modality."""
    found = []
    for modality in sorted({name for one in datasets for name in one.modalities}):
        own = [(one, _size_of(one, modality, sizes)) for one in datasets if modality in one.modalities]
        total = sum(size for _, size in own if size is not None)
        for dataset, size in own:
            share = None if size is None or not total else size / total
            found.append(Weighed(dataset=dataset, modality=modality, size=size, share=share))
    return found


def _size_of(dataset: Dataset, modality: str, sizes: Mapping[tuple[str, str], float]) -> float | None:
    """A size that is written for several modalities at once is none for one of them."""
    if dataset.size is not None and len(dataset.modalities) == 1:
        return dataset.size
    return sizes.get((dataset.dataset_id, modality))


def amount_text(amount: float, unit: str) -> str:
    """For people: about so many."""
    return f"{amount:,.0f} {unit}" if amount >= 10 or float(amount).is_integer() else f"{amount:.2g} {unit}"  # noqa: PLR2004 - two digits
