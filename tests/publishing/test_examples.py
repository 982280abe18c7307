"""Every example of the crawler page goes through our own readers and means what the page says."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest

from crawler.policy.conformance import run_case
from crawler.publishing.examples import examples
from crawler.storage.policies import shipped_folder

if TYPE_CHECKING:
    from crawler.publishing.examples import Example

TOKEN = "PageBot"  # noqa: S105 - a product token
PROTOCOLS = tomllib.loads((shipped_folder() / "protocols.toml").read_text())


@pytest.mark.parametrize("example", examples(TOKEN), ids=lambda one: one.id)
def test_an_example_means_what_the_page_says(example: Example) -> None:
    """Access and state as stated, for each address that it names."""
    for case in example.cases(TOKEN, "train-genai"):
        result = run_case(case)
        assert result.passed, f"{result.id}: {result.expected} but {result.got}"


@pytest.mark.parametrize("example", examples(TOKEN), ids=lambda one: one.id)
def test_without_its_carriers_an_example_says_nothing(example: Example) -> None:
    """What keeps a page is the example, not the test."""
    for case in example.cases(TOKEN, "train-genai"):
        given = {name: case["given"][name] for name in ("url", "purpose", "user_agent")}
        assert run_case({**case, "given": given}).got == {"access": "allow", "state": "unknown"}


def test_every_protocol_by_which_a_site_can_reserve_has_an_example() -> None:
    """Each reader that takes reservations is shown; licences grant, and unlisted names are nobody's advice."""
    silent = {"licence", "unlisted"}
    wanted = {name for name, entry in PROTOCOLS.items() if entry["readers"]} - silent
    shown = {one.protocol for one in examples(TOKEN)}
    assert wanted <= shown <= set(PROTOCOLS)


def test_the_page_shows_the_very_carriers_that_are_tested() -> None:
    """No part is empty, and the token stands where a site owner needs it."""
    for one in examples(TOKEN):
        assert all(part.where and part.text.strip() for part in one.parts)
    first = examples(TOKEN)[0]
    assert [part.text for part in first.parts] == ["User-agent: PageBot\nDisallow: /\n"]
