"""Text of ``provider.toml``, ``model.toml`` and ``retention.toml`` to values, with every mistake and every gap.

Keys and bounds stand here; which of them a document cannot do without, in ``profile_gaps``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from crawler.policy.profiles import (
    Amount,
    Contact,
    Crawling,
    Dataset,
    Dependency,
    EarlierSummary,
    Factor,
    Keep,
    ModelProfile,
    ModelUsed,
    ModelVersion,
    Outputs,
    Owner,
    Processing,
    Provider,
    PublicPages,
    Retention,
    Rightsholders,
    Source,
    SummaryVersion,
    Synthetic,
    UserData,
)

if TYPE_CHECKING:
    from crawler.values.strict_toml import Table

PROVIDER = "provider.toml"
MODEL = "model.toml"
RETENTION = "retention.toml"
PROFILES = (PROVIDER, MODEL, RETENTION)
"""The files that documents are made from; none has to exist, none is part of the digest."""

MODALITIES = ("text", "image", "audio", "video", "other")
KINDS = (
    "manifest",
    "evidence",
    "pages",
    "lists",
    "policies",
    "documents",
    "complaints",
)
"""What is kept apart: rows and log; site files and refusals; bodies of pages; blocklists; and so on."""
STARTS = ("written", "market", "closed")

PROSE = 5_000
"""Characters of a text that people write for a document."""
_LINK = re.compile(r"(?:https?://|mailto:)[!-'*-~]+")
_MONTH = re.compile(r"(?:0[1-9]|1[0-2])/\d{4}")


def provider(root: Table) -> Provider:
    """Read ``provider.toml``."""
    found = Provider(
        name=root.text("name", ""),
        contact=_link(root, "contact"),
        address=root.text("address", ""),
        website=_link(root, "website"),
        established_in_eu=_answer(root, "established_in_eu"),
        representative=_contact(root.table("representative")),
        is_sme=_answer(root, "sme"),
        sme_basis=root.text("sme_basis", ""),
        is_signatory=_answer(root, "signatory"),
        signed_on=root.day("signed_on"),
        implementation=_owner(root.table("owner_implementation")),
        oversight=_owner(root.table("owner_oversight")),
        rightsholders=_rightsholders(root.table("rightsholders")),
        pages=_pages(root.table("pages")),
        outputs=_outputs(root.table("outputs")),
        runs_search_engine=_answer(root, "search_engine_operated"),
        search_engine=root.prose("search_engine", limit=PROSE),
        third_party_data=root.prose("third_party_data", limit=PROSE),
        standards=root.prose("standards", limit=PROSE),
    )
    root.finish()
    return found


def model(root: Table) -> ModelProfile:
    """Read ``model.toml``."""
    found = ModelProfile(
        summary=_summary(root.table("summary")),
        versions=tuple(_version(table) for table in root.tables("version")),
        depends_on=_dependency(root.table("depends_on")) if "depends_on" in root else None,
        modalities=root.texts("modalities", options=MODALITIES),
        sizes=tuple(_amount(table) for table in root.tables("size")),
        content_types=_content_types(root.table("content_types")),
        latest_acquisition=_month(root, "latest_acquisition"),
        continuously_trained=_answer(root, "continuously_trained"),
        languages=root.prose("languages", limit=PROSE),
        characteristics=root.prose("characteristics", limit=PROSE),
        comments=root.prose("comments", limit=PROSE),
        factors=tuple(_factor(table) for table in root.tables("factor")),
        public_datasets=_source(root.table("public_datasets")),
        licensed=_source(root.table("licensed")),
        third_party=_source(root.table("third_party")),
        crawling=_crawling(root.table("crawling")),
        user_data=_user_data(root.table("user_data")),
        synthetic=_synthetic(root.table("synthetic")),
        other_sources=_source(root.table("other_sources")),
        processing=_processing(root.table("processing")),
    )
    root.finish()
    return found


def retention(root: Table) -> Retention:
    """Read ``retention.toml``: one table a kind."""
    keeps = []
    erasure = root.prose("erasure", limit=PROSE)
    for kind in KINDS:
        if kind not in root:
            continue
        table = root.table(kind)
        keep = Keep(
            kind=kind,
            years=table.integer("years", 0, least=0, most=100),
            days=table.integer("days", 0, least=0, most=36_500),
            starts=table.choice("starts", STARTS, "written"),
            basis=table.text("basis"),
        )
        if not keep.years and not keep.days:
            table.mistake("", "keeps nothing; write years or days")
        table.finish()
        keeps.append(keep)
    root.finish()
    return Retention(keeps=tuple(keeps), erasure=erasure)


def _answer(table: Table, key: str) -> bool | None:
    """``"yes"``, ``"no"``, or ``""`` for a question that nobody has answered yet."""
    given = table.choice(key, ("", "yes", "no"), "")
    return None if not given else given == "yes"


def _link(table: Table, key: str) -> str:
    value = table.text(key, "")
    if value and not _LINK.fullmatch(value):
        table.mistake(key, f"is {value!r}; write an address that begins with https:// or mailto:")
    return value


def _month(table: Table, key: str) -> str:
    value = table.text(key, "")
    if value and not _MONTH.fullmatch(value):
        table.mistake(key, f"is {value!r}; write month and year, like 11/2026")
    return value


def _count(table: Table, key: str) -> int | None:
    """Whole number, ``None`` where nobody wrote one: zero is a number, too."""
    return table.integer(key, 0, least=0, most=10**18) if key in table else None


def _days(table: Table, key: str) -> int | None:
    """A term that people keep, of ten years at most."""
    return table.integer(key, 0, least=0, most=3_650) if key in table else None


def _contact(table: Table) -> Contact:
    found = Contact(name=table.text("name", ""), contact=_link(table, "contact"))
    table.finish()
    return found


def _owner(table: Table) -> Owner:
    found = Owner(role=table.text("role", ""), contact=_link(table, "contact"), since=table.day("since"))
    table.finish()
    return found


def _rightsholders(table: Table) -> Rightsholders:
    found = Rightsholders(
        contact=_link(table, "contact"),
        form=_link(table, "form"),
        languages=table.texts("languages"),
        acknowledge_days=_days(table, "acknowledge_days"),
        decide_days=_days(table, "decide_days"),
        remind_days=_days(table, "remind_days"),
        mechanism=table.prose("mechanism", limit=PROSE),
    )
    table.finish()
    return found


def _pages(table: Table) -> PublicPages:
    found = PublicPages(
        policy_summary=_link(table, "policy_summary"),
        crawler=_link(table, "crawler"),
        feed=_link(table, "feed"),
        complaints=_link(table, "complaints"),
        training_summary=_link(table, "training_summary"),
    )
    table.finish()
    return found


def _outputs(table: Table) -> Outputs:
    found = Outputs(
        safeguards=table.prose("safeguards", limit=PROSE),
        acceptable_use=table.prose("acceptable_use", limit=PROSE),
        open_source_notice=table.prose("open_source_notice", limit=PROSE),
        scope=table.prose("scope", limit=PROSE),
    )
    table.finish()
    return found


def _summary(table: Table) -> SummaryVersion:
    earlier = []
    for one in table.tables("earlier"):
        one.require("published")
        earlier.append(
            EarlierSummary(version=one.text("version"), published=one.day("published"), url=_link(one, "url"))
        )
        one.finish()
    found = SummaryVersion(version=table.text("version", "", limit=40), earlier=tuple(earlier))
    table.finish()
    return found


def _version(table: Table) -> ModelVersion:
    found = ModelVersion(
        name=table.text("name"),
        documentation=_link(table, "documentation"),
        placed_on_market=table.day("placed_on_market"),
    )
    table.finish()
    return found


def _dependency(table: Table) -> Dependency:
    found = Dependency(name=table.text("name"), summary=_link(table, "summary"))
    table.finish()
    return found


def _amount(table: Table) -> Amount:
    found = Amount(
        modality=table.choice("modality", MODALITIES),
        amount=_count(table, "amount"),
        unit=table.text("unit"),
        note=table.text("note", ""),
    )
    table.require("modality", "amount")
    table.finish()
    return found


def _content_types(table: Table) -> tuple[tuple[str, str], ...]:
    found = tuple((name, table.prose(name, limit=PROSE)) for name in MODALITIES if name in table)
    table.finish()
    return found


def _factor(table: Table) -> Factor:
    found = Factor(
        modality=table.choice("modality", MODALITIES),
        bytes_each=table.number("bytes_each", 0.0, least=1e-6, most=1e12),
        unit=table.text("unit"),
        basis=table.text("basis"),
    )
    table.require("modality")
    table.finish()
    return found


def _dataset(table: Table) -> Dataset:
    found = Dataset(
        name=table.text("name"),
        version=table.text("version", ""),
        url=_link(table, "url"),
        modalities=table.texts("modalities", options=MODALITIES),
        size=_count(table, "size"),
        description=table.prose("description", limit=PROSE),
        collected=table.text("collected", ""),
        selection=table.prose("selection", limit=PROSE),
        dataset_id=table.text("dataset_id", ""),
    )
    if not found.modalities:
        table.mistake("modalities", "is empty; say what the dataset holds")
    table.finish()
    return found


def _source(table: Table) -> Source:
    found = Source(
        used=_answer(table, "used"),
        modalities=table.texts("modalities", options=MODALITIES),
        description=table.prose("description", limit=PROSE),
        comments=table.prose("comments", limit=PROSE),
        datasets=tuple(_dataset(one) for one in table.tables("dataset")),
    )
    if found.used is False and found.datasets:
        table.mistake("used", 'is "no" although datasets are listed below')
    table.finish()
    return found


def _crawling(table: Table) -> Crawling:
    found = Crawling(
        purposes=table.prose("purposes", limit=PROSE),
        demographics=table.prose("demographics", limit=PROSE),
        comments=table.prose("comments", limit=PROSE),
    )
    table.finish()
    return found


def _user_data(table: Table) -> UserData:
    found = UserData(
        interactions=_answer(table, "interactions"),
        other_services=_answer(table, "other_services"),
        modalities=table.texts("modalities", options=MODALITIES),
        description=table.prose("description", limit=PROSE),
        comments=table.prose("comments", limit=PROSE),
    )
    table.finish()
    return found


def _synthetic(table: Table) -> Synthetic:
    models = []
    for one in table.tables("model"):
        models.append(ModelUsed(name=one.text("name"), summary=_link(one, "summary")))
        one.finish()
    found = Synthetic(
        used=_answer(table, "used"),
        modalities=table.texts("modalities", options=MODALITIES),
        models=tuple(models),
        other_models=table.prose("other_models", limit=PROSE),
        comments=table.prose("comments", limit=PROSE),
    )
    table.finish()
    return found


def _processing(table: Table) -> Processing:
    found = Processing(
        reservations_comments=table.prose("reservations_comments", limit=PROSE),
        illegal_content=table.prose("illegal_content", limit=PROSE),
        other=table.prose("other", limit=PROSE),
        curation=table.prose("curation", limit=PROSE),
        biases=table.prose("biases", limit=PROSE),
        unsuitable_sources=table.prose("unsuitable_sources", limit=PROSE),
    )
    table.finish()
    return found
