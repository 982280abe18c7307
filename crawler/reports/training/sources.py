"""Sections 2.1, 2.2 and 2.4 to 2.6 of the form: sources that others made, users, models, and whatever else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawler.reports.training.answer import DRAFT, GIVEN, Answer, Table, gap, given, modality_boxes, optional, yes_no
from crawler.reports.training.evidence import form_modality
from crawler.reports.training.sizes import amount_text, measured, weigh

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawler.policy.profiles import Dataset
    from crawler.reports.training.context import Context
    from crawler.reports.training.sizes import Weighed

PUBLIC = "public_dataset"
_NOT_KNOWN = "period not known"


def public_used(context: Context) -> Answer:
    """Yes where a manifest holds rows of public datasets, whatever people say."""
    return context.used(context.model.public_datasets.used, PUBLIC)


def public_modality(context: Context) -> Answer:
    """Of people and manifests together."""
    said, held = context.model.public_datasets.modalities, context.evidence.modalities(PUBLIC)
    return modality_boxes(sorted({*said, *held}), status=GIVEN if said else DRAFT, queries=("summary-sizes",))


def public_large(context: Context) -> Answer:
    """Those above 3 % of their modality, and those that cannot be weighed."""
    weighed, unnamed = _weighed(context)
    large = [one for one in weighed if one.is_large]
    rows = tuple(_weight(context, one) for one in large)
    columns = ("Dataset", "Version", "Modality", "Size", "Share at most", "Description, period, selection")
    tables = (Table(caption="Large publicly available datasets", columns=columns, rows=rows),) if rows else ()
    links = tuple(dict.fromkeys((one.dataset.name, one.dataset.url) for one in large if one.dataset.url))
    missing = [f"the manifests hold rows of {name}, which model.toml does not describe" for name in unnamed]
    missing += sorted(
        {f"{one.dataset.name} has neither a link nor a description" for one in large if not _is_described(one.dataset)}
    )
    text = "Shares are of the size of all publicly available data of the modality; what cannot be weighed is listed."
    common: dict[str, Any] = {"tables": tables, "links": links, "queries": ("summary-sizes",)}
    if missing or not weighed:
        reason = "; ".join(missing) or "no dataset is named in model.toml [[public_datasets.dataset]]"
        return gap(f"{reason[0].upper()}{reason[1:]}.", text=(text,) if weighed else (), **common)
    return Answer(status=GIVEN, value=sorted({one.dataset.name for one in large}), text=(text,), **common)


def public_other(context: Context) -> Answer:
    """The rest, in general."""
    weighed, _ = _weighed(context)
    large = {one.dataset.name for one in weighed if one.is_large}
    rest = sorted({one.dataset.name for one in weighed} - large)
    said = context.model.public_datasets.description
    texts = tuple(_told(one) for one in context.model.public_datasets.datasets if one.name in rest)
    if said:
        return Answer(status=GIVEN, value=said, text=(said, *texts))
    if rest:
        return gap("They are not described in general.", text=texts)
    return Answer(status=DRAFT, value="", text=("None: every dataset that is named is listed above.",))


def public_comments(context: Context) -> Answer:
    """What people add."""
    return optional(context.model.public_datasets.comments)


def licensed_used(context: Context) -> Answer:
    """Licences with rightsholders."""
    return context.used(context.model.licensed.used, "licensed")


def licensed_modality(context: Context) -> Answer:
    """Of people and manifests together."""
    return modality_boxes(sorted({*context.model.licensed.modalities, *context.evidence.modalities("licensed")}))


def private_used(context: Context) -> Answer:
    """Private data of others."""
    return context.used(context.model.third_party.used, "private_third_party")


def private_modality(context: Context) -> Answer:
    """Of people and manifests together."""
    held = context.evidence.modalities("private_third_party")
    return modality_boxes(sorted({*context.model.third_party.modalities, *held}))


def private_known(context: Context) -> Answer:
    """Those that are publicly known."""
    datasets = context.model.third_party.datasets
    if not datasets:
        said = context.model.third_party.description
        text = "None is named as publicly known."
        return Answer(status=GIVEN, value=[], text=(text,)) if said else gap("No dataset is named or described.")
    links = tuple((one.name, one.url) for one in datasets if one.url)
    return Answer(status=GIVEN, value=[one.name for one in datasets], text=tuple(map(_told, datasets)), links=links)


def private_other(context: Context) -> Answer:
    """Those that are not."""
    said = context.model.third_party
    if not said.description and said.datasets:
        return Answer(status=GIVEN, value="", text=("None besides those listed above.",))
    return given(said.description)


def private_comments(context: Context) -> Answer:
    """What people add."""
    return optional(context.model.third_party.comments)


def user_interactions(context: Context) -> Answer:
    """Input and prompts."""
    return context.used(context.model.user_data.interactions, "user")


def user_services(context: Context) -> Answer:
    """Other services."""
    return yes_no(context.model.user_data.other_services)


def user_description(context: Context) -> Answer:
    """Which services."""
    return given(context.model.user_data.description)


def user_modality(context: Context) -> Answer:
    """Of people."""
    return modality_boxes(context.model.user_data.modalities)


def user_comments(context: Context) -> Answer:
    """What people add."""
    return optional(context.model.user_data.comments)


def synthetic_used(context: Context) -> Answer:
    """Output of models that was trained on."""
    return context.used(context.model.synthetic.used, "synthetic")


def synthetic_modality(context: Context) -> Answer:
    """Of people."""
    return modality_boxes(context.model.synthetic.modalities)


def synthetic_models(context: Context) -> Answer:
    """Models on the market."""
    said = context.model.synthetic
    if not said.models:
        text = "None that is on the market."
        return Answer(status=GIVEN, value=[], text=(text,)) if said.other_models else gap("No model is named.")
    bare = [one.name for one in said.models if not one.summary]
    links = tuple((f"{one.name}: its Summary", one.summary) for one in said.models if one.summary)
    if bare:
        return gap(f"No link to the Summary of {', '.join(bare)}.", text=tuple(bare), links=links)
    return Answer(status=GIVEN, value=[one.name for one in said.models], links=links)


def synthetic_other(context: Context) -> Answer:
    """Others, one's own among them."""
    said = context.model.synthetic
    if not said.other_models and said.models:
        return Answer(status=GIVEN, value="", text=("None besides those listed above.",))
    return given(said.other_models)


