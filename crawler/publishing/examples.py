"""Examples of opting out: data, shown as what a site owner writes, and as the ``given`` of a conformance vector.

The page and the test take the same carriers, so that no example can say one thing and mean another.
"""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HOST = "https://example.com"
_TOKEN = "TOKEN"  # noqa: S105 - the placeholder of a product token
_CARRIERS = ("robots_txt", "headers", "html", "well_known", "external", "embedded", "content_type")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One thing to write, and where."""

    where: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One way to opt out."""

    id: str
    protocol: str
    """As protocols.toml names it."""
    title: str
    means: str
    carriers: Mapping[str, Any]
    """In the words of the conformance schema."""
    checks: tuple[Mapping[str, str], ...]

    @property
    def parts(self) -> tuple[Part, ...]:
        """What a site owner writes."""
        return tuple(_parts(self.carriers))

    def cases(self, token: str, purpose: str) -> Iterator[dict[str, Any]]:
        """Conformance vectors that hold if the example means what it says."""
        for check in self.checks:
            expected = {"access": check["access"], "state": check.get("state", "no-access")}
            given = {"url": HOST + check["path"], "purpose": purpose, "user_agent": token, **self.carriers}
            yield {"id": f"{self.id} {check['path']}", "given": given, "expect": expected}


def examples(token: str) -> tuple[Example, ...]:
    """All of them, with the product token in its place."""
    content = files(__package__).joinpath("examples.toml").read_text(encoding="utf-8")
    return tuple(
        Example(
            id=one["id"], protocol=one["protocol"], title=one["title"], means=one["means"],
            carriers={name: _filled(one[name], token) for name in _CARRIERS if name in one},
            checks=tuple(one["checks"]),
        )
        for one in tomllib.loads(content)["example"]
    )  # fmt: skip


def _filled(value: Any, token: str) -> Any:
    if isinstance(value, str):
        return value.replace(_TOKEN, token)
    if isinstance(value, list):
        return [_filled(one, token) for one in value]
    if isinstance(value, dict):
        return {name: _filled(one, token) for name, one in value.items()}
    return value


def _parts(carriers: Mapping[str, Any]) -> Iterator[Part]:
    if "robots_txt" in carriers:
        yield Part(where="robots.txt", text=carriers["robots_txt"])
    for name, text in carriers.get("well_known", {}).items():
        yield Part(where=f"The file {name}", text=text)
    for name, text in carriers.get("external", {}).items():
        yield Part(where=f"The file {name}", text=text)
    if "headers" in carriers:
        yield Part(
            where="Header of the response", text="".join(f"{name}: {text}\n" for name, text in carriers["headers"])
        )
    if "html" in carriers:
        yield Part(where="HTML, inside of head", text=carriers["html"])
    embedded = carriers.get("embedded", {})
    if "xmp" in embedded:
        yield Part(where="XMP inside of the file", text=embedded["xmp"])
    for manifest in embedded.get("c2pa", {}).get("manifests", {}).values():
        for assertion in manifest["assertions"]:
            yield Part(where="Assertion inside of the file", text=json.dumps(assertion, indent=2) + "\n")
