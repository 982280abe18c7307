"""Files in which complaints arrive: JSON, a form export (urlencoded or CSV), or a mail. Bounded; nothing is executed.

A complaint is never refused for what it says; a file is refused where it cannot be read at all.
"""

from __future__ import annotations

import csv
import io
import json
import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from crawler.complaints.complaint import Complaint, read
from crawler.complaints.fields import BY_NAME, FIELDS, FORMAT
from crawler.complaints.mail import read_mail
from crawler.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

MOST_OCTETS = 26_214_400
"""Of one file: what mail servers commonly take, 25 MiB."""
MOST_COMPLAINTS = 1_000
"""In one file."""
_MOST_PAIRS = 10_000
_CELLS = re.compile(r"[,;\t]")
_SAID = re.compile(rb"sep=([,;\t])", re.IGNORECASE)
"""What Excel writes above a table."""
_HEADER = re.compile(rb"[!-9;-~]+:|From ")
_BETWEEN_MAILS = re.compile(rb"\r?\n\r?\n(?=From [^\n]+\n)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file that came with a mail; kept by digest, never opened."""

    name: str
    """As the sender called it: data, never a path."""
    media_type: str
    """As the sender called it."""
    octets: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One complaint as it came in."""

    channel: str
    """``json``, ``form``, ``csv`` or ``mail``."""
    complaint: Complaint
    original: bytes
    """The whole file, byte for byte."""
    attachments: tuple[Attachment, ...] = ()
    sent_at: str | None = None
    """What a mail claims in its field Date; not believed."""


def read_intake(path: Path, kind: str | None = None) -> list[Received]:
    """Read a file. ``kind`` names the channel where neither ending nor content tells it. Raises UsageError."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_OCTETS + 1)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror})") from error
    if len(data) > MOST_OCTETS:
        raise UsageError(f"{path}: is larger than {MOST_OCTETS} octets; ask for the large parts in another way")
    if not data.strip():
        raise UsageError(f"{path}: is empty")
    channel = kind or _ENDINGS.get(path.suffix.lower()) or _guess(data)
    if channel is None:
        raise UsageError(f"{path}: is neither JSON nor a form, a table or a mail that we know; --as names what it is")
    try:
        found = _READERS[channel](data)
    except (ValueError, RecursionError) as error:
        told = "is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise UsageError(f"{path}: cannot be read as {channel}: {told}. --as names another form") from error
    if len(found) > MOST_COMPLAINTS:
        raise UsageError(f"{path}: holds {len(found)} complaints; at most {MOST_COMPLAINTS} are taken at once")
    return found


def _guess(data: bytes) -> str | None:
    with suppress(ValueError):
        data = _text(data).encode()
    start = data.lstrip()[:1]
    if start in {b"{", b"["}:
        return "json"
    first = next(iter(data.lstrip().splitlines()), b"")
    if any(pair.partition(b"=")[0].decode("latin-1") in BY_NAME for pair in first.split(b"&") if b"=" in pair):
        return "form"
    if _SAID.fullmatch(first) or any(
        _name(cell.strip(' "')) in BY_NAME for cell in _CELLS.split(first.decode("latin-1"))
    ):
        return "csv"
    return "mail" if _HEADER.match(first) else None


def _text(data: bytes) -> str:
    """UTF-8, or what says that it is UTF-16, as Excel writes "Unicode text". Raises ValueError."""
    if data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return data.decode("utf-16")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"is not UTF-8 from octet {error.start + 1} on; save it as UTF-8") from error


def _json(data: bytes) -> list[Received]:
    read_value = json.loads(_text(data), object_pairs_hook=_object, parse_int=_number)
    values = read_value if isinstance(read_value, list) else [read_value]
    if not values or not all(isinstance(one, dict) for one in values):
        raise ValueError("a complaint is an object; a file holds one, or a list of them")
    for one in values:
        if one.pop("format", FORMAT) != FORMAT:
            raise ValueError(f'"format" is not "{FORMAT}"')
    return [Received(channel="json", complaint=read(one), original=_own(one, values, data)) for one in values]


