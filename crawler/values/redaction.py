"""Secrets in URLs, made unreadable for rows, logs and reports (R7.1); the record alone keeps the exact URL."""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Collection

SECRET_NAMES = frozenset(
    {
        *("token", "tokens", "key", "keys", "sig", "signature", "hmac", "secret", "credential", "credentials"),
        *("auth", "authorization", "oauth", "bearer", "jwt", "code", "otp", "pin", "ticket", "csrf", "xsrf"),
        *("session", "sessions", "sessionid", "sessid", "sid", "phpsessid", "jsessionid", "aspsessionid", "cfid"),
        *("cftoken", "password", "passwd", "passphrase", "pass", "pwd", "email", "mail", "username", "login"),
        *("apikey", "accesskey", "accesstoken", "authtoken"),
    }
)
"""Query names whose values are taken for secrets where the operator lists no others."""

_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_USER = re.compile(r"(?<=//)([^/?#@\s]+(?:@[^/?#@\s]*)*)(?=@)")
_PAIR = re.compile(r"""(?<=[?&;#])([^=&;#\s"<>]+)=([^&;\s"<>]+)""")
_DONE = re.compile(r"REDACTED:[0-9a-f]{8}")


def redact(text: str, names: Collection[str], secret: bytes) -> str:
    """Replace user info and the values of secret-looking query names by ``REDACTED:`` and 8 hexadecimal digits.

    ``text`` is a URL or any text that holds URLs. ``names`` are in lower case; a query name matches with any of its
    words (``access_token``, ``userToken``) or as a whole without separators. The digits begin the HMAC-SHA-256 of the
    value under the crawl's ``secret``, so that equal values can be told within a crawl and never read. Idempotent.
    """
    if "=" not in text and "@" not in text:
        return text

    def hidden(value: str) -> str:
        if _DONE.fullmatch(value):
            return value
        digest = hmac.new(secret, value.encode("utf-8", "surrogatepass"), hashlib.sha256)
        return f"REDACTED:{digest.hexdigest()[:8]}"

    def pair(match: re.Match[str]) -> str:
        name, value = match.groups()
        if _is_secret(unquote(name), names) or _holds_secret(value, names):
            return f"{name}={hidden(value)}"
        return match[0]

    return _PAIR.sub(pair, _USER.sub(lambda match: hidden(match[1]), text))


def _is_secret(name: str, names: Collection[str]) -> bool:
    joined = "".join(char for char in name.lower() if char.isalnum())
    return joined in names or any(word.lower() in names for word in _WORDS.findall(name))


def _holds_secret(value: str, names: Collection[str]) -> bool:
    """Whether the value is itself an escaped URL that carries a secret."""
    plain = unquote(value)
    if plain == value:
        return False
    return any(_is_secret(unquote(match[1]), names) for match in _PAIR.finditer(plain)) or bool(_USER.search(plain))
