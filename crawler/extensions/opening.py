"""Opens everything that a crawl stands on, before Scrapy starts: policy, lists, suffixes, gate, store.

Whatever is wrong ends here as one message, with nothing half-written.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from itertools import islice
from typing import TYPE_CHECKING, Any

from crawler import __version__
from crawler.errors import UrlError, UsageError
from crawler.extensions.environment import environment, operator_domain
from crawler.extensions.writer import Writer
from crawler.policy.gate import Gate
from crawler.signing.identity import open_request_signer
from crawler.signing.sealer import open_sealer
from crawler.signing.stamps import open_stamper
from crawler.storage.announcements import announced
from crawler.storage.blocklists import open_blocklists
from crawler.storage.entries import RunInfo
from crawler.storage.policies import open_policy, require_identity
from crawler.storage.previous import Previous
from crawler.storage.seeds import read_seeds
from crawler.storage.space import free_space
from crawler.storage.store import CrawlStore
from crawler.storage.suffixes import bundled_suffixes
from crawler.tokenizers import open_tokenizer
from crawler.values.digest import sha256
from crawler.values.printable import for_terminal
from crawler.values.redaction import SECRET_NAMES, redact
from crawler.values.url import parse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from crawler.extensions.plan import CrawlPlan
    from crawler.policy.document import CrawlPolicy
    from crawler.signing.identity import RequestSigner
    from crawler.signing.sealer import Sealer
    from crawler.signing.stamps import StampClient
    from crawler.storage.blocklists import OpenedBlocklists
    from crawler.storage.entries import Share
    from crawler.storage.policies import OpenedPolicy
    from crawler.storage.suffixes import BundledSuffixes
    from crawler.tokenizers import Tokenizer

SOFTWARE = f"clearcrawl/{__version__}"
SEED_MISTAKES_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Parts:
    """What was opened; ``writer`` holds the folder's lock until it is closed."""

    plan: CrawlPlan
    policy: CrawlPolicy
    lists: OpenedBlocklists
    suffixes: BundledSuffixes
    gate: Gate
    writer: Writer
    columns: dict[str, Any]
    """Columns that are the same in every row of this run."""
    secret: bytes
    """Keys the redaction of secret-looking query values."""
    warnings: tuple[str, ...]
    details: dict[str, Any]
    """Digests and versions in force, as the log has them of the start."""
    previous: Previous | None
    """Earlier crawls that this one builds on."""
    opened_on: date
    """UTC day for which the lists were opened."""
    request_signer: RequestSigner | None = None
    """Signs each request, where the policy wants that."""
    tokenizer: Tokenizer | None = None
    """Counts tokens, where the policy names it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Documents:
    """What a crawl stands on, read and checked before any folder is touched."""

    opened: OpenedPolicy
    lists: OpenedBlocklists
    suffixes: BundledSuffixes
    details: dict[str, Any]
    previous: Previous | None
    run: RunInfo
    opened_on: date
    request_signer: RequestSigner | None
    tokenizer: Tokenizer | None
    sealer: Sealer
    stamper: StampClient | None

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the operator has to know before the start."""
        return (*self.sealer.news, *self.lists.warnings, *(self.previous.warnings if self.previous is not None else ()))


def open_documents(
    plan: CrawlPlan,
    seeds: Sequence[str] = (),
    *,
    project: Mapping[str, Any] | None = None,
    needs_identity: bool = True,
    share: Share | None = None,
) -> Documents:
    """Read the documents and check the seeds. Arguments and errors as for ``open_parts``."""
    suffixes = bundled_suffixes()
    opened = open_policy(plan.policies, tool_version=__version__, suffixes=suffixes)
    policy = opened.policy
    if needs_identity:
        require_identity(opened, plan.policies)
    today = datetime.now(UTC).date()
    lists = open_blocklists(plan.blocklists, today=today, ages=policy.blocklists, suffixes=suffixes)
    check_seeds(seeds)
    previous = _open_previous(plan, policy)
    config: dict[str, Any] = {"plan": plan.config(), "policy": policy.digest, "suffixes": suffixes.digest}
    if project is not None:
        config["project"] = dict(project)
    details = {
        "policy_version": policy.version,
        "policy_digest": policy.digest,
        "policy_files": {file.name: file.digest for file in opened.files},
        "profile": policy.profile.name,
        "suffix_list_digest": suffixes.digest,
        "suffix_list_version": suffixes.version.isoformat(),
        "announced": announced(plan.policies, policy),
        **details_of_lists(config, lists),
    }
    if previous is not None:
        details["previous"] = {"crawl_ids": list(previous.crawl_ids), "pages": previous.pages}
    _check_extras(policy)
    tokenizer = open_tokenizer(policy.facts.tokenizer, plan.policies)
    if tokenizer is not None:
        details["tokenizer"] = tokenizer.identity
    request_signer = open_request_signer(policy.publication, now=datetime.now(UTC))
    if request_signer is not None:
        details["requests_signed"] = {"agent": policy.publication.signature_agent, "key": request_signer.key_id}
    identity = policy.identity
    run = RunInfo(
        operator=identity.operator,
        product_token=identity.product_token,
        purpose=policy.purpose_name,
        user_agent=identity.user_agent,
        software=SOFTWARE,
        is_test=bool(policy.network.test_hosts),
        domain=operator_domain(identity),
        environment=environment(),
        details=details,
        share=share,
    )
    stamps = policy.timestamps
    return Documents(
        opened=opened,
        lists=lists,
        suffixes=suffixes,
        details=details,
        previous=previous,
        run=run,
        opened_on=today,
        request_signer=request_signer,
        tokenizer=tokenizer,
        stamper=open_stamper(stamps.urls, stamps.roots, stamps.interval),
        sealer=open_sealer(),
    )


