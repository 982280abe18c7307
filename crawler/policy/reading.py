"""Text of ``policies/`` to ``CrawlPolicy``: strict, and all mistakes of all files in one error.

Opening the files is the business of ``storage.policies``; what a key means, of ``sections`` and ``exceptions``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawler.errors import DocumentError, Mistake
from crawler.policy import exceptions, sections
from crawler.policy.announcing import publication
from crawler.policy.document import CrawlPolicy
from crawler.values.digest import sha256
from crawler.values.strict_toml import Source

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from crawler.policy.document import Identity, Profile
    from crawler.values.digest import Digest
    from crawler.values.host import Suffixes
    from crawler.values.strict_toml import Table

CRAWL_POLICY = "crawl-policy.toml"
AGREEMENTS = "agreements.toml"
PROTOCOLS = "protocols.toml"
FILES = (AGREEMENTS, CRAWL_POLICY, PROTOCOLS)
"""The files that decide, in the order of the digest. Only the crawl policy has to exist."""

ORIGINS = (
    "own_crawl",
    "on_behalf",
    "public_dataset",
    "licensed",
    "private_third_party",
    "user",
    "synthetic",
    "other",
)


def policy_digest(files: Mapping[str, bytes]) -> Digest:
    """Digest over the exact bytes of the files that decide.

    It is the SHA-256 of what ``sha256sum`` prints for the existing files in the order of ``FILES``, so that a stranger
    can compute it with ``sha256sum agreements.toml crawl-policy.toml protocols.toml | sha256sum``.
    """
    lines = [f"{sha256(files[name]).removeprefix('sha256:')}  {name}\n" for name in FILES if name in files]
    return sha256("".join(lines).encode())


def read_policy(files: Mapping[str, bytes], *, tool_version: str, suffixes: Suffixes | None = None) -> CrawlPolicy:
    """Read the files, given by their names; raises ``DocumentError`` with every mistake of every file.

    Files of other names are left alone. ``tool_version`` goes into the user agent; ``suffixes`` tells public suffixes
    from domains in the scopes of overrides.
    """
    if CRAWL_POLICY not in files:
        raise DocumentError([Mistake(file=CRAWL_POLICY, key="", line=None, problem="is missing from the folder")])
    sources = {name: Source(name, files.get(name, b"")) for name in FILES}
    root = sources[CRAWL_POLICY].root()
    agreed = sources[AGREEMENTS].root()
    identity = sections.identity(root.table("identity"), tool_version=tool_version)
    entries, off = exceptions.protocols(sources[PROTOCOLS].root())
    policy = CrawlPolicy(
        version=root.text("version", limit=40),
        digest=policy_digest(files),
        purpose=exceptions.USES[root.choice("purpose", tuple(exceptions.USES), "ai_training")],
        identity=identity,
        profile=_profile(root),
        conditional_met=sections.conditional_met(root.table("conditional")),
        unread=sections.unread(root.table("unread")),
        politeness=sections.politeness(root.table("politeness")),
        limits=sections.limits(root.table("limits")),
        traps=sections.traps(root.table("traps")),
        media=sections.media(root.table("media")),
        facts=sections.facts(root.table("facts")),
        network=sections.network(root.table("network")),
        robots=sections.robots(root.table("robots")),
        blocklists=sections.blocklists(root.table("blocklists")),
        timestamps=sections.timestamps(root.table("timestamps")),
        lookups=sections.lookups(root.table("lookups")),
        publication=publication(root.table("publication")),
        overrides=exceptions.overrides(root.tables("override"), suffixes),
        agreements=exceptions.agreements(agreed.tables("agreement")),
        origin=_origin(root, identity),
        protocols=entries,
        protocols_off=off,
    )
    root.finish()
    agreed.finish()
    mistakes = [mistake for source in sources.values() for mistake in source.mistakes]
    if mistakes:
        raise DocumentError(sorted(mistakes, key=lambda one: (FILES.index(one.file), one.line or 0)))
    return policy


def _profile(root: Table) -> Profile:
    known = sections.profiles(root.table("profiles"))
    return known[root.choice("profile", tuple(known), "reservation")]


def _origin(root: Table, identity: Identity) -> str:
    default = "own_crawl" if identity.on_behalf_of is None else "on_behalf"
    origin = root.choice("origin", ORIGINS, default)
    if (origin == "on_behalf") != (identity.on_behalf_of is not None):
        root.mistake("origin", 'is "on_behalf" exactly where [identity] on_behalf_of names for whom')
    return origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something in a policy that is no mistake, and that its owner should know."""

    key: str
    text: str


def missing_identity(identity: Identity) -> tuple[str, ...]:
    """Keys of ``[identity]`` that must be filled in before anything but a test host is asked."""
    values = {
        "operator": identity.operator,
        "contact": identity.contact,
        "product_token": "" if identity.product_token == sections.PLACEHOLDER_TOKEN else identity.product_token,
    }
    return tuple(key for key, value in values.items() if not value)


def notes(policy: CrawlPolicy, today: date) -> tuple[Note, ...]:
    """What to say at the start: dated lines out of their time, a missing identity, test hosts. ``today`` is UTC."""
    found = [
        Note(key=f"override[{at}]", text=f"{one.scope}: {note}")
        for at, one in enumerate(policy.overrides, start=1)
        if (note := _out_of_time(one.valid_from, one.valid_to, today))
    ]
    found += [
        Note(key=f"agreement[{at}]", text=f"{one.scope}: {note}")
        for at, one in enumerate(policy.agreements, start=1)
        if (note := _out_of_time(one.valid_from, one.valid_to, today))
    ]
    found += [
        Note(key="off", text=f"{', '.join(one.readers)}: {_out_of_time(one.valid_from, one.valid_to, today) or 'off'}")
        for one in policy.protocols_off
    ]
    missing = missing_identity(policy.identity)
    if missing:
        keys = ", ".join(f"identity.{key}" for key in missing)
        found.append(Note(key="identity", text=f"only test hosts may be asked until these are filled in: {keys}"))
    if policy.network.test_hosts:
        found.append(Note(key="network.test_hosts", text="test hosts are configured: the crawl is marked TEST"))
    return tuple(found)


def _out_of_time(first: date | None, last: date | None, today: date) -> str | None:
    if last is not None and last < today:
        return f"expired on {last}, counts no longer"
    if first is not None and first > today:
        return f"counts from {first}"
    return None
