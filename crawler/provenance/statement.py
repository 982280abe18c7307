"""The list of all files of a crawl: an in-toto Statement v1 in a DSSE envelope, and the lines of a BagIt manifest.

DSSE is a prefix of two lengths before what is signed; that is all we need of it.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from crawler.provenance.leaf import canonical

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from crawler.provenance.signed_note import VerifierKey

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "urn:clearcrawl:crawl:1"
_HEX = re.compile(r"[0-9a-f]{64}")
_LINE = re.compile(r"([0-9a-f]{64})  ([^\r\n]+)")
_ESCAPES = (("%", "%25"), ("\n", "%0A"), ("\r", "%0D"))


def signed_octets(payload: bytes) -> bytes:
    """PAE of the DSSE protocol, v1."""
    kind = PAYLOAD_TYPE.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def make_statement(files: Mapping[str, str], predicate: Mapping[str, Any]) -> bytes:
    """Statement over files, given as path to hexadecimal SHA-256."""
    subject = [{"name": name, "digest": {"sha256": files[name]}} for name in sorted(files)]
    return canonical(
        {"_type": STATEMENT_TYPE, "subject": subject, "predicateType": PREDICATE_TYPE, "predicate": dict(predicate)}
    )


def make_envelope(payload: bytes, key: VerifierKey, signature: bytes) -> bytes:
    """The DSSE envelope as JSON, one line."""
    return (
        canonical(
            {
                "payload": base64.b64encode(payload).decode(),
                "payloadType": PAYLOAD_TYPE,
                "signatures": [{"keyid": key.label, "sig": base64.b64encode(signature).decode()}],
            }
        )
        + b"\n"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """An envelope as read; its signature is not verified yet."""

    payload: bytes
    keyid: str
    signature: bytes
    files: Mapping[str, str]
    """Path to hexadecimal SHA-256."""
    predicate: Mapping[str, Any]

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read an envelope of ours. Raises ValueError for anything else."""
        try:
            found = json.loads(data)
            (signature,) = found["signatures"]
            kind, payload = found["payloadType"], base64.b64decode(found["payload"], validate=True)
            keyid, octets = str(signature["keyid"]), base64.b64decode(signature["sig"], validate=True)
            told = json.loads(payload)
            files = {str(one["name"]): str(one["digest"]["sha256"]) for one in told["subject"]}
            types, predicate, count = (told["_type"], told["predicateType"]), told["predicate"], len(told["subject"])
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, binascii.Error) as error:
            raise ValueError(f"is no envelope with one signature over a statement ({error})") from error
        if kind != PAYLOAD_TYPE or types != (STATEMENT_TYPE, PREDICATE_TYPE) or not isinstance(predicate, dict):
            raise ValueError(f"does not hold an in-toto statement of type {PREDICATE_TYPE}")
        if count != len(files) or not all(map(_HEX.fullmatch, files.values())):
            raise ValueError("names a file twice, or a digest that is no SHA-256")
        return cls(payload=payload, keyid=keyid, signature=octets, files=files, predicate=predicate)

    def is_signed_by(self, key: VerifierKey) -> bool:
        """Whether that key signed."""
        return key.label == self.keyid and key.verifies(signed_octets(self.payload), self.signature)


def manifest_text(files: Mapping[str, str]) -> bytes:
    """Lines of a BagIt manifest (RFC 8493 section 2.1.3), which ``sha256sum -c`` reads as well."""
    return "".join(f"{files[name]}  {_escaped(name)}\n" for name in sorted(files)).encode()


def read_manifest(data: bytes) -> dict[str, str]:
    """Path to hexadecimal SHA-256. Raises ValueError with the line that is none."""
    try:
        lines = data.decode().split("\n")
    except UnicodeDecodeError as error:
        raise ValueError("is not UTF-8") from error
    if lines.pop():
        raise ValueError("the last line has no end")
    return dict(_pairs(lines))


def _pairs(lines: Iterable[str]) -> Iterable[tuple[str, str]]:
    seen = set()
    for place, line in enumerate(lines, start=1):
        found = _LINE.fullmatch(line)
        if found is None:
            raise ValueError(f"line {place} is not <hex>, two spaces, path")
        name = found[2]
        for plain, escape in reversed(_ESCAPES):
            name = name.replace(escape, plain)
        if name in seen:
            raise ValueError(f"line {place} names {name!r} again")
        seen.add(name)
        yield name, found[1]


def _escaped(name: str) -> str:
    for plain, escape in _ESCAPES:
        name = name.replace(plain, escape)
    return name
