"""The documents of ``reports`` as pages of the site; where one cannot be made yet, an honest page in its place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawler.errors import ClearcrawlError
from crawler.publishing.pages import gap_page, with_navigation
from crawler.reports.copyright_policy.making import Job as PolicyJob
from crawler.reports.copyright_policy.making import make as make_policy
from crawler.reports.training.document import summary_facts
from crawler.reports.training.formats import render
from crawler.reports.training.making import make as make_training
from crawler.values.amounts import counted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from pathlib import Path
    from typing import Any

    from crawler.publishing.pages import Site
    from crawler.reports.copyright_policy.document import Crawls
    from crawler.storage.profiles import Profiles

POLICY = "policy-summary.html"
TRAINING = "training-summary.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What documents are made of."""

    policies: Path
    blocklists: Path
    archive: Path
    profiles: Profiles
    crawls: Crawls
    today: date
    stage: Path
    """Where files may be made that go into the site later."""


def policy_documents(
    site: Site, facts: dict[str, Any], sources: Sources, notes: list[str]
) -> Iterator[tuple[str, bytes]]:
    """The public summary of the copyright policy."""
    try:
        made = make_policy(
            PolicyJob(
                policies=sources.policies,
                blocklists=sources.blocklists,
                archive=sources.archive,
                crawls=sources.crawls,
                today=sources.today,
            )
        )
    except ClearcrawlError as error:
        first, *more = str(error).splitlines()
        rest = f" (and {len(more)} more)" if more else ""
        notes.append(f"{POLICY} is a gap: {first}{rest}; see: clearcrawl policy render --public")
        text = "The summary of the copyright policy is still being written."
        yield POLICY, gap_page(site, facts, file=POLICY, heading="Summary of the copyright policy", text=text)
        return
    yield POLICY, with_navigation(site, made.documents[POLICY], POLICY)
    yield "policy-summary.json", made.documents["policy-summary.json"]


def training_documents(
    site: Site, facts: dict[str, Any], sources: Sources, notes: list[str]
) -> Iterator[tuple[str, bytes]]:
    """The summary of the training content, with the domain list that the template asks for."""
    folders = sources.crawls.folders
    heading = "Public summary of training content"
    if not folders:
        notes.append(f"{TRAINING} is a gap: no crawl was named")
        text = "No crawl has been published yet, so that there is nothing to sum up."
        yield TRAINING, gap_page(site, facts, file=TRAINING, heading=heading, text=text)
        return
    checked = {one.root: None if one.findings or one.undecided else one for one in sources.crawls.checked}
    output = sources.stage / "training" / TRAINING
    output.parent.mkdir()
    try:
        context = make_training(checked, sources.profiles, basis="fetched", today=sources.today, output=output)
        body = summary_facts(context)
        page = render(output, body)
    except ClearcrawlError as error:
        notes.append(f"{TRAINING} is a gap: {str(error).splitlines()[0]}; see: clearcrawl summary")
        text = "The summary of the training content is still being written."
        yield TRAINING, gap_page(site, facts, file=TRAINING, heading=heading, text=text)
        return
    gaps = body.body["counts"]["gap"]
    if gaps:
        notes.append(f"{TRAINING} names {counted(gaps, 'gap')}; see: clearcrawl summary")
    yield TRAINING, with_navigation(site, page, TRAINING)
    for path in sorted(output.parent.iterdir()):
        yield path.name, path.read_bytes()
