"""Leaves of the evidence log: canonical JSON of an entry, and its hash (RFC 8785, RFC 6962 section 2.1).

A row's leaf is made of the row's own columns, so that anyone can compute it again from the manifest. Salt and
sequence number come in as values.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import rfc8785

from crawler.provenance.row import COLUMN_NAMES, ManifestRow
from crawler.values.digest import Digest

if TYPE_CHECKING:
    from collections.abc import Mapping


OUTSIDE_LEAF = frozenset({"seq", "leaf_hash", "salt", "erased_at"})
"""Columns that are not in the leaf's body: they are beside it, made of it, or written after it."""
LEAF_COLUMNS = tuple(name for name in COLUMN_NAMES if name not in OUTSIDE_LEAF)
_IN_ORDER = tuple(sorted(LEAF_COLUMNS))
"""As the leaf has them, so that nothing is left to sort."""
ROW_TYPES = {"allow": "fetched", "deny": "denied", "defer": "failed"}
"""Verdict of a row to the type of its leaf."""
_ROW_ENDINGS = tuple(f'"type":"{kind}"}}'.encode() for kind in ROW_TYPES.values())
"""Canonical JSON has the type last."""

_WITHOUT_ZONE = len("2026-01-31T12:00:00.000000")
_SAFE_INTEGER = 2**53 - 1
_ENCODE = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":"), sort_keys=True).encode
_AS_IS = frozenset({str, int, float, bool, type(None)})
_NUMBERS = tuple(
    field.name
    for field in fields(ManifestRow)
    if field.name not in OUTSIDE_LEAF and str(field.type).split(" ")[0] in {"int", "float"}
)
_PLAIN_FLOAT = (1e-4, 1e15)
"""Between these ``repr`` and ECMAScript write a fraction alike: shortest digits, no exponent."""


def canonical(value: Any) -> bytes:
    """RFC 8785 form of a JSON value. Raises ValueError for what JSON cannot hold (rfc8785.CanonicalizationError)."""
    try:
        plain_value = _plain_form(value)
    except _OddError:
        return rfc8785.dumps(value)
    return _encode(plain_value)


def _encode(value: Any) -> bytes:
    """Canonical octets by the standard library, which writes the same ones for what is plain."""
    try:
        return _ENCODE(value).encode()
    except UnicodeEncodeError as error:
        raise ValueError("a lone surrogate is no Unicode text") from error


class _OddError(Exception):
    """The standard library's encoder is not known to write the RFC 8785 form of a value."""


def _plain_form(value: Any) -> Any:
    """The value such that the standard library's encoder writes RFC 8785: whole fractions are integers there.

    Raises ``_OddError`` for odd numbers and odd keys.
    """
    kind = type(value)
    if kind is str or value is None or kind is bool:
        return value
    if kind is dict:
        # The standard library sorts by code point, RFC 8785 by UTF-16 unit: the same for ASCII.
        if not all(type(key) is str and key.isascii() for key in value):
            raise _OddError
        return {key: _plain_form(item) for key, item in value.items()}
    if kind is list:
        return [_plain_form(item) for item in value]
    if kind is float and abs(value) <= _SAFE_INTEGER and value.is_integer():
        return int(value)
    if (kind is not int and kind is not float) or not _is_plain_number(value):
        raise _OddError
    return value


def _is_plain_number(value: float) -> bool:
    if type(value) is int:
        return -_SAFE_INTEGER <= value <= _SAFE_INTEGER
    low, high = _PLAIN_FLOAT
    return low <= abs(value) < high and not value.is_integer()


def time_text(moment: datetime) -> str:
    """RFC 3339 in UTC with microseconds: ``2026-01-31T12:00:00.000000Z``. The time must know its zone."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return moment.isoformat(timespec="microseconds")[:_WITHOUT_ZONE] + "Z"


def plain(value: Any) -> Any:
    """JSON value of a column: times as text, nested columns as objects."""
    kind = type(value)
    if kind in _AS_IS:
        return value
    if kind is datetime:
        return time_text(value)
    if kind is list or kind is tuple:
        return [plain(item) for item in value]
    if isinstance(value, str):  # an enumeration's member
        return str(value)
    return {name: plain(getattr(value, name)) for name in value.__slots__}


def row_leaf(columns: Mapping[str, Any], *, seq: int, salt: str) -> tuple[str, bytes]:
    """Type and leaf data of a row. ``time`` is ``decided_at``; columns outside the leaf are passed over.

    Lone surrogates, which neither JSON nor Parquet can hold, become U+FFFD. Raises ValueError (rfc8785) for a number
    that JSON cannot hold.
    """
    body = {name: columns[name] if type(columns[name]) in _AS_IS else plain(columns[name]) for name in _IN_ORDER}
    kind = ROW_TYPES[body["verdict"]]
    leaf = {"body": body, "salt": salt, "seq": seq, "time": body["decided_at"], "type": kind}
    if not all(_is_plain_number(body[name]) for name in _NUMBERS if body[name] is not None):
        return kind, rfc8785.dumps(_cleaned(leaf))
    try:
        return kind, _encode(leaf)
    except ValueError:
        return kind, _encode(_cleaned(leaf))


def _cleaned(value: Any) -> Any:
    """The value with U+FFFD for lone surrogates in its texts."""
    if isinstance(value, dict):
        return {name: _cleaned(item) for name, item in value.items()}
    return [_cleaned(item) for item in value] if isinstance(value, list) else _without_surrogates(value)


def _without_surrogates(value: Any) -> Any:
    return value.encode("utf-8", "surrogatepass").decode("utf-8", "replace") if isinstance(value, str) else value


def leaf_data(kind: str, *, seq: int, time: str, salt: str, body: Mapping[str, Any]) -> bytes:
    """Canonical octets of one entry."""
    return canonical({"type": kind, "seq": seq, "time": time, "salt": salt, "body": body})


def is_row(data: bytes) -> bool:
    """Whether the octets of a leaf, as they were made here, are those of a row."""
    return data.endswith(_ROW_ENDINGS)


def leaf_hash(data: bytes) -> bytes:
    """Hash of a leaf, 32 octets; the prefix 0x00 keeps leaves apart from inner nodes."""
    return hashlib.sha256(b"\x00" + data).digest()


def hash_text(digest: bytes) -> Digest:
    """Spell a hash as all digests are spelt here."""
    return Digest(f"sha256:{digest.hex()}")
