"""Statements that follow a URL: from the hops of a redirect (PC-31) and from a page to its media (PC-29).

Only what restricts is handed on. The JSON form is stored with a URL that waits in the frontier.
"""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import datetime
from typing import TYPE_CHECKING, Any

from crawler.optout.statement import Carrier, Layer, Preference, Source, Statement, Use
from crawler.values.digest import Digest
from crawler.values.url import CanonicalUrl

if TYPE_CHECKING:
    from collections.abc import Iterable

_NAMES = tuple(field.name for field in fields(Statement) if field.name not in {"source", "duties"})
_ENUMS = {"use": Use, "preference": Preference, "carrier": Carrier, "layer": Layer}


def inherit(statements: Iterable[Statement]) -> tuple[Statement, ...]:
    """What a redirect target, or an embedded file, takes over: reservations and conditions, each once; no grants."""
    return tuple(dict.fromkeys(one for one in statements if one.preference is not Preference.ALLOWED))


def statements_to_json(statements: Iterable[Statement]) -> str:
    """JSON array with sorted keys."""
    return json.dumps([_to_plain(one) for one in statements], sort_keys=True)


def statements_from_json(text: str) -> tuple[Statement, ...]:
    """Take back what ``statements_to_json`` gave; raises ``ValueError`` on anything else."""
    try:
        return tuple(_from_plain(one) for one in json.loads(text))
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a list of statements: {error!r}") from error


def _to_plain(statement: Statement) -> dict[str, Any]:
    plain = {name: getattr(statement, name) for name in _NAMES}
    plain["duties"] = list(statement.duties)
    plain["source"] = {
        "url": statement.source.url,
        "digest": statement.source.digest,
        "retrieved_at": statement.source.retrieved_at.isoformat(),
    }
    return plain


def _from_plain(plain: dict[str, Any]) -> Statement:
    values = {name: plain[name] for name in _NAMES}
    values.update((name, kind(values[name])) for name, kind in _ENUMS.items())
    source = plain["source"]
    return Statement(
        **values,
        duties=tuple(plain["duties"]),
        source=Source(
            url=CanonicalUrl(source["url"]),
            digest=Digest(source["digest"]),
            retrieved_at=datetime.fromisoformat(source["retrieved_at"]),
        ),
    )
