"""The stable codes of all reasons: what each says to people, which check gives it, what it leads to.

Codes are never renamed or reused; a retired one stays in the table. Columns ``reason`` and ``reasons``, the Scrapy
stats and docs/reasons.md are made of this table.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from crawler.policy.decision import Verdict


class Check(IntEnum):
    """The checks in the order of the gate (R2.2) and, behind it, of the response; earlier ones decide first."""

    URL = 1
    HOST = 2
    BLOCKLIST = 3
    ROBOTS = 4
    BUDGET = 5
    CONNECTION = 6
    BARRIER = 7
    STATUS = 8
    CONTENT = 9
    SITE_FILES = 10
    RIGHTS = 11
    PROFILE = 12
    OVERRIDE = 13
    OPERATION = 14

    @property
    def title(self) -> str:
        """Lower-case word for stats and documents."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Reason:
    """One row of the table."""

    code: str
    check: Check
    verdicts: tuple[Verdict, ...]
    """What it may lead to; more than one where the policy or the site chooses."""
    sentence: str
    """For people; complete without the code."""
    is_liftable: bool = False
    """Whether a dated ``[[override]]`` may name it."""

    @property
    def stat(self) -> str:
        """Name of the Scrapy stat that counts it."""
        return f"clearcrawl/{self.check.title}/{self.code}"


_ALLOW = (Verdict.ALLOW,)
_DENY = (Verdict.DENY,)
_DEFER = (Verdict.DEFER,)
_DENY_OR_DEFER = (Verdict.DENY, Verdict.DEFER)

