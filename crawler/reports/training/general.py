"""Sections 0 and 1 of the form: the document itself, the provider, the model, the training data as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawler.reports.training.answer import (
    DRAFT,
    GIVEN,
    MEASURED,
    MODALITIES,
    NOT_APPLICABLE,
    Answer,
    Table,
    gap,
    given,
    modality_boxes,
    optional,
)
from crawler.reports.training.clock import next_update
from crawler.reports.training.context import later_month
from crawler.reports.training.evidence import OWN, form_modality
from crawler.reports.training.sizes import amount_text, measured

if TYPE_CHECKING:
    from crawler.reports.training.context import Context


def version(context: Context) -> Answer:
    """Version, earlier versions with links, and when the next one is due."""
    said = context.model.summary
    earlier = tuple(
        (f"Version {one.version}, {one.published:%d/%m/%y}", one.url) for one in said.earlier if one.published
    )
    clock = next_update(said.earlier, context.today, context.month(*OWN))
    told = (clock.text,) if said.earlier else ("There is no earlier version.", clock.text)
    unlinked = [one.version for one in said.earlier if not one.url]
    if not said.version:
        return gap("The version of the Summary is not written down.", text=told, links=earlier)
    if unlinked:
        return gap(f"No link to version {', '.join(unlinked)}.", text=(said.version, *told), links=earlier)
    return Answer(status=GIVEN, value=said.version, text=(said.version, *told), links=earlier, problems=clock.problems)


def last_update(context: Context) -> Answer:
    """The day on which this was made."""
    day = f"{context.today:%d/%m/%y}"
    return Answer(status=MEASURED, value=day, text=(day,))


def provider(context: Context) -> Answer:
    """Name and specific contact."""
    said = context.provider
    parts = tuple(part for part in (said.name, said.address) if part)
    links = tuple((link.removeprefix("mailto:"), link) for link in (said.contact, said.website) if link)
    missing = [name for name, value in (("name", said.name), ("contact", said.contact)) if not value]
    if missing:
        return gap(f"Not written down: {' and '.join(missing)} of the provider.", text=parts, links=links)
    return Answer(status=GIVEN, value={"name": said.name, "contact": said.contact}, text=parts, links=links)


def representative(context: Context) -> Answer:
    """Only of providers from outside of the Union."""
    said = context.provider
    person = said.representative
    if said.established_in_eu is True:
        text = "Not applicable: the provider is established in the Union."
        problems = (
            ("A representative is named although the provider is established in the Union.",) if person.name else ()
        )
        return Answer(status=NOT_APPLICABLE, text=(text,), problems=problems)
    links = ((person.contact.removeprefix("mailto:"), person.contact),) if person.contact else ()
    if said.established_in_eu is None:
        return gap(
            "Nobody has said whether the provider is established in the Union.", text=_some(person.name), links=links
        )
    if not person.name or not person.contact:
        return gap(
            "The representative under Article 54 is not named, or has no contact.", text=_some(person.name), links=links
        )
    return Answer(
        status=GIVEN, value={"name": person.name, "contact": person.contact}, text=(person.name,), links=links
    )


def model_names(context: Context) -> Answer:
    """Every version that the Summary holds for, with its documentation."""
    versions = context.model.versions
    if not versions:
        return gap("No version of the model is named.")
    bare = [one.name for one in versions if not one.documentation]
    links = tuple((one.name, one.documentation) for one in versions if one.documentation)
    if bare:
        return gap(f"No public documentation is linked for {', '.join(bare)}.", text=tuple(bare), links=links)
    return Answer(status=GIVEN, value=[one.name for one in versions], links=links)


def model_dependencies(context: Context) -> Answer:
    """The model that this one modifies."""
    base = context.model.depends_on
    if base is None and not context.model.versions:
        return gap("The model is not named yet, nor what it depends on.")
    if base is None:
        return Answer(status=GIVEN, value=[], text=("None: no other general-purpose AI model is named as modified.",))
    if not base.summary:
        return gap(f"No link to the Summary of {base.name}.", text=(base.name,))
    text = "This Summary is limited to the content of the modification."
    return Answer(status=GIVEN, value=[base.name], text=(text,), links=((f"{base.name}: its Summary", base.summary),))


def placed_on_market(context: Context) -> Answer:
    """A day for each version."""
    versions = context.model.versions
    known = tuple(f"{one.name}: {one.placed_on_market:%d/%m/%Y}" for one in versions if one.placed_on_market)
    if len(known) < len(versions) or not versions:
        open_ = ", ".join(one.name for one in versions if not one.placed_on_market) or "the model"
        return gap(f"The date is not written down for {open_}.", text=known)
    days = {one.name: one.placed_on_market.isoformat() for one in versions if one.placed_on_market}
    return Answer(status=GIVEN, value=days, text=known)


def ticked(context: Context) -> list[str]:
    """Modalities of the overall training data: what people ticked, and what the manifests hold."""
    found = {*context.model.modalities, *_held(context)}
    return [name for name in MODALITIES if name in found]


def _held(context: Context) -> set[str]:
    return {form_modality(row["modality"]) for row in context.evidence.of("sizes")}


def modality(context: Context) -> Answer:
    """Boxes; the manifests may hold more than people ticked."""
    said, held = context.model.modalities, _held(context)
    more = sorted(held - set(said))
    if not said:
        return modality_boxes(ticked(context), status=DRAFT, queries=("summary-sizes",))
    problems = (f"model.toml does not tick {', '.join(more)}, which the crawls kept.",) if more else ()
    return modality_boxes(ticked(context), queries=("summary-sizes",), problems=problems)


def size(context: Context) -> Answer:
    """One range for each ticked modality."""
    boxes: list[tuple[str, bool]] = []
    rows, missing, value, problems = [], [], {}, []
    for name in ticked(context):
        ranges = context.form.ranges.get(name)
        amount, unit, how = _overall(context, name)
        chosen = None if amount is None or ranges is None or unit != ranges.unit else ranges.of(amount)
        if ranges is not None:
            boxes += [(f"{name.capitalize()}: {label}", at == chosen) for at, label in enumerate(ranges.labels)]
        if amount is None or (ranges is not None and chosen is None and name != "text"):
            missing.append(name)
        else:
            label = ranges.labels[chosen] if ranges is not None and chosen is not None else None
            value[name] = {"range": label, "amount": round(amount), "unit": unit}
        rows.append((name.capitalize(), None if amount is None else amount_text(amount, unit), how))
        if sum(one.modality == name for one in context.model.sizes) > 1:
            problems.append(f"model.toml has two [[size]] for {name}.")
    table = Table(
        caption="Basis of the sizes", columns=("Modality", "Approximate size", "How it is known"), rows=tuple(rows)
    )
    common: dict[str, Any] = {
        "choices": tuple(boxes),
        "tables": (table,),
        "queries": ("summary-sizes",),
        "problems": tuple(problems),
    }
    if missing or not rows:
        why = f"The size is not known for {', '.join(missing)}; the table says why."
        return gap(why if missing else "No modality is known.", **common)
    is_said = {one.modality for one in context.model.sizes} >= set(ticked(context))
    return Answer(status=GIVEN if is_said else DRAFT, value=value, **common)


def _overall(context: Context, name: str) -> tuple[float | None, str, str]:
    """Amount, unit and how: of the whole training data, which crawls alone can be only where people say so."""
    said = next((one for one in context.model.sizes if one.modality == name), None)
    if said is not None and said.amount is not None:
        how = f"as stated in model.toml{f' ({said.note})' if said.note else ''}"
        unit = context.form.ranges[name].unit if name in context.form.ranges else said.unit
        if unit != said.unit and name != "text":
            return None, said.unit, f"stated in {said.unit}; the form asks for {unit}"
        return said.amount, said.unit, how
    found = measured(context.evidence.kept(*OWN), name, context.form.ranges, context.model.factors)
    if found.amount is None or context.is_only_crawled:
        return found.amount, found.unit, found.how
    part = amount_text(found.amount, found.unit)
    how = f"the crawls hold {part} ({found.how}); other sources are used, or nobody said that there are none"
    return None, found.unit, f"{how}, so that the whole has to be stated in model.toml [[size]]"


def content_types(context: Context) -> Answer:
    """Types for each ticked modality."""
    said = dict(context.model.content_types)
    names = ticked(context)
    texts = tuple(f"{name.capitalize()}: {said[name]}" for name in names if said.get(name))
    missing = [name for name in names if not said.get(name)]
    table = counted(context, "media-types", "Media types of the crawled pages", "Media type")
    common: dict[str, Any] = {"tables": (table,) if table.rows else (), "queries": ("summary-media-types",)}
    if missing or not names:
        return gap(
            f"The types of content are not described for {', '.join(missing) or 'any modality'}.", text=texts, **common
        )
    return Answer(status=GIVEN, value={name: said[name] for name in names}, text=texts, **common)


def latest_acquisition(context: Context) -> Answer:
    """Month of the last collection of all sources, and what happens after it."""
    crawled = context.month(*OWN, "public_dataset", "licensed", "private_third_party", "other")
    latest = later_month(crawled, context.model.latest_acquisition or None)
    goes_on = context.model.continuously_trained
    after = {
        True: "Yes: the model is continuously trained on new or dynamic data after this date.",
        False: "No: the model is not continuously trained on new or dynamic data after this date.",
    }
    texts = tuple(text for text in (latest or "", after.get(goes_on, "") if goes_on is not None else "") if text)
    missing = [] if latest else ["no month of collection is known"]
    missing += [] if goes_on is not None else ["nobody has said whether training goes on"]
    if missing:
        return gap(f"{'; '.join(missing)}.".capitalize(), text=texts, queries=("summary-sizes",))
    value = {"month": latest, "continuously_trained": goes_on}
    return Answer(status=MEASURED if latest == crawled else GIVEN, value=value, text=texts, queries=("summary-sizes",))


def linguistic(context: Context) -> Answer:
    """Languages: of a person, with the figures of the crawls beside."""
    table = counted(context, "languages", "Languages that the crawled pages declare", "Language (ISO 639)")
    common: dict[str, Any] = {"tables": (table,) if table.rows else (), "queries": ("summary-languages",)}
    if context.model.languages:
        return given(context.model.languages, **common)
    if table.rows and context.is_only_crawled:
        names = [str(row[0]) for row in table.rows if row[0] != "unknown"]
        text = f"Languages of the crawled pages, by what they declare: {', '.join(names) or 'none is declared'}."
        return Answer(status=DRAFT, value=names, text=(text,), **common)
    return gap("The languages of the overall training data are not described; the crawls are a part of it.", **common)


def characteristics(context: Context) -> Answer:
    """National, regional, demographic."""
    table = counted(context, "countries", "Countries of the crawled sites, where they show one", "Country (ISO 3166)")
    return given(context.model.characteristics, tables=(table,) if table.rows else (), queries=("summary-countries",))


def general_comments(context: Context) -> Answer:
    """What people add."""
    return optional(context.model.comments)


SHOWN = 25
"""Rows of a table in the document; all are answered by its query."""


def counted(context: Context, name: str, caption: str, column: str) -> Table:
    """A tally of kept pages."""
    rows = context.evidence.of(name)
    told = tuple((row["name"], row["pages"], f"{row['share'] * 100:.1f} %") for row in rows[:SHOWN])
    note = f"The first {SHOWN} of {len(rows):,}." if len(rows) > SHOWN else ""
    return Table(caption=caption, columns=(column, "Pages", "Share"), rows=told, note=note)


def _some(text: str) -> tuple[str, ...]:
    return (text,) if text else ()
