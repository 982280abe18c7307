"""Checks over a finished summary (training-summary-template, section 6): what contradicts itself, what is due."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from crawler.optout.registry import READERS
from crawler.policy.contradictions import contradictions
from crawler.reports.training.answer import GAP
from crawler.reports.training.context import later_month
from crawler.reports.training.domains import share_of
from crawler.reports.training.evidence import OWN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from crawler.reports.training.answer import Answer
    from crawler.reports.training.context import Context

ERROR, WARNING = "error", "warning"
_FIELDS = {"sme_basis": "crawl-domains", "signed_on": "signatory", "representative": "representative"}
_MONTH = re.compile(r"(0[1-9]|1[0-2])/\d{4}")
_READY_MADE = re.compile(r"\bccbot\b|common[ _-]?crawl", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that a person has to look at."""

    level: str
    """``error``: the document contradicts itself or the evidence. ``warning``: it is due, or weak."""
    field: str
    """Id of the field, or nothing."""
    text: str

    def as_json(self) -> dict[str, str]:
        """For the facts."""
        return asdict(self)


def check(context: Context, found: Mapping[str, Answer]) -> list[Finding]:
    """All findings, errors first, in the order of the form."""
    findings = [
        Finding(level=WARNING if name == "version" else ERROR, field=name, text=problem)
        for name, answer in found.items()
        for problem in answer.problems
    ]
    for look in (_profiles, _ranges, _months, _crawlers, _domains, _ready_made, _protocols, _policies):
        findings += look(context, found)
    return sorted(findings, key=lambda one: one.level)


def _error(field: str, text: str) -> Finding:
    return Finding(level=ERROR, field=field, text=text)


def _warning(field: str, text: str) -> Finding:
    return Finding(level=WARNING, field=field, text=text)


def _profiles(context: Context, found: Mapping[str, Answer]) -> Iterator[Finding]:
    for name in context.profiles.missing:
        yield _warning("", f"{context.profiles.folder / name} is missing: nobody has said what it holds.")
    provider = context.provider
    for key, problem in contradictions(provider, today=context.today):
        yield _error(_FIELDS.get(key.partition(".")[0], ""), f"provider.toml: {key} {problem}.")
    if provider.is_sme and not provider.sme_basis:
        yield _warning("crawl-domains", "provider.toml says sme, and not on what that rests (sme_basis).")
    told = {(one.version) for one in context.model.summary.earlier}
    if context.model.summary.version in told:
        yield _error("version", f"model.toml lists version {context.model.summary.version} as an earlier one, too.")
    names = [one.name for one in context.model.versions]
    if len(set(names)) < len(names):
        yield _error("model-names", "model.toml names a version of the model twice.")
    for name, kinds in (("licensed", "licensed"), ("third_party", "private"), ("synthetic", "synthetic")):
        source = getattr(context.model, name)
        if source.used is False and source.modalities:
            yield _error(f"{kinds}-used", f"model.toml ticks modalities of [{name}] although used is no.")
    if found["representative"].status == GAP and provider.established_in_eu is False:
        yield _warning("representative", "A provider outside of the Union needs a representative (Article 54).")


def _ranges(context: Context, found: Mapping[str, Answer]) -> Iterator[Finding]:
    """Exactly one range a ticked modality."""
    if found["size"].status == GAP:
        return
    for name in context.form.ranges:
        chosen = sum(
            is_chosen for label, is_chosen in found["size"].choices if label.startswith(f"{name.capitalize()}:")
        )
        is_ticked = any(label == name.capitalize() and ticked for label, ticked in found["modality"].choices)
        if is_ticked and chosen != 1 and not (name == "text" and chosen == 0):
            yield _error("size", f"{chosen} ranges are chosen for {name}; it must be one.")


def _months(context: Context, found: Mapping[str, Answer]) -> Iterator[Finding]:
    """Every period is MM/YYYY, begins before it ends, and has begun."""
    now = f"{context.today:%m/%Y}"
    value = found["latest-acquisition"].value
    months = [("latest-acquisition", value["month"])] if value else []
    for one in found["crawl-period"].value or ():
        months += [("crawl-period", one["from"]), ("crawl-period", one["to"])]
        if later_month(one["from"], one["to"]) != one["to"]:
            yield _error("crawl-period", f"{one['crawler']}: the period ends before it begins.")
    for field, month in months:
        if not _MONTH.fullmatch(month):
            yield _error(field, f"{month!r} is no month of the form MM/YYYY.")
        elif later_month(month, now) != now:
            yield _error(field, f"{month} is later than the day of this document.")


