"""What an attempt to fetch robots.txt means (RFC 9309 section 2.3, PC-10, R3.1 to R3.3).

Decides from the status or the error alone; whoever gets a body back parses it (groups.py). Fetches nothing and knows no
clock: ages come in as values. Each outcome that is not plainly good is a refusal or a wait of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from crawler.errors import DamagedStateError
from crawler.values.digest import sha256

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crawler.values.digest import Digest

LIFETIME_S: Final = 86_400
"""A copy serves so long while the server answers (RFC 9309 section 2.4)."""

UNREACHABLE_LIFETIME_S: Final = 30 * 86_400
"""The last good copy serves so long while the server does not."""

REDIRECTS_LIMIT: Final = 5

_RETRIES: Final = (300.0, 1800.0, 7200.0)
_RETRY_AFTER_THAT: Final = 3600.0


class RobotsAccess(StrEnum):
    """May the URL be asked for, as far as robots.txt goes."""

    ALLOW = "allow"
    DENY = "deny"
    DEFER = "defer"


class RobotsCode(StrEnum):
    """The outcomes of ``policy.reasons`` that robots.txt makes."""

    RULES = "robots_rules"
    EMPTY = "robots_empty"
    REDIRECT = "robots_redirect"
    UNAVAILABLE = "robots_unavailable"
    FORBIDDEN = "robots_forbidden"
    BUSY = "robots_busy"
    UNREACHABLE = "robots_unreachable"
    TRUNCATED = "robots_truncated"
    TOO_COMPLEX = "robots_too_complex"
    DISALLOW = "robots_disallow"
    """Only as the reason of an answer: a rule denies."""


_PARSED: Final = frozenset({200, 203})
_NOT_MODIFIED: Final = 304
_FORBIDDEN: Final = (RobotsCode.FORBIDDEN, RobotsAccess.DENY)
_BUSY: Final = (RobotsCode.BUSY, RobotsAccess.DEFER)
_NO_COPY: Final = (RobotsCode.UNREACHABLE, RobotsAccess.DENY)
_BY_STATUS: Final = {
    204: (RobotsCode.EMPTY, RobotsAccess.ALLOW),
    206: (RobotsCode.TRUNCATED, RobotsAccess.DENY),
    _NOT_MODIFIED: _NO_COPY,
    401: _FORBIDDEN,
    402: _FORBIDDEN,
    403: _FORBIDDEN,
    407: _FORBIDDEN,
    451: _FORBIDDEN,
    408: _BUSY,
    429: _BUSY,
}
_BY_CLASS: Final = {
    2: _NO_COPY,  # it answered, but with nothing that is said to be the file: no older copy instead
    3: (RobotsCode.REDIRECT, RobotsAccess.DENY),  # names no target that can be followed
    4: (RobotsCode.UNAVAILABLE, RobotsAccess.ALLOW),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotsFetch:
    """What came of asking an authority for its robots.txt."""

    requested: str
    """URL that was asked first; its authority is the one bound."""
    status: int | None = None
    """Of the last response, ``None`` where there was none."""
    error: str | None = None
    """``timeout``, ``dns``, ``tls``, ``connection``, ``truncated`` (short body), ``undecodable`` (content coding),
    ``too_many_redirects``, ``redirect_loop``, ``hop_refused`` (by our gate), ``site_pause`` (the domain had asked to be
    left alone, so nothing was sent), or another word: unreachable."""
    hops: tuple[str, ...] = ()
    """Targets of the redirects that were followed or refused, in order."""
    content_type: str | None = None
    """As sent; recorded, never looked at."""
    body: bytes = b""
    """After content decoding."""
    is_truncated: bool = False
    """Whether the size limit cut ``body`` off; a body that ended early is the error ``truncated``."""
    retry_after_s: float | None = None
    failures: int = 1
    """How many attempts in a row, this one included, ended as busy, redirect or unreachable."""
    retrieved_at: datetime | None = None
    cached_body: bytes | None = None
    """The last good copy, where one is at hand."""
    cached_age_s: float | None = None
    cached_is_truncated: bool = False
    unreachable_for_s: float | None = None
    """How long ago the authority began not to answer."""

    def to_facts(self) -> dict[str, object]:
        """Give the evidence as JSON values; bodies are named by digest and stored as records of their own."""
        return {
            "requested": self.requested,
            "status": self.status,
            "error": self.error,
            "hops": list(self.hops),
            "content_type": self.content_type,
            "body": sha256(self.body),
            "is_truncated": self.is_truncated,
            "retry_after_s": self.retry_after_s,
            "failures": self.failures,
            "retrieved_at": None if self.retrieved_at is None else self.retrieved_at.isoformat(),
            "cached_body": None if self.cached_body is None else sha256(self.cached_body),
            "cached_age_s": self.cached_age_s,
            "cached_is_truncated": self.cached_is_truncated,
            "unreachable_for_s": self.unreachable_for_s,
        }

    @classmethod
    def from_facts(cls, facts: Mapping[str, object], bodies: Mapping[Digest, bytes]) -> RobotsFetch:
        """Read back what ``to_facts`` gave; ``bodies`` holds the stored bytes by digest.

        Raises ``DamagedStateError`` where a body is missing or another one than the evidence names.
        """
        values = dict(facts)
        body, cached, at = values.pop("body"), values.pop("cached_body"), values.pop("retrieved_at")
        return cls(
            **(values | {"hops": tuple(values["hops"])}),  # type: ignore[arg-type] # as to_facts wrote them
            body=_stored(bodies, body),
            cached_body=None if cached is None else _stored(bodies, cached),
            retrieved_at=None if at is None else datetime.fromisoformat(str(at)),
        )


def _stored(bodies: Mapping[Digest, bytes], digest: object) -> bytes:
    body = b"" if digest == sha256(b"") else bodies.get(digest)  # type: ignore[call-overload] # any JSON value
    if body is None or sha256(body) != digest:
        raise DamagedStateError(f"robots.txt body {digest} is missing from the evidence or was changed")
    return body


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotsOutcome:
    """What the fetch means: an access that holds for every URL of the authority, or a body to parse."""

    code: RobotsCode
    access: RobotsAccess | None
    """``None``: the rules of ``body`` decide."""
    body: bytes | None = None
    """Only where ``access`` is ``None``."""
    is_truncated: bool = False
    """``body`` is the beginning of a longer file: where no rule matches, deny."""
    is_cached: bool = False
    """``body`` is an older copy, used because the authority does not answer, or says that it still holds."""
    status: int | None = None
    error: str | None = None
    digest: Digest | None = None
    """Of ``body`` as received."""
    retrieved_at: datetime | None = None
    """When ``body`` was received, or the attempt failed."""
    retry_after: float | None = None
    """Seconds until the next attempt; ``None``: after ``LIFETIME_S``."""


def retry_delay(failures: int) -> float:
    """Seconds until an authority that failed so many times in a row is asked again (R3.3)."""
    return _RETRIES[max(failures, 1) - 1] if failures <= len(_RETRIES) else _RETRY_AFTER_THAT


def judge(fetch: RobotsFetch) -> RobotsOutcome:
    """Say what the fetch means. Total: whatever is not known to be good denies."""
    status = fetch.status or 0
    if fetch.error is not None:
        return _judge_error(fetch)
    if len(fetch.hops) > REDIRECTS_LIMIT:
        return _refuse(fetch, RobotsCode.REDIRECT, RobotsAccess.DEFER)
    if status in _PARSED:
        return _parse(fetch, fetch.body, is_truncated=fetch.is_truncated)
    if status == _NOT_MODIFIED and fetch.cached_body is not None:
        return _parse(fetch, fetch.cached_body, is_truncated=fetch.cached_is_truncated, is_cached=True)
    ruling = _BY_STATUS.get(status) or _BY_CLASS.get(status // 100)
    return _refuse(fetch, *ruling) if ruling else _judge_unreachable(fetch)


def _judge_error(fetch: RobotsFetch) -> RobotsOutcome:
    if fetch.error in {"too_many_redirects", "redirect_loop"}:
        return _refuse(fetch, RobotsCode.REDIRECT, RobotsAccess.DEFER)
    if fetch.error == "site_pause":
        return _refuse(fetch, *_BUSY)
    if fetch.error == "hop_refused":
        return _refuse(fetch, RobotsCode.REDIRECT, RobotsAccess.DENY)
    return _judge_unreachable(fetch)


def _judge_unreachable(fetch: RobotsFetch) -> RobotsOutcome:
    """Use the last good copy for 30 days, else deny; an age that is not known is too old."""
    age, since = fetch.cached_age_s, fetch.unreachable_for_s or 0
    if fetch.cached_body is not None and age is not None and max(age, since) <= UNREACHABLE_LIFETIME_S:
        return _parse(fetch, fetch.cached_body, is_truncated=fetch.cached_is_truncated, is_cached=True)
    return _refuse(fetch, RobotsCode.UNREACHABLE, RobotsAccess.DENY)


def _parse(fetch: RobotsFetch, body: bytes, *, is_truncated: bool, is_cached: bool = False) -> RobotsOutcome:
    age = timedelta(seconds=fetch.cached_age_s or 0) if is_cached else timedelta()
    return RobotsOutcome(
        code=RobotsCode.RULES,
        access=None,
        body=body,
        is_truncated=is_truncated,
        is_cached=is_cached,
        status=fetch.status,
        error=fetch.error,
        digest=sha256(body),
        retrieved_at=None if fetch.retrieved_at is None else fetch.retrieved_at - age,
        retry_after=_wait(fetch) if is_cached and fetch.status != _NOT_MODIFIED else None,
    )


def _refuse(fetch: RobotsFetch, code: RobotsCode, access: RobotsAccess) -> RobotsOutcome:
    waits = access is RobotsAccess.DEFER or code is RobotsCode.UNREACHABLE
    return RobotsOutcome(
        code=code,
        access=access,
        status=fetch.status,
        error=fetch.error,
        retrieved_at=fetch.retrieved_at,
        retry_after=_wait(fetch) if waits else None,
    )


def _wait(fetch: RobotsFetch) -> float:
    return max(retry_delay(fetch.failures), fetch.retry_after_s or 0.0)
