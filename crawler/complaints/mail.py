"""Mails as data: the fields that their text names, and their attachments. Nothing is rendered, unpacked or followed.

Parsed by the standard library under its older policy, which reads field values only when asked; sizes are bounded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.errors import MessageError
from email.header import decode_header
from email.utils import parseaddr
from typing import TYPE_CHECKING

from selectolax.lexbor import LexborHTMLParser

from crawler.complaints.fields import BY_NAME, FIELDS, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import Message

MOST_PARTS = 200
MOST_LINES = 2_000
"""Of the header of a mail or of one of its parts."""
_VALUE = 2_000
_TEXT = 1_000_000
_URL = re.compile(r"https?://[^\s<>\"'\])}]{1,8000}", re.IGNORECASE)
_TITLES = {one.title.lower(): one.name for one in FIELDS} | {one.name: one.name for one in FIELDS}
_LABEL = re.compile(r"\s*([A-Za-z_ -]{3,20}):[ \t]*(.*)")
_WRAPPED = ".,;:!?"


@dataclass(slots=True, kw_only=True)
class Mail:
    """What a mail says."""

    fields: dict[str, str] = field(default_factory=dict)
    attachments: list[tuple[str, str, bytes]] = field(default_factory=list)
    """Name and media type as the sender calls them, and the octets."""
    date: str | None = None
    problems: list[str] = field(default_factory=list)


def read_mail(data: bytes) -> Mail:
    """Read a mail (RFC 5322, MIME). Raises ValueError where it is none."""
    head = data.replace(b"\r\n", b"\n").partition(b"\n\n")[0]
    if head.count(b"\n") > MOST_LINES:
        raise ValueError(f"its header has over {MOST_LINES} lines")
    message = message_from_bytes(data, policy=policy.compat32)
    if message["From"] is None and message["Subject"] is None:
        raise ValueError("has neither From nor Subject")
    found = Mail(date=_value(message, "Date") or None)
    texts: list[str] = []
    hypertext: list[str] = []
    for number, part in enumerate(_leaves(message)):
        if number >= MOST_PARTS:
            found.problems.append(f"mail: has over {MOST_PARTS} parts; the rest stays in the original")
            break
        octets = _octets(part)
        kind = part.get_content_type()
        name = _name(part)
        if name is None and kind == "text/plain":
            texts.append(_decoded(part, octets))
        elif name is None and kind == "text/html":
            hypertext.append(_decoded(part, octets))
        elif octets:
            found.attachments.append((name or "unnamed", kind[:100], octets))
    text = "\n".join(texts) or "\n".join(map(_without_markup, hypertext))
    _understand(text[:_TEXT], message, found)
    return found


def _leaves(message: Message) -> Iterator[Message]:
    """Parts that hold octets, without recursion: a mail inside a mail stays one attachment."""
    waiting = [message]
    while waiting:
        part = waiting.pop(0)
        payload = part.get_payload()
        if isinstance(payload, list) and part.get_content_maintype() == "multipart":
            waiting[:0] = [one for one in payload if not isinstance(one, str)]
        else:
            yield part


def _octets(part: Message) -> bytes:
    payload = part.get_payload()
    if isinstance(payload, list):
        try:
            return b"".join(one.as_bytes() for one in payload if not isinstance(one, str))
        except (ValueError, LookupError, RecursionError, AttributeError, MessageError):
            return b""
    try:
        octets = part.get_payload(decode=True)
    except (ValueError, LookupError, MessageError):
        return b""
    return octets if isinstance(octets, bytes) else b""


def _decoded(part: Message, octets: bytes) -> str:
    charset = str(part.get_param("charset") or "utf-8")
    try:
        return octets.decode(charset, "replace")
    except (LookupError, ValueError):
        return octets.decode("utf-8", "replace")


def _name(part: Message) -> str | None:
    """Name of an attachment; ``None`` for what is meant to be read in the mail itself."""
    try:
        name = part.get_filename()
        is_apart = part.get_content_disposition() == "attachment"
    except (ValueError, LookupError, TypeError, AttributeError, MessageError):
        return "unnamed"
    if name is None:
        return "unnamed" if is_apart else None
    return _header(str(name))[:_VALUE]


def _value(message: Message, name: str) -> str:
    return _header(str(message.get(name, "")))


def _header(raw: str) -> str:
    """An encoded field value as text (RFC 2047); what does not decode stays as it is."""
    raw = raw[:_VALUE].replace("\r", " ").replace("\n", " ")
    try:
        parts = decode_header(raw)
        return "".join(
            part.decode(charset or "ascii", "replace") if isinstance(part, bytes) else part for part, charset in parts
        ).strip()
    except (ValueError, LookupError, AssertionError, MessageError):
        return raw.strip()


def _without_markup(text: str) -> str:
    tree = LexborHTMLParser(text[:_TEXT])
    tree.strip_tags(["script", "style", "template", "head"])
    return "" if tree.body is None else tree.body.text(separator="\n")


def _understand(text: str, message: Message, found: Mail) -> None:
    """Take ``Title: value`` lines for fields, every URL for a URL, and the rest for the statement."""
    rest: list[str] = []
    current: str | None = None
    for line in text.splitlines():
        label = _LABEL.fullmatch(line)
        name = _TITLES.get(label[1].strip().lower()) if label else None
        if name is not None and label is not None:
            current = name
            known = found.fields.get(name)
            found.fields[name] = label[2] if known is None else f"{known}\n{label[2]}"
        elif current is not None and line.strip() and BY_NAME[current].kind in {Kind.LIST, Kind.TEXT}:
            found.fields[current] += f"\n{line}"
        else:
            current = None
            rest.append(line)
    if "urls" not in found.fields:
        urls = dict.fromkeys(match[0].rstrip(_WRAPPED) for match in _URL.finditer(text))
        if urls:
            found.fields["urls"] = "\n".join(urls)
    sender, address = parseaddr(_value(message, "From"))
    for name, value in (("name", sender), ("email", address)):
        if value and not found.fields.get(name, "").strip():
            found.fields[name] = value
    subject = _value(message, "Subject")
    remaining = "\n".join(rest).strip()
    if "statement" not in found.fields and (remaining or subject):
        found.fields["statement"] = f"{subject}\n\n{remaining}".strip()
