"""What the policy is rendered from: the operator's files, read whole. Whatever is missing or wrong is said at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawler.blocklists.catalog import read_whole
from crawler.errors import DocumentError, Mistake
from crawler.policy.contradictions import contradictions
from crawler.policy.profile_gaps import provider_gaps
from crawler.policy.profile_reading import PROVIDER, RETENTION, provider, retention
from crawler.policy.reading import CRAWL_POLICY, missing_identity
from crawler.policy.texts import ENDING, FOLDER, read_text
from crawler.reports.copyright_policy.obligations import chapter
from crawler.storage.policies import open_contents
from crawler.values.strict_toml import Source
from crawler.values.toml_lines import line_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from crawler.blocklists.catalog import Catalog
    from crawler.policy.document import CrawlPolicy
    from crawler.policy.profiles import Provider, Retention
    from crawler.policy.texts import TextBlock
    from crawler.reports.copyright_policy.obligations import Obligation
    from crawler.storage.policy_folder import PolicyFolder
    from crawler.values.host import Suffixes


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """Everything of people; crawls come beside it."""

    folder: PolicyFolder
    policy: CrawlPolicy
    provider: Provider
    retention: Retention
    texts: Mapping[str, TextBlock]
    """By obligation."""
    catalog: Catalog
    catalog_file: bytes


def read_inputs(folder: PolicyFolder, catalog: bytes, *, tool_version: str, today: date, suffixes: Suffixes) -> Inputs:
    """Read all files of a folder that documents are made from.

    Raises DocumentError with every mistake, every contradiction and every obligation that nobody answered.
    """
    mistakes: list[Mistake] = []
    if PROVIDER not in folder.settings:
        mistakes.append(Mistake(file=PROVIDER, key="", line=None, problem="is missing; obligations are answered there"))
    sources = {name: Source(name, folder.settings.get(name, b"")) for name in (PROVIDER, RETENTION)}
    known = provider(sources[PROVIDER].root())
    kept = retention(sources[RETENTION].root())
    for source in sources.values():
        mistakes += source.mistakes
    texts, wrong = read_texts(folder)
    mistakes += wrong
    if not sources[PROVIDER].mistakes:
        told = [*contradictions(known, today=today)]
        mistakes += [_mistake(folder, key, problem) for key, problem in told]
        mistakes += _unanswered(folder, known, texts, today)
    policy, lists = None, None
    try:
        policy = open_contents(folder.settings, tool_version=tool_version, suffixes=suffixes).policy
    except DocumentError as error:
        mistakes += error.mistakes
    else:
        mistakes += _nobody(folder, policy)
    try:
        lists = read_whole(catalog)
    except DocumentError as error:
        mistakes += error.mistakes
    if mistakes or policy is None or lists is None:
        raise DocumentError(mistakes)
    return Inputs(
        folder=folder, policy=policy, provider=known, retention=kept, texts=texts, catalog=lists, catalog_file=catalog
    )


def read_texts(folder: PolicyFolder) -> tuple[dict[str, TextBlock], list[Mistake]]:
    """Text blocks by obligation, drafts included, and everything that is wrong with them."""
    ids = {one.id for one in chapter().obligations}
    found: dict[str, TextBlock] = {}
    mistakes: list[Mistake] = []
    for name, content in folder.texts.items():
        key = name.removeprefix(f"{FOLDER}/").removesuffix(ENDING)
        if key not in ids:
            problem = f"answers no obligation; files are named after one, like {FOLDER}/1.4-a{ENDING}"
            mistakes.append(Mistake(file=name, key="", line=None, problem=problem))
            continue
        found[key], wrong = read_text(name, content)
        mistakes += wrong
    return found, mistakes


def _unanswered(
    folder: PolicyFolder, known: Provider, texts: Mapping[str, TextBlock], today: date
) -> Iterator[Mistake]:
    """Every obligation without an answer, with the key that waits for one. A draft is no answer."""
    for one in chapter().obligations:
        text = texts.get(one.id)
        name = f"{FOLDER}/{one.id}{ENDING}"
        if text is not None:
            if text.missing:
                yield _open(name, ", ".join(text.missing), one, "a text counts once it is owned, approved and dated")
            if text.since is not None and text.since > today:
                yield Mistake(file=name, key="date", line=None, problem=f"is {text.since}, which is still to come")
        elif one.needs_text:
            yield _open(name, "", one, "write it, with owner, approved_by and date")
        for gap in provider_gaps(known):
            if gap.needed_for == one.id and not (gap.key in one.either and text is not None):
                hint = f"or write {name}" if gap.key in one.either else "fill it in"
                yield _mistake(folder, gap.key, f"{one.id} is not answered ({one.title}); {hint}")


def _nobody(folder: PolicyFolder, policy: CrawlPolicy) -> Iterator[Mistake]:
    """A crawler without a name is none that could be told of; test hosts know it anyway."""
    missing = () if policy.network.test_hosts else missing_identity(policy.identity)
    for key in missing:
        line = line_of(folder.settings[CRAWL_POLICY].decode(), ("identity", key))
        problem = "1.3-g is not answered (Information about the crawlers); fill it in"
        yield Mistake(file=CRAWL_POLICY, key=f"identity.{key}", line=line, problem=problem)


def _open(name: str, key: str, one: Obligation, hint: str) -> Mistake:
    return Mistake(file=name, key=key, line=None, problem=f"{one.id} is not answered ({one.title}); {hint}")


def _mistake(folder: PolicyFolder, key: str, problem: str) -> Mistake:
    content = folder.settings.get(PROVIDER)
    line = None if content is None else line_of(content.decode(), tuple(key.split(".")))
    return Mistake(file=PROVIDER, key=key, line=line, problem=problem)
