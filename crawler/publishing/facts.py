"""What the crawler page tells, as JSON values, and what differs between two of its versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawler.policy.announcing import crawler_settings
from crawler.policy.conformance import run_case
from crawler.publishing.examples import examples
from crawler.storage.announcements import SOFTWARE, Change

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from crawler.policy.document import CrawlPolicy
    from crawler.policy.profiles import Provider
    from crawler.publishing.examples import Example

FORMAT = "clearcrawl-crawler-page/1"
FACTS = ("crawler", "provider", "rightsholders", "address", "request_keys", "opting_out")
"""Members of the facts."""
_NOTHING = object()
_DIGEST_KEYS = frozenset({"crawler.policy_digest"})


def page_facts(policy: CrawlPolicy, provider: Provider, request_keys: Sequence[str] = ()) -> dict[str, Any]:
    """All of the page but its date and number: the same files and keys give the same facts.

    ``request_keys``: thumbprints of the keys that sign requests, the one in use first.
    """
    rights = provider.rightsholders
    return {
        "crawler": crawler_settings(policy, software=SOFTWARE),
        "provider": {"name": provider.name or policy.identity.operator, "website": provider.website},
        "rightsholders": {
            "contact": rights.contact or policy.identity.contact,
            "form": rights.form,
            "languages": list(rights.languages),
            "acknowledge_days": rights.acknowledge_days,
            "decide_days": rights.decide_days,
            "mechanism": rights.mechanism,
        },
        "address": policy.publication.address,
        "request_keys": list(request_keys),
        "opting_out": [
            {
                "id": one.id,
                "protocol": one.protocol,
                "title": one.title,
                "means": one.means,
                "parts": [{"where": part.where, "text": part.text} for part in one.parts],
            }
            for one in _holding(policy)
        ],
    }


def _holding(policy: CrawlPolicy) -> Iterator[Example]:
    """Examples that mean for this crawler and its purpose what they say; not those of a protocol that is set aside."""
    off = {reader for one in policy.protocols_off for reader in one.readers}
    aside = {one.name for one in policy.protocols if off & set(one.readers)} | off
    token, purpose = policy.identity.product_token, policy.purpose.value
    for one in examples(token):
        if one.protocol not in aside and all(run_case(case).passed for case in one.cases(token, purpose)):
            yield one


def differences(before: Any, after: Any) -> tuple[Change, ...]:
    """Every value that is not as it was, by dotted key; digests last. Entries of lists go by ``id``."""
    found = _differences("", before, after)
    return tuple(sorted(found, key=lambda one: one.key in _DIGEST_KEYS))


def title_of(changes: tuple[Change, ...]) -> str:
    """One line for a feed. The digest of the files is named only where nothing else differs."""
    named = [one.key for one in changes if one.key not in _DIGEST_KEYS] or [one.key for one in changes]
    shown = ", ".join(named[:3])
    return shown if len(named) <= 3 else f"{shown} and {len(named) - 3} more"  # noqa: PLR2004 - as many as fit a line


def _differences(key: str, before: Any, after: Any) -> Iterator[Change]:
    old, new = _parts(before), _parts(after)
    if old is None or new is None:
        if before != after:
            yield Change(
                key=key,
                before=None if before is _NOTHING else before,
                after=None if after is _NOTHING else after,
            )
        return
    for name in dict.fromkeys((*old, *new)):
        inner = f"{key}.{name}" if key else name
        yield from _differences(inner, old.get(name, _NOTHING), new.get(name, _NOTHING))


def _parts(value: Any) -> dict[str, Any] | None:
    """Members by name; ``None`` for what is compared as a whole."""
    if isinstance(value, dict):
        return value
    if isinstance(value, list) and value and all(isinstance(one, dict) and "id" in one for one in value):
        return {str(one["id"]): one for one in value}
    return None