TABLE: tuple[Reason, ...] = (
    # the URL itself (R2.3)
    Reason("scheme_refused", Check.URL, _DENY, "The scheme is not http or https."),
    Reason("url_malformed", Check.URL, _DENY, "The text is not a URL that can be written in one canonical way."),
    Reason("url_too_long", Check.URL, _DENY, "The canonical URL is longer than [limits] url_bytes."),
    Reason("userinfo_refused", Check.URL, _DENY, "The URL carries a user name or password; nobody is logged in."),
    Reason("port_refused", Check.URL, _DENY, "The port is not one of [network] ports."),
    Reason(
        "request_refused",
        Check.URL,
        _DENY,
        "Only GET without a body is sent, and never through a proxy; the project asked for something else.",
    ),
    # the host and its address (R4.1)
    Reason("host_refused", Check.HOST, _DENY, "The host is local, reserved, or not a name of the public internet."),
    Reason("address_refused", Check.HOST, _DENY, "The host's address is not a public one."),
    Reason(
        "identity_missing",
        Check.HOST,
        _DENY,
        "The policy names no operator, contact or product token, so only test hosts may be asked.",
    ),
    # whom we never visit
    Reason("blocklist", Check.BLOCKLIST, _DENY, "A blocklist entry covers the host, URL or address.", is_liftable=True),
    # robots.txt (RFC 9309)
    Reason("robots_disallow", Check.ROBOTS, _DENY, "A robots.txt rule disallows the URL for us.", is_liftable=True),
    Reason("robots_rules", Check.ROBOTS, _ALLOW, "robots.txt was read and does not disallow the URL."),
    Reason("robots_empty", Check.ROBOTS, _ALLOW, "robots.txt was read and holds no rule for us."),
    Reason("robots_unavailable", Check.ROBOTS, _ALLOW, "The site has no robots.txt (RFC 9309 section 2.3.1.3)."),
    Reason(
        "robots_forbidden",
        Check.ROBOTS,
        _DENY,
        "robots.txt itself is behind access control (401, 402, 403, 407, 451 or an answer without meaning).",
        is_liftable=True,
    ),
    Reason(
        "robots_busy",
        Check.ROBOTS,
        _DEFER,
        "The site asked to wait before robots.txt is read (408, 429).",
        is_liftable=True,
    ),
    Reason(
        "robots_unreachable",
        Check.ROBOTS,
        _DENY_OR_DEFER,
        "robots.txt could not be read (5xx, time-out, DNS, TLS, network, undecodable): complete disallow.",
        is_liftable=True,
    ),
    Reason(
        "robots_redirect",
        Check.ROBOTS,
        _DENY_OR_DEFER,
        "robots.txt redirects too often, in a loop, or to a place that may not be asked.",
        is_liftable=True,
    ),
    Reason(
        "robots_truncated",
        Check.ROBOTS,
        _DENY,
        "robots.txt is larger than what is read and no rule in the read part matched.",
        is_liftable=True,
    ),
    Reason(
        "robots_too_complex",
        Check.ROBOTS,
        _DENY,
        "robots.txt exceeds the bounds of parsing or matching.",
        is_liftable=True,
    ),
    Reason(
        "robots_delay_too_long",
        Check.ROBOTS,
        _DEFER,
        "robots.txt demands a wait above [politeness] max_delay; the host is left for later, never sped up.",
        is_liftable=True,
    ),
    Reason("robots_file", Check.ROBOTS, _ALLOW, "This is robots.txt itself, which may always be asked for."),
    # budget
    Reason(
        "trap_limit",
        Check.BUDGET,
        _DENY,
        "The URL lies beyond a limit of [traps]: depth, pages of the domain, repeated path segments, or URLs alike.",
        is_liftable=True,
    ),
    Reason(
        "site_pause",
        Check.BUDGET,
        _DEFER,
        "The site asked for a longer pause (Retry-After, overload); the URL waits for another time.",
    ),
    Reason(
        "sitemap_limit",
        Check.BUDGET,
        _DENY,
        "[limits] sitemap_files or sitemap_depth: one sitemap too many for its site, or too deep in indexes.",
    ),
    Reason("site_file", Check.BUDGET, _ALLOW, "A site file that states rights; it is evidence, not a page."),
    # the connection
    Reason("dns_error", Check.CONNECTION, _DEFER, "The host name could not be resolved."),
    Reason("tls_error", Check.CONNECTION, _DEFER, "The TLS connection or the certificate was not acceptable."),
    Reason("connection_error", Check.CONNECTION, _DEFER, "The connection failed or broke."),
    Reason("timeout", Check.CONNECTION, _DEFER, "The site did not answer within the times of [limits]."),
    Reason("headers_too_large", Check.CONNECTION, _DENY, "The response head exceeds the limits of [limits]."),
    Reason("too_many_codings", Check.CONNECTION, _DENY, "The body is wrapped in more codings than [limits] permits."),
    Reason("body_too_large", Check.CONNECTION, _DENY, "The body is larger than [limits] permits."),
    Reason("body_incomplete", Check.CONNECTION, _DEFER, "The body ended before its announced end."),
    Reason("undecodable", Check.CONNECTION, _DENY, "The body cannot be decoded as its Content-Encoding says."),
    # access barriers (code of practice 1.2-a; never got round)
    Reason("challenge", Check.BARRIER, _DENY, "The site answered with a challenge or captcha; we never solve one."),
    Reason("login_redirect", Check.BARRIER, _DENY, "The site redirects to a login page; we never log in."),
    Reason(
        "login_form",
        Check.BARRIER,
        _DENY,
        "The page is a login form and hardly anything else.",
        is_liftable=True,
    ),
    Reason("paywall", Check.BARRIER, _DENY, "The page says that it is not accessible for free."),
    # status of the resource (opt-outs.md section 14)
    Reason("http_401", Check.STATUS, _DENY, "401: the site asks for credentials."),
    Reason("http_402", Check.STATUS, _DENY, "402: the site asks for payment."),
    Reason("http_403", Check.STATUS, _DENY, "403: the site forbids access."),
    Reason("http_407", Check.STATUS, _DENY, "407: a proxy asks for credentials."),
    Reason("http_451", Check.STATUS, _DENY, "451: unavailable for legal reasons."),
    Reason("http_429", Check.STATUS, _DEFER, "429: too many requests; asked again later."),
    Reason("http_busy", Check.STATUS, _DEFER, "408 or 5xx: the server cannot answer now; asked again later."),
    Reason(
        "http_unavailable", Check.STATUS, _DENY, "The resource is not there (404, 410 or another status without one)."
    ),
    Reason(
        "redirect", Check.STATUS, _ALLOW, "A redirect; the hop is kept as a record and its target judged for itself."
    ),
    Reason("not_modified", Check.STATUS, _ALLOW, "304: unchanged since the stored copy."),
    Reason(
        "stored_copy_unusable",
        Check.STATUS,
        _DEFER,
        "304, but the stored copy cannot stand for it; asked again without a condition.",
    ),
    Reason("too_many_redirects", Check.STATUS, _DENY, "The chain of redirects is longer than [limits] redirects."),
    Reason("redirect_loop", Check.STATUS, _DENY, "The chain of redirects comes back to a URL of its own."),
    # content
    Reason("unparseable", Check.CONTENT, _DENY, "The page exceeds what the parser may take, so it was not read whole."),
    Reason(
        "sitemap_refused",
        Check.CONTENT,
        _DENY,
        "The sitemap or feed is hostile, malformed or larger than [limits] permits; nothing in it was used.",
    ),
    Reason("media_type_not_wanted", Check.CONTENT, _DENY, "The media type is not one that this crawl collects."),
    # site files
    Reason(
        "site_file_unread",
        Check.SITE_FILES,
        _DENY_OR_DEFER,
        "A file or document that may reserve rights could not be read (5xx, time-out, network).",
        is_liftable=True,
    ),
    # rights (opt-outs.md section 2)
    Reason("agreement", Check.RIGHTS, _ALLOW, "A written licence of the operator covers the URL and the purpose."),
    Reason("optout_reserved", Check.RIGHTS, _DENY, "A machine-readable statement reserves this use."),
    Reason("optout_conditional", Check.RIGHTS, _DENY, "A statement permits this use only under an unmet condition."),
    Reason("condition_met", Check.RIGHTS, _ALLOW, "The conditions of the statements are named as met by the policy."),
    Reason("statement_allowed", Check.RIGHTS, _ALLOW, "A statement permits this use and none reserves it."),
    # profile
    Reason(
        "unknown_allowed", Check.PROFILE, _ALLOW, "Nobody reserved this use, and the profile collects such material."
    ),
    Reason("unknown_denied", Check.PROFILE, _DENY, "Nobody permitted this use, and the profile demands permission."),
    Reason(
        "permission_pending",
        Check.PROFILE,
        _ALLOW,
        "Nobody permitted this use so far; the response is asked for, since it may carry the permission.",
    ),
    # what legal decided
    Reason("override", Check.OVERRIDE, _ALLOW, "A dated override of the policy lifts a refusal here."),
    # ourselves
    Reason("internal_error", Check.OPERATION, _DENY, "A check of ours failed; that counts as a refusal."),
    Reason("storage_error", Check.OPERATION, _DEFER, "The result could not be stored; the crawl stops."),
)

REASONS: dict[str, Reason] = {reason.code: reason for reason in TABLE}

LIFTABLE: frozenset[str] = frozenset(reason.code for reason in TABLE if reason.is_liftable)


def reason_of(code: str) -> Reason:
    """Look up the row; a code that is not in the table is ``internal_error``, which refuses."""
    return REASONS.get(code) or REASONS["internal_error"]
