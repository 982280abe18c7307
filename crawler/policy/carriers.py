"""What was read of a body that is not kept, as JSON values for the evidence, and back: literal elements and metadata.

From it the readers read again what they read of the body. Links and images of a page are left out, but for their
number; no verdict needs more of them.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from crawler.optout.media.embedded import Embedded, ManifestStore, Property
from crawler.optout.statement import Problem
from crawler.policy.barriers import visible_characters
from crawler.values.html import HtmlPage, Link, Meta, Script

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from crawler.optout.interface import MediaFile

_OF_PAGE = ("charset", "lang", "title", "base", "refresh", "has_password_field", "is_truncated")
_LINKS = frozenset({"link", "a", "area"})


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptCarriers:
    """Carriers as they were read; both ``None`` where nothing but the head was."""

    page: HtmlPage | None = None
    visible: int = 0
    """Characters of visible text of a page with a password field."""
    content_type: str = ""
    embedded: Embedded | None = None


def carriers_to_json(page: HtmlPage | None, media: MediaFile | None, body: bytes) -> list[dict[str, Any]]:
    """Elements in their order with index and literal markup; then what else a verdict may rest on."""
    kept: list[dict[str, Any]] = []
    if page is not None:
        kept += [{"element": "meta", **asdict(one)} for one in page.metas]
        kept += [{"element": one.tag, **asdict(one)} for one in page.links]
        kept += [{"element": "script", **asdict(one)} for one in page.scripts]
        known = {name: getattr(page, name) for name in _OF_PAGE}
        visible = visible_characters(body) if page.has_password_field else 0
        kept.append({"element": "page", **known, "hyperlinks": len(page.hyperlinks), "visible_characters": visible})
    if media is not None:
        told = asdict(media.embedded)
        told["documents"] = [one.decode("latin-1") for one in media.embedded.documents]
        package = media.embedded.package
        told["package"] = None if package is None else package.decode("latin-1")
        kept.append({"element": "media", "content_type": media.content_type, "embedded": told})
    return kept


def carriers_from_json(kept: Iterable[Mapping[str, Any]]) -> KeptCarriers:
    """Take back what ``carriers_to_json`` gave; raises ``ValueError`` on anything else."""
    try:
        return _carriers([dict(one) for one in kept])
    except (KeyError, TypeError, AttributeError, UnicodeEncodeError) as error:
        raise ValueError(f"not the carriers of a response: {error!r}") from error


def _carriers(kept: list[dict[str, Any]]) -> KeptCarriers:
    named = [(one.pop("element"), one) for one in kept]
    pages = [one for name, one in named if name == "page"]
    files = [one for name, one in named if name == "media"]
    found = KeptCarriers()
    if files:
        (file,) = files
        return KeptCarriers(content_type=file["content_type"], embedded=_embedded(file["embedded"]))
    if pages:
        (page,) = pages
        found = KeptCarriers(page=_page(page, named), visible=page["visible_characters"])
    elif named:
        raise KeyError("page")
    return found


def _page(known: dict[str, Any], named: list[tuple[str, dict[str, Any]]]) -> HtmlPage:
    return HtmlPage(
        **{name: known[name] for name in _OF_PAGE},
        metas=tuple(Meta(**one) for name, one in named if name == "meta"),
        links=tuple(Link(**{**one, "rel": tuple(one["rel"])}) for name, one in named if name in _LINKS),
        scripts=tuple(Script(**one) for name, one in named if name == "script"),
        hyperlinks=tuple(map(str, range(known["hyperlinks"]))),
        images=(),
    )


def _embedded(told: dict[str, Any]) -> Embedded:
    package, store = told["package"], told["store"]
    return Embedded(
        properties=tuple(Property(**one) for one in told["properties"]),
        package=None if package is None else package.encode("latin-1"),
        documents=tuple(one.encode("latin-1") for one in told["documents"]),
        store=None if store is None else ManifestStore(**store),
        problems=tuple(Problem(**one) for one in told["problems"]),
        why_unread=told["why_unread"],
    )
