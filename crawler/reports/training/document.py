"""A document as one object: sections, fields in the order of the form, checks, evidence. Formatters only print it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawler.reports.interface import Facts
from crawler.reports.training import crawled, general, processing, sources
from crawler.reports.training.answer import GAP, NOT_APPLICABLE, STATUSES, Answer, gap
from crawler.reports.training.checks import check

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from crawler.reports.training.checks import Finding
    from crawler.reports.training.context import Context
    from crawler.reports.training.field_map import Field

FORMAT = "clearcrawl-training-summary/1"
_ROOMS = (general, sources, crawled, processing)


def answers(context: Context) -> dict[str, Answer]:
    """Every field of the form by its id, in the order of the form."""
    found: dict[str, Answer] = {}
    for field in context.form.fields:
        found[field.id] = _after(field, found, context) or _function(field)(context)
    return found


def summary_facts(context: Context) -> Facts:
    """The whole summary."""
    found = answers(context)
    checks = check(context, found)
    sections = [
        {
            "number": number,
            "title": title,
            "fields": [
                field_json(context, field, found[field.id]) for field in context.form.fields if field.number == number
            ],
        }
        for number, title in context.form.sections.items()
    ]
    names = [one.name for one in context.model.versions]
    return Facts(
        format=FORMAT,
        body={
            "kind": "training-summary",
            "title": context.form.title,
            "subtitle": ", ".join(names) or "the model is not named yet",
            **common(context, checks),
            "sections": sections,
            "counts": count(sections),
        },
    )


def common(context: Context, checks: list[Finding]) -> dict[str, Any]:
    """Parts that all documents of this room share."""
    form, evidence = context.form, context.evidence
    asked = {**evidence.sql, "domains": context.domains.sql}
    return {
        "template": {
            "id": form.id, "title": form.title, "basis": form.basis, "dated": form.dated,
            "form_digest": form.form_digest, "map_version": form.map_version,
        },
        "provider": context.provider.name or None,
        "date": context.today.isoformat(),
        "is_test": evidence.is_test,
        "is_verified": evidence.is_verified,
        "notices": notices(context),
        "checks": [one.as_json() for one in checks],
        "crawls": [dict(one) for one in evidence.crawls],
        "queries": [{"name": name, "sql": sql} for name, sql in asked.items()],
        "statuses": STATUSES,
    }  # fmt: skip


def notices(context: Context) -> list[str]:
    """What stands on every page."""
    found = []
    if context.evidence.is_test:
        found.append("TEST: test hosts were allowed; this document proves nothing about the web.")
    if not context.evidence.is_verified:
        found.append("UNVERIFIED: the crawls behind this document were not verified, or did not hold.")
    return found


def field_json(context: Context, field: Field, answer: Answer) -> dict[str, Any]:
    """A field with its answer, as formatters and scripts see it."""
    missing = None
    if answer.status == GAP:
        missing = {"reason": answer.gap, "who": who(context, field), "keys": list(field.keys)}
    return {
        "id": field.id,
        "number": field.number,
        "label": field.label,
        "kind": field.kind,
        "need": field.need,
        "guidance": field.guidance,
        "status": answer.status,
        "value": answer.value,
        "choices": [{"label": label, "chosen": chosen} for label, chosen in answer.choices],
        "text": [line for text in answer.text for line in text.splitlines() if line.strip()],
        "links": [{"text": text, "url": url} for text, url in answer.links if url],
        "tables": [table.as_json() for table in answer.tables],
        "gap": missing,
        "queries": list(answer.queries),
        "problems": list(answer.problems),
    }


def who(context: Context, field: Field) -> str:
    """Who must fill a gap: the team, and the role that the provider names for it."""
    role = context.provider.implementation.role
    return f"{field.who} ({role})" if field.who == "legal" and role else field.who


def count(sections: list[dict[str, Any]]) -> dict[str, int]:
    """Fields by status."""
    found = dict.fromkeys(STATUSES, 0)
    for section in sections:
        for field in section["fields"]:
            found[field["status"]] += 1
    return found


def _function(field: Field) -> Callable[[Context], Answer]:
    """The function of the same name as the field, in the room of its section."""
    name = field.id.replace("-", "_")
    function: Callable[[Context], Answer] = next(getattr(room, name) for room in _ROOMS if hasattr(room, name))
    return function


def _after(field: Field, found: Mapping[str, Answer], context: Context) -> Answer | None:
    """A field that follows a question: not applicable after no, waiting while nobody has answered."""
    if not field.after or any(found[name].value is True for name in field.after):
        return None
    labels = [context.form.field(name).label for name in field.after]
    if all(found[name].value is False for name in field.after):
        return Answer(status=NOT_APPLICABLE, text=("Not applicable: the answer to the question before is no.",))
    return gap(f"Waits for the answer to: {' '.join(labels)}")