def _crawlers(context: Context, found: Mapping[str, Answer]) -> Iterator[Finding]:
    """Every crawler has a name, a purpose, a period."""
    for row in context.evidence.of("crawlers"):
        for name in ("crawler_id", "product_token", "purpose"):
            if not row[name]:
                yield _error(
                    "crawler-names", f"Rows of the crawler {row['crawler_id'] or 'without an id'} have no {name}."
                )
    if context.evidence.has_own and not context.evidence.pages:
        yield _warning("crawl-period", "The crawls kept no page; a period and a domain list come with the first one.")
    if found["crawl-used"].value is False and context.evidence.has_own:
        yield _error("crawl-used", "Section 2.3 says no although the manifests hold rows of own crawls.")


def _domains(context: Context, found: Mapping[str, Answer]) -> Iterator[Finding]:
    """The list is there, is as long as D and the SME flag demand, and its files resolve."""
    if context.evidence.pages and not context.domains.table.num_rows:
        yield _error("crawl-domains", "Pages were kept, and the domain list is empty.")
    for group in context.domains.groups:
        wanted = share_of(group["domains"], is_sme=context.domains.is_sme)
        if group["listed"] != wanted:
            yield _error(
                "crawl-domains", f"{group['modality']}: {group['listed']} domains are listed, the rule wants {wanted}."
            )
    if context.provider.is_sme is None:
        yield _warning(
            "crawl-domains", "Whether the provider is an SME is open (provider.toml: sme); the longer list is given."
        )
    if found["crawl-domains"].value and context.files is not None and not context.files:
        yield _error("crawl-domains", "The files of the list are not there.")


def _ready_made(context: Context, _found: Mapping[str, Answer]) -> Iterator[Finding]:
    """Ready-made crawls of others belong in section 2.1."""
    for row in context.evidence.of("crawlers"):
        words = " ".join(str(row[name] or "") for name in ("crawler_id", "product_token", "user_agent", "dataset_id"))
        if row["dataset_id"] or _READY_MADE.search(words):
            yield _error(
                "crawl-used",
                f"Rows of {row['dataset_id'] or row['crawler_id']} stand under section 2.3; they belong in 2.1.",
            )


def _protocols(context: Context, _found: Mapping[str, Answer]) -> Iterator[Finding]:
    """Section 3.1 names what the crawls' policies name."""
    known = {reader.id for reader in READERS}
    for policy in context.evidence.policies:
        for name in sorted({name for entry in policy.protocols for name in entry.readers} - known):
            yield _error(
                "reservations", f"The policy {policy.version} names the reader {name}, which section 3.1 does not."
            )
    met = {row["protocol"] for row in context.evidence.of("protocols")}
    for name in sorted(met - known):
        yield _warning("reservations", f"Rows rest on the reader {name}, which this version does not know.")
    if context.evidence.has_own and not context.evidence.policies:
        yield _warning("reservations", "No policy in force could be read back from the crawls.")


def _policies(context: Context, _found: Mapping[str, Answer]) -> Iterator[Finding]:
    digests = {row["policy_digest"] for row in context.evidence.of("rules")}
    if len(digests) > 1:
        yield _warning(
            "reservations", f"The crawls were decided under {len(digests)} policies; section 3.1 lists them."
        )
    profiles = {row["profile"] for row in context.evidence.of("rules")}
    if len(profiles) > 1:
        yield _warning(
            "reservations", f"The policies differ in what silence means: {', '.join(sorted(map(str, profiles)))}."
        )
    suffixes = {row["suffix_list_digest"] for row in context.evidence.of("rules")}
    if len(suffixes) > 1:
        yield _warning(
            "crawl-domains", "Registrable domains were made by different snapshots of the Public Suffix List."
        )
    latest = context.month(*OWN)
    model = context.model.latest_acquisition
    if model and latest and later_month(model, latest) != model:
        yield _warning(
            "latest-acquisition", f"model.toml says {model}; the crawls kept pages until {latest}, which is printed."
        )