def _own(one: Mapping[str, Any], all_of_them: Sequence[Any], data: bytes) -> bytes:
    """The file, or where it holds several complaints this one's part of it: an erasure must not hit the others."""
    return data if len(all_of_them) == 1 else json.dumps(one, indent=1).encode() + b"\n"


def _number(text: str) -> object:
    """No field is a number; thousands of digits would only take time."""
    return float(text[:20])


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a field stands twice")
    return found


def _form(data: bytes) -> list[Received]:
    text = _text(data).strip()
    try:
        pairs = _pairs(text, "utf-8")
    except UnicodeDecodeError:
        pairs = _pairs(text, "latin-1")  # what browsers send for pages that do not say UTF-8
    if not pairs:
        raise ValueError("holds no field of a form")
    return [Received(channel="form", complaint=read(_gathered(pairs)), original=data)]


def _pairs(text: str, encoding: str) -> list[tuple[str, str]]:
    return parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_PAIRS, encoding=encoding, errors="strict")


def _gathered(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Fields that stand several times go on in further lines."""
    found: dict[str, str] = {}
    for name, value in pairs:
        found[name] = f"{found[name]}\n{value}" if name in found else value
    return found


def _csv(data: bytes) -> list[Received]:
    text = _text(data)
    first = next(iter(text.splitlines()), "")
    separator = max(",;\t", key=first.count)
    if said := _SAID.fullmatch(first.encode()):
        separator = said[1].decode()
        text = text[len(first) :].lstrip()
    try:
        rows = list(csv.reader(io.StringIO(text, newline=None), delimiter=separator, strict=True))
    except csv.Error as error:
        raise ValueError(str(error)) from error
    names = [_name(cell) for cell in rows[0]] if rows else []
    if not any(name in BY_NAME for name in names):
        raise ValueError(f"its first line names no field; known are {', '.join(BY_NAME)}")
    filled = [row for row in rows[1:] if any(cell.strip() for cell in row)]
    if not filled:
        raise ValueError("holds no complaint below its first line")
    if any(len(row) > len(names) for row in filled):
        raise ValueError("a line has more cells than the first one")
    given = [_gathered(zip(names, map(_unquoted, row), strict=False)) for row in filled]
    return [Received(channel="csv", complaint=read(one), original=_own(one, given, data)) for one in given]


def _unquoted(cell: str) -> str:
    """Without the apostrophe that exports put before formulas (R7.2)."""
    return cell[1:] if cell[:2] in {"'=", "'+", "'-", "'@"} else cell


def _name(cell: str) -> str:
    wanted = cell.strip().lower()
    return next((one.name for one in FIELDS if wanted in {one.name, one.title.lower()}), cell.strip())


def _mails(data: bytes) -> list[Received]:
    """A mail, or a mailbox (mbox, RFC 4155) with several."""
    if not data.startswith(b"From "):
        return [_mail(data)]
    return [_mail(one.partition(b"\n")[2]) for one in _BETWEEN_MAILS.split(data)]


def _mail(data: bytes) -> Received:
    mail = read_mail(data)
    given: Mapping[str, Any] = mail.fields
    attachments = tuple(
        Attachment(name=name, media_type=media_type, octets=octets) for name, media_type, octets in mail.attachments
    )
    found = read(given)
    complaint = Complaint(values=found.values, problems=(*found.problems, *mail.problems))
    return Received(channel="mail", complaint=complaint, original=data, attachments=attachments, sent_at=mail.date)


_READERS: Mapping[str, Callable[[bytes], list[Received]]] = {"json": _json, "form": _form, "csv": _csv, "mail": _mails}
CHANNELS = tuple(_READERS)
_ENDINGS = {".json": "json", ".csv": "csv", ".eml": "mail", ".form": "form"}
