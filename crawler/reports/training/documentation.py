"""Training-data rows of the Model Documentation Form (transparency chapter), and how long everything is kept."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from crawler.policy.profile_reading import KINDS
from crawler.reports.interface import Facts
from crawler.reports.training.answer import DRAFT, MEASURED, Answer, Table, gap, given, modality_boxes
from crawler.reports.training.document import common, count, field_json
from crawler.reports.training.evidence import OWN, form_modality
from crawler.reports.training.field_map import Field
from crawler.reports.training.general import counted, ticked

if TYPE_CHECKING:
    from crawler.policy.profiles import Keep
    from crawler.reports.training.context import Context

YEARS = 10
"""Earlier versions of the documentation are kept that long after the model is placed on the market."""
_SOURCES = ("public_datasets", "licensed", "third_party", "user_data", "synthetic", "other_sources")
_ROWS = (
    ("data-type", "Data type / modality", "data team", ("model.toml: modalities",)),
    ("data-provenance", "Data provenance", "data team", tuple(f"model.toml: {one}" for one in _SOURCES)),
    ("data-selection", "How data was obtained and selected", "data team", ("model.toml: crawling.purposes",)),
    ("data-points", "Number of data points", "data team", ("model.toml: size",)),
    ("data-scope", "Scope and main characteristics", "data team", ("model.toml: characteristics",)),
    ("data-curation", "Data curation methodologies", "data team", ("model.toml: processing.curation",)),
    (
        "data-unsuitability", "Measures to detect unsuitability of data sources", "data team",
        ("model.toml: processing.unsuitable_sources",),
    ),
    ("data-biases", "Measures to detect identifiable biases", "data team", ("model.toml: processing.biases",)),
)  # fmt: skip
_RETENTION = (
    "retention",
    "How long documentation and evidence are kept",
    "legal",
    ("retention.toml", "model.toml: version.placed_on_market"),
)


def documentation_facts(context: Context) -> Facts:
    """The rows and the retention dates, in the shape that all formatters print."""
    functions = (_type, _provenance, _selection, _points, _scope, _curation, _unsuitability, _biases)
    fields = [
        field_json(context, _field(row, "1"), function(context)) for row, function in zip(_ROWS, functions, strict=True)
    ]
    sections = [
        {"number": "1", "title": "Data used for training, testing and validation", "fields": fields},
        {"number": "2", "title": "Retention", "fields": [field_json(context, _field(_RETENTION, "2"), _kept(context))]},
    ]
    return Facts(
        format="clearcrawl-model-documentation/1",
        body={
            "kind": "model-documentation",
            "title": "Model Documentation Form: training data",
            "subtitle": ", ".join(one.name for one in context.model.versions) or "the model is not named yet",
            **common(context, []),
            "sections": sections,
            "counts": count(sections),
        },
    )


def _field(row: tuple[str, str, str, tuple[str, ...]], number: str) -> Field:
    name, label, who, keys = row
    return Field(
        id=name, number=number, label=label, kind="text", need="mandatory", after=(), guidance="", fill="draft",
        keys=keys, who=who,
    )  # fmt: skip


def _type(context: Context) -> Answer:
    return modality_boxes(ticked(context), status=DRAFT, queries=("summary-sizes",))


def _provenance(context: Context) -> Answer:
    model = context.model
    said: tuple[tuple[str, bool | None], ...] = (
        ("Web crawling", True if context.evidence.has_own else None),
        (
            "Publicly available datasets",
            True if context.evidence.kept("public_dataset") else model.public_datasets.used,
        ),
        ("Data licensed from rightsholders", model.licensed.used),
        ("Private data of other third parties", model.third_party.used),
        ("User data", _either(model.user_data.interactions, model.user_data.other_services)),
        ("Synthetic data by or for the provider", model.synthetic.used),
        ("Other means", model.other_sources.used),
    )
    boxes = tuple((label, answer is True) for label, answer in said)
    unknown = [label for label, answer in said if answer is None]
    if unknown:
        return gap(f"Not answered: {', '.join(unknown)}.", choices=boxes, queries=("summary-sizes",))
    return Answer(
        status=DRAFT, value=[label for label, chosen in boxes if chosen], choices=boxes, queries=("summary-sizes",)
    )


def _either(*answers: bool | None) -> bool | None:
    return True if True in answers else None if None in answers else False


def _selection(context: Context) -> Answer:
    urls = sum(row["urls"] for row in context.evidence.of("crawlers"))
    if not urls:
        return gap("No crawl is among the manifests; how other data was obtained, people have to say.")
    text = (
        f"{urls:,} URLs were found from seeds, links and sitemaps and judged one by one; "
        f"{context.evidence.pages:,} pages were kept. "
        "robots.txt, opt-out statements, access barriers and exclusion lists decided what was left."
    )
    table = counted(context, "media-types", "Media types of kept pages", "Media type")
    common: dict[str, Any] = {"tables": (table,), "queries": ("summary-crawlers", "summary-media-types")}
    said = context.model.crawling.purposes
    return Answer(status=DRAFT, value=said or text, text=(text, *((said,) if said else ())), **common)


def _points(context: Context) -> Answer:
    found: dict[str, dict[str, Any]] = {}
    for row in context.evidence.of("sizes"):
        one = found.setdefault(form_modality(row["modality"]), {"pages": 0, "bytes": 0})
        one["pages"] += row["pages"]
        one["bytes"] += row["bytes_retained"]
    rows = tuple((name.capitalize(), one["pages"], one["bytes"]) for name, one in sorted(found.items()))
    table = Table(caption="Documents in the manifests", columns=("Modality", "Documents", "Octets"), rows=rows)
    if not rows:
        return gap("No document was kept.", queries=("summary-sizes",))
    text = "Documents that were kept, before filtering; how many of them train, test or validate, a person has to say."
    value = {name: one["pages"] for name, one in found.items()}
    return Answer(status=DRAFT, value=value, text=(text,), tables=(table,), queries=("summary-sizes",))


def _scope(context: Context) -> Answer:
    tables = (
        counted(context, "kinds", "Kinds of sites", "Kind"),
        counted(context, "countries", "Countries that the sites show", "Country (ISO 3166)"),
        counted(context, "languages", "Languages that the pages declare", "Language (ISO 639)"),
    )
    common: dict[str, Any] = {
        "tables": tuple(one for one in tables if one.rows),
        "queries": ("summary-kinds", "summary-countries", "summary-languages"),
    }
    return given(context.model.characteristics, **common)


def _curation(context: Context) -> Answer:
    return given(context.model.processing.curation)


def _unsuitability(context: Context) -> Answer:
    rows = tuple((row["list"], row["urls"]) for row in context.evidence.of("lists"))
    tables = (Table(caption="Exclusion lists of the crawls", columns=("List", "URLs"), rows=rows),) if rows else ()
    return given(context.model.processing.unsuitable_sources, tables=tables, queries=("summary-lists",))


def _biases(context: Context) -> Answer:
    return given(context.model.processing.biases)


def _kept(context: Context) -> Answer:
    """For each kind of data until when; ten years from the market at least for what backs the documentation."""
    rows: list[tuple[Any, ...]] = []
    missing, problems, value = [], [], {}
    known = {one.kind: one for one in context.profiles.retention.keeps}
    for kind in KINDS:
        keep = known.get(kind)
        if keep is None:
            missing.append(f"{kind}: nobody has said how long")
            rows.append((kind, None, None, None))
            continue
        begin = begins(keep, context)
        until = None if begin is None else last_day(begin, keep)
        if until is None:
            missing.append(f"{kind}: it begins when {_BEGINS[keep.starts]}, which is open")
        else:
            value[kind] = until.isoformat()
        if kind == "documents" and (keep.years < YEARS or keep.starts == "written"):
            problems.append(f"retention.toml keeps documents for less than {YEARS} years from the market.")
        rows.append(
            (kind, f"{keep.years} years {keep.days} days", None if until is None else until.isoformat(), keep.basis)
        )
    table = Table(caption="Retention", columns=("Kind", "Term", "At least until", "Ground"), rows=tuple(rows))
    common: dict[str, Any] = {"tables": (table,), "problems": tuple(problems)}
    if missing:
        return gap(f"{'; '.join(missing)}.", value=value, **common)
    return Answer(status=MEASURED, value=value, **common)


_BEGINS = {"written": "it is written", "market": "the model is placed on the market", "closed": "a complaint is closed"}


def begins(keep: Keep, context: Context) -> date | None:
    """The last day from which the term may run: of the market, the latest version; else the newest evidence."""
    if keep.starts == "market":
        days = [one.placed_on_market for one in context.model.versions]
        known = [day for day in days if day is not None]
        return max(known) if known and len(known) == len(days) else None
    if keep.starts == "closed":
        return context.today  # no complaint closed later than this document
    latest = [row["last_kept"][:10] for row in context.evidence.kept(*OWN) if row["last_kept"]]
    return date.fromisoformat(max(latest)) if latest else context.today


def last_day(begin: date, keep: Keep) -> date:
    """The day on which a term ends; 29 February becomes the last day of its month."""
    year = begin.year + keep.years
    return date(year, begin.month, min(begin.day, monthrange(year, begin.month)[1])) + timedelta(days=keep.days)