def synthetic_comments(context: Context) -> Answer:
    """What people add, and what crawled pages say of themselves."""
    flagged = sum(row["pages"] for row in context.evidence.of("generated") if row["declared"])
    told = (
        f"{flagged:,} of {context.evidence.pages:,} crawled pages declare that a machine made them or a part of them."
    )
    return optional(context.model.synthetic.comments, told if flagged else "", queries=("summary-generated",))


def other_used(context: Context) -> Answer:
    """Whatever fits nowhere else."""
    return context.used(context.model.other_sources.used, "other")


def other_description(context: Context) -> Answer:
    """In words."""
    return given(context.model.other_sources.description)


def other_comments(context: Context) -> Answer:
    """What people add."""
    return optional(context.model.other_sources.comments)


def _weighed(context: Context) -> tuple[list[Weighed], list[str]]:
    """Datasets of the profile with their weight; ids of the manifests that the profile does not know."""
    rows = context.evidence.kept(PUBLIC)
    sizes = {}
    for name in {row["dataset_id"] for row in rows if row["dataset_id"]}:
        own = [row for row in rows if row["dataset_id"] == name]
        for modality in {form_modality(row["modality"]) for row in own}:
            found = measured(own, modality, context.form.ranges, context.model.factors)
            if found.amount is not None:
                sizes[name, modality] = found.amount
    datasets = context.model.public_datasets.datasets
    known = {one.dataset_id for one in datasets}
    unnamed = sorted({row["dataset_id"] or "a dataset without an id" for row in rows} - known)
    return weigh(datasets, sizes), unnamed


def _weight(context: Context, one: Weighed) -> tuple[str | None, ...]:
    unit = context.form.ranges[one.modality].unit if one.modality in context.form.ranges else ""
    size = None if one.size is None else amount_text(one.size, unit).strip()
    share = "not known" if one.share is None else f"{one.share * 100:.1f} %"
    said = one.dataset
    return said.name, said.version or None, one.modality.capitalize(), size, share, _about(said)


def _about(one: Dataset) -> str:
    parts: Sequence[str] = (
        one.description,
        f"collected {one.collected}" if one.collected else _NOT_KNOWN,
        f"selection: {one.selection}" if one.selection else "",
    )
    return "; ".join(part for part in parts if part)


def _told(one: Dataset) -> str:
    version = f" {one.version}" if one.version else ""
    return f"{one.name}{version} ({', '.join(one.modalities)}): {_about(one)}"


def _is_described(one: Dataset) -> bool:
    return bool(one.url or (one.description and one.collected))
