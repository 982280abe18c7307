"""Which questions of the Code and of the template the operator's files leave open. Nothing is filled in here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.policy.profile_reading import KINDS, MODEL, PROVIDER, RETENTION
from crawler.policy.profiles import Gap

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawler.policy.profiles import ModelProfile, Provider, Retention, Source


def provider_gaps(provider: Provider) -> tuple[Gap, ...]:
    """Keys of ``provider.toml`` without which a document must be refused."""
    rights, pages = provider.rightsholders, provider.pages
    wanted: list[tuple[str, object, str]] = [
        ("name", provider.name, "summary 1.1"),
        ("contact", provider.contact, "summary 1.1"),
        ("established_in_eu", provider.established_in_eu, "summary 1.1"),
        ("sme", provider.is_sme, "summary 2.3"),
        ("signatory", provider.is_signatory, "summary 3.1"),
        ("owner_implementation.role", provider.implementation.role, "1.1-c"),
        ("owner_implementation.contact", provider.implementation.contact, "1.1-c"),
        ("owner_implementation.since", provider.implementation.since, "1.1-c"),
        ("owner_oversight.role", provider.oversight.role, "1.1-c"),
        ("owner_oversight.contact", provider.oversight.contact, "1.1-c"),
        ("owner_oversight.since", provider.oversight.since, "1.1-c"),
        ("pages.policy_summary", pages.policy_summary, "1.1-d"),
        ("third_party_data", provider.third_party_data, "1.3-e"),
        ("standards", provider.standards, "1.3-f"),
        ("pages.crawler", pages.crawler, "1.3-g"),
        ("pages.feed", pages.feed, "1.3-h"),
        ("search_engine_operated", provider.runs_search_engine, "1.3-j"),
        ("outputs.safeguards", provider.outputs.safeguards, "1.4-a"),
        ("outputs.acceptable_use", provider.outputs.acceptable_use or provider.outputs.open_source_notice, "1.4-b"),
        ("outputs.scope", provider.outputs.scope, "1.4-c"),
        ("rightsholders.contact", rights.contact, "1.5-a"),
        ("rightsholders.form", rights.form or pages.complaints, "1.5-b"),
        ("rightsholders.mechanism", rights.mechanism, "1.5-b"),
        ("rightsholders.acknowledge_days", rights.acknowledge_days, "1.5-d"),
        ("rightsholders.decide_days", rights.decide_days, "1.5-d"),
    ]
    if provider.established_in_eu is False:
        wanted.append(("representative.name", provider.representative.name, "summary 1.1"))
        wanted.append(("representative.contact", provider.representative.contact, "summary 1.1"))
    if provider.is_sme:
        wanted.append(("sme_basis", provider.sme_basis, "summary 2.3"))
    if provider.runs_search_engine:
        wanted.append(("search_engine", provider.search_engine, "1.3-j"))
    return _open(PROVIDER, wanted)


def model_gaps(model: ModelProfile) -> tuple[Gap, ...]:
    """Keys of ``model.toml`` without which the summary prints a gap."""
    wanted: list[tuple[str, object, str]] = [
        ("summary.version", model.summary.version, "summary 0"),
        ("version", model.versions, "summary 1.2"),
        ("modalities", model.modalities, "summary 1.3"),
        ("continuously_trained", model.continuously_trained, "summary 1.3"),
        ("languages", model.languages, "summary 1.3"),
        ("characteristics", model.characteristics, "summary 1.3"),
        ("crawling.purposes", model.crawling.purposes, "summary 2.3"),
        ("user_data.interactions", model.user_data.interactions, "summary 2.4"),
        ("user_data.other_services", model.user_data.other_services, "summary 2.4"),
        ("synthetic.used", model.synthetic.used, "summary 2.5"),
        ("processing.illegal_content", model.processing.illegal_content, "summary 3.2"),
    ]
    described = dict(model.content_types)
    wanted += [(f"content_types.{name}", described.get(name), "summary 1.3") for name in model.modalities]
    for at, version in enumerate(model.versions, start=1):
        wanted.append((f"version[{at}].documentation", version.documentation, "summary 1.2"))
        wanted.append((f"version[{at}].placed_on_market", version.placed_on_market, "summary 1.2"))
    if model.depends_on is not None:
        wanted.append(("depends_on.summary", model.depends_on.summary, "summary 1.2"))
    wanted += _of_source("public_datasets", model.public_datasets, "summary 2.1", is_listed=True)
    wanted += _of_source("licensed", model.licensed, "summary 2.2.1")
    wanted += _of_source("third_party", model.third_party, "summary 2.2.2", is_listed=True)
    wanted += _of_source("other_sources", model.other_sources, "summary 2.6", is_described=True)
    if model.user_data.interactions or model.user_data.other_services:
        wanted.append(("user_data.modalities", model.user_data.modalities, "summary 2.4"))
        wanted.append(("user_data.description", model.user_data.description, "summary 2.4"))
    if model.synthetic.used:
        wanted.append(("synthetic.modalities", model.synthetic.modalities, "summary 2.5"))
        wanted.append(("synthetic.model", model.synthetic.models or model.synthetic.other_models, "summary 2.5"))
    return _open(MODEL, wanted)


def retention_gaps(retention: Retention) -> tuple[Gap, ...]:
    """Kinds of data of which nobody said how long they are kept."""
    known = {keep.kind for keep in retention.keeps}
    return _open(RETENTION, [(kind, kind in known or None, "transparency: 10 years") for kind in KINDS])


def _of_source(
    name: str, source: Source, field: str, *, is_listed: bool = False, is_described: bool = False
) -> Iterator[tuple[str, object, str]]:
    yield f"{name}.used", source.used, field
    if not source.used:
        return
    if is_described:
        yield f"{name}.description", source.description, field
    else:
        yield f"{name}.modalities", source.modalities, field
    if is_listed:
        yield f"{name}.dataset", source.datasets or source.description, field


def _open(file: str, wanted: list[tuple[str, object, str]]) -> tuple[Gap, ...]:
    """``False`` and zero are answers; nothing, no text and no entries are none."""
    return tuple(
        Gap(file=file, key=key, needed_for=field) for key, value, field in wanted if value is None or value in ("", ())
    )
