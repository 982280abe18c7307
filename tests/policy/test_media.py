"""Which media types are kept, and how large a file may be."""

from __future__ import annotations

import pytest

from crawler.errors import DocumentError
from crawler.policy.media import most_octets, unwanted_type
from tests.policy.samples import policy

ALL = policy().media
IMAGES = policy('[media]\nkinds = ["image"]\nembedded = ["image"]').media


@pytest.mark.parametrize(
    ("media_type", "is_wanted"),
    [("image/png", True), ("application/pdf", False), ("video/mp4", False), ("text/html", True), (None, True)],
)
def test_kinds(media_type: str | None, *, is_wanted: bool) -> None:
    """Only images, and pages as ever; the default keeps every kind that a link leads to."""
    assert (unwanted_type(media_type, IMAGES) is None) == is_wanted
    assert unwanted_type(media_type, ALL) is None


@pytest.mark.parametrize(
    ("media_type", "is_wanted"),
    [("image/png", True), ("text/html", False), ("application/xhtml+xml", False), ("text/plain", True), (None, True)],
)
def test_page_in_place_of_an_image(media_type: str | None, *, is_wanted: bool) -> None:
    """What was asked for as a part of a page is no page: the scope of the crawl did not ask for one there."""
    refused = unwanted_type(media_type, IMAGES, is_embedded=True)
    assert (refused is None) == is_wanted
    assert refused is None or refused.code == "media_type_not_wanted"


def test_kind_that_nobody_asked_to_embed() -> None:
    """An embedded reference that turns out to be of another kind is not kept either."""
    assert unwanted_type("application/pdf", ALL, is_embedded=True) is not None


def test_sizes() -> None:
    """Media may be larger than pages, each by its own key."""
    limits = policy("[limits]\npage_bytes = 2000\nmedia_bytes = 3000").limits
    assert [most_octets(one, limits) for one in ("text/html", None, "image/png", "application/pdf")] == [
        2000,
        2000,
        3000,
        3000,
    ]


def test_embedded_kinds_are_kinds() -> None:
    """Nothing is asked for that would not be kept."""
    with pytest.raises(DocumentError, match="'video' is not among kinds"):
        policy('[media]\nkinds = ["image"]\nembedded = ["image", "video"]')
    with pytest.raises(DocumentError, match=r"media\.kinds"):
        policy('[media]\nkinds = ["picture"]')