def open_parts(
    plan: CrawlPlan,
    seeds: Sequence[str] = (),
    *,
    project: Mapping[str, Any] | None = None,
    needs_identity: bool = True,
    share: Share | None = None,
) -> Parts:
    """Read the documents, check the seeds, take the folder.

    ``project``: what surrounds the gate in a Scrapy project of somebody else; JSON values, for ``crawl.json``, the log.
    Without ``needs_identity`` a policy that names nobody opens, and the gate refuses whatever is not a test host.
    ``share``: given where several workers write the crawl.

    Raises ``UsageError`` (``DocumentError`` with all mistakes), ``FolderInUseError``, ``DamagedStateError`` or
    ``StorageError``; the folder is touched last.
    """
    found = open_documents(plan, seeds, project=project, needs_identity=needs_identity, share=share)
    policy, lists, identity = found.opened.policy, found.lists, found.opened.policy.identity
    writer = Writer(lambda: _open_store(plan, found), lambda: _has_space(plan, policy))
    writer.start()
    return Parts(
        plan=plan,
        policy=policy,
        lists=lists,
        suffixes=found.suffixes,
        gate=Gate(policy, lists.matcher, found.suffixes, lists.digest),
        writer=writer,
        columns={
            "crawl_id": writer.store.crawl_id,
            "profile": policy.profile.name,
            "purpose": policy.purpose_name,
            "origin": policy.origin,
            "on_behalf_of": identity.on_behalf_of,
            "crawler_id": identity.crawler_id,
            "product_token": identity.product_token,
            "user_agent": identity.user_agent,
            "policy_version": policy.version,
            "policy_digest": policy.digest,
            "lists_digest": lists.digest,
            "suffix_list_digest": found.suffixes.digest,
            "config_digest": found.details["config_digest"],
            "tool_version": SOFTWARE,
        },
        secret=writer.store.secret,
        warnings=found.warnings,
        details=found.details,
        previous=found.previous,
        opened_on=found.opened_on,
        request_signer=found.request_signer,
        tokenizer=found.tokenizer,
    )


def details_of_lists(config: dict[str, Any], lists: OpenedBlocklists) -> dict[str, Any]:
    """Say which blocklists are in force, and what the whole configuration comes to with them."""
    config = {**config, "lists": lists.digest}
    return {
        "lists_digest": lists.digest,
        "list_files": {file.name: file.digest for file in lists.files},
        "config_digest": sha256(json.dumps(config, sort_keys=True).encode()),
        "config": config,
    }


def _check_extras(policy: CrawlPolicy) -> None:
    if policy.network.http2 and find_spec("h2") is None:
        raise UsageError("[network] http2 of the policy needs the extra `http2`: pip install 'clearcrawl[http2]'")


def check_seeds(sources: Sequence[str]) -> None:
    """Read all seeds once. Raises ``UsageError`` with the place of each one that is no URL we could ask for."""
    mistakes = _seed_mistakes(sources)
    shown = list(islice(mistakes, SEED_MISTAKES_SHOWN))
    if not shown:
        return
    rest = sum(1 for _ in mistakes)
    more = [f"and {rest} more"] if rest else []
    advice = "Nothing was started: mend or remove these seeds; a seed is an absolute http or https URL."
    raise UsageError("\n".join([f"{len(shown) + rest} seeds cannot be used:", *shown, *more, advice]))


def _seed_mistakes(sources: Sequence[str]) -> Iterator[str]:
    for seed in read_seeds(sources):
        try:
            parse(seed.text)
        except UrlError as error:
            text = for_terminal(redact(seed.text, SECRET_NAMES, b"")[:200])
            yield f"{seed.place}: {text!r}: {error}"


def _has_space(plan: CrawlPlan, policy: CrawlPolicy) -> bool:
    """R5.5: the smaller of the two reserves stays free."""
    limits = policy.limits
    return not free_space(plan.out, octets=limits.free_space_bytes, share=limits.free_space_share).is_low


def _open_previous(plan: CrawlPlan, policy: CrawlPolicy) -> Previous | None:
    if not plan.previous:
        return None
    return Previous.open(plan.previous, out=plan.out, is_test=bool(policy.network.test_hosts))


def _open_store(plan: CrawlPlan, found: Documents) -> CrawlStore:
    store = CrawlStore.open(
        plan.out, run=found.run, worker=plan.worker, previous=found.previous, sealer=found.sealer,
        stamper=found.stamper,
    )  # fmt: skip
    for file in found.opened.files:
        store.keep("policies", file.content)
    for listed in found.lists.files:
        store.keep("blocklists", listed.content)
    return store
