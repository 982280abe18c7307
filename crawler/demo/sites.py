"""All sites of the demo, in the order in which they are told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.demo.barriers import barrier_sites
from crawler.demo.hazards import hazard_sites
from crawler.demo.open_sites import open_sites
from crawler.demo.rights import rights_sites

if TYPE_CHECKING:
    from crawler.demo.site import Place, Site


def all_sites(place: Place) -> tuple[Site, ...]:
    """Make the sites for the addresses that ``place`` gives them."""
    return (*open_sites(place), *rights_sites(place), *barrier_sites(), *hazard_sites(place))
