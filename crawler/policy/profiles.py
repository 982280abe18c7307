"""What only the provider can say, as values: ``provider.toml``, ``model.toml``, ``retention.toml``.

The documents are rendered from them (code-of-practice.md, training-summary-template.md); they decide nothing. An answer
that nobody gave is ``""``, ``()`` or ``None`` and stays a gap with a name: unknown is never "no".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A question that a document must answer and that the files leave open."""

    file: str
    key: str
    """Dotted path."""
    needed_for: str
    """Obligation of the Code (``1.1-c``) or field of the template (``summary 1.1``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A body or person that can be reached."""

    name: str
    contact: str
    """``https://`` or ``mailto:``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """``[owner_implementation]``, ``[owner_oversight]``: who is responsible inside the house (1.1-c)."""

    role: str
    contact: str
    since: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rightsholders:
    """``[rightsholders]``: contact point and complaints (Measure 1.5)."""

    contact: str
    form: str
    languages: tuple[str, ...]
    acknowledge_days: int | None
    decide_days: int | None
    """Own targets; the Code names no number of days."""
    remind_days: int | None
    """Before a target, ``complaints list --due`` names the case."""
    mechanism: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicPages:
    """``[pages]``: where the public documents stand."""

    policy_summary: str
    crawler: str
    feed: str
    complaints: str
    training_summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """``[outputs]``: Measure 1.4, on the side of the model."""

    safeguards: str
    acceptable_use: str
    open_source_notice: str
    scope: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """``provider.toml``."""

    name: str
    contact: str
    address: str
    website: str
    established_in_eu: bool | None
    representative: Contact
    is_sme: bool | None
    sme_basis: str
    is_signatory: bool | None
    signed_on: date | None
    implementation: Owner
    oversight: Owner
    rightsholders: Rightsholders
    pages: PublicPages
    outputs: Outputs
    runs_search_engine: bool | None
    search_engine: str
    """How a training reservation leaves indexing alone (1.3-j)."""
    third_party_data: str
    """How data that others crawled is checked (1.3-e)."""
    standards: str
    """Part taken in the work on protocols (1.3-f)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """``[[size]]`` of a modality: the overall training data, after pre-processing and before training."""

    modality: str
    amount: int | None
    unit: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """``[[public_datasets.dataset]]`` or ``[[third_party.dataset]]``."""

    name: str
    version: str
    url: str
    modalities: tuple[str, ...]
    size: int | None
    """In the unit of its modality; large is more than 3 % of all public data of the modality."""
    description: str
    collected: str
    """Period, or "not known"."""
    selection: str
    dataset_id: str
    """As the column ``dataset_id`` has it; empty where no manifest knows it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One kind of source of section 2 of the template, as far as people must describe it."""

    used: bool | None
    modalities: tuple[str, ...]
    description: str
    comments: str
    datasets: tuple[Dataset, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UserData:
    """``[user_data]``: section 2.4."""

    interactions: bool | None
    other_services: bool | None
    modalities: tuple[str, ...]
    description: str
    comments: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelUsed:
    """``[[synthetic.model]]``: a model whose output was trained on."""

    name: str
    summary: str
    """Link to its own summary."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Synthetic:
    """``[synthetic]``: section 2.5."""

    used: bool | None
    modalities: tuple[str, ...]
    models: tuple[ModelUsed, ...]
    other_models: str
    comments: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelVersion:
    """``[[version]]``: one version that the summary covers."""

    name: str
    documentation: str
    placed_on_market: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependency:
    """``[depends_on]``: the model that this one modifies."""

    name: str
    summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierSummary:
    """``[[summary.earlier]]``."""

    version: str
    published: date | None
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryVersion:
    """``[summary]``: version of the document itself, and those before it."""

    version: str
    earlier: tuple[EarlierSummary, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """``[[factor]]``: how octets become tokens, images or hours where no column has them."""

    modality: str
    bytes_each: float
    """Octets of kept content for one unit."""
    unit: str
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Crawling:
    """``[crawling]``: what people add to section 2.3."""

    purposes: str
    demographics: str
    comments: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Processing:
    """``[processing]``: section 3 of the template, and curation for the Model Documentation Form."""

    reservations_comments: str
    illegal_content: str
    other: str
    curation: str
    biases: str
    unsuitable_sources: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelProfile:
    """``model.toml``."""

    summary: SummaryVersion
    versions: tuple[ModelVersion, ...]
    depends_on: Dependency | None
    modalities: tuple[str, ...]
    sizes: tuple[Amount, ...]
    content_types: tuple[tuple[str, str], ...]
    """Modality and text."""
    latest_acquisition: str
    """``MM/YYYY``; empty where the crawls have the latest."""
    continuously_trained: bool | None
    languages: str
    characteristics: str
    comments: str
    factors: tuple[Factor, ...]
    public_datasets: Source
    licensed: Source
    third_party: Source
    crawling: Crawling
    user_data: UserData
    synthetic: Synthetic
    other_sources: Source
    processing: Processing


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """One line of ``retention.toml``: how long a kind of data is kept, and from when."""

    kind: str
    years: int
    days: int
    starts: str
    """``written``, ``market`` (the model is placed on the market), ``closed``."""
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """``retention.toml``."""

    keeps: tuple[Keep, ...]
    erasure: str
    """How kept data is removed on request or when it is due."""
