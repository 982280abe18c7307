"""Checks a crawl of clearcrawl with nothing but Python and the program ``openssl`` (version 3).

    python verify_crawl.py DIR --trust FILE [--json] [--require-stamps]
    python verify_crawl.py BUNDLE --trust FILE [--json]
    python verify_crawl.py NAME.tlog-proof --trust FILE [--json]

DIR is a folder of ``clearcrawl crawl``, BUNDLE one of ``clearcrawl audit explain --bundle``; beside a proof lies its
leaf, NAME.leaf. FILE names the keys to believe, and has to reach you by another way than the crawl.

Reads only. Exit status 0: all holds. 1: something differs; the first file and sequence number are named. 2: misuse.
3: nothing differs, but it cannot be decided, and why.

Written from docs/evidence-format.md and the specifications that it names, and shares no code with clearcrawl: both
verifiers have to agree. Not checked here: that the columns of the Parquet files are those of the log, which holds the
rows itself; the signed digests of the files are checked.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hashlib
import json
import mmap
import os
import re
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
import zlib
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

NOT_MODIFIED = 304
INCOMPLETE = 3
NO_BODY = {None, "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}
CHUNK = 1 << 20
LONGEST_LINE = 64 << 20
LONGEST_HEAD = 4 << 20
BAG = ("bagit.txt", "bag-info.txt", "manifest-sha256.txt", "tagmanifest-sha256.txt", "data/README.txt")
BAGIT = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
VERDICTS = {"fetched": "allow", "denied": "deny", "failed": "defer"}
WORKER = r"[a-z][a-z0-9]{0,15}"
AUTHORITY = r"[a-z0-9][a-z0-9-]{0,31}"
STAMP = rf"timestamps/(({WORKER})-(\d{{6,}}))\.({AUTHORITY})(?:\.([1-9]\d{{0,3}})\.({AUTHORITY}))?\.ts"
"""Head, its worker and number, who stamped it; of a renewal its number and who gave it."""
NAMES = re.compile(
    rf"""crawl\.json|bagit\.txt|bag-info\.txt|(tag)?manifest-sha256\.txt|data/README\.txt
    |log/{WORKER}-\d{{6,}}(-e\d+)?\.jsonl\.gz|manifest/{WORKER}-\d{{6,}}(-e\d+)?\.parquet
    |index/{WORKER}-\d{{6,}}(-e\d+)?\.cdxj\.gz|warc/{WORKER}-[a-z]+-\d{{6,}}\.warc\.gz(\.open)?
    |(policies|blocklists)/sha256-[0-9a-f]{{64}}|checkpoints/{WORKER}-\d{{6,}}\.(checkpoint|consistency)
    |{STAMP}[qr]|timestamps/{AUTHORITY}\.roots\.pem
    |attestations/{WORKER}-\d{{6,}}\.dsse\.json|attestations/{WORKER}-key-[0-9a-f]{{8}}\.(vkey|rotation)""",
    re.VERBOSE,
)
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
SALT = re.compile(r"[0-9a-f]{32}")
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
FAR = datetime.max.replace(tzinfo=UTC)


class DiffersError(Exception):
    """What does not hold, in words."""


class UsageError(Exception):
    """What the user has to change."""


@dataclass
class Report:
    """What was found so far."""

    findings: list[dict[str, Any]] = field(default_factory=list)
    undecided: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)

    def bad(self, file: str, what: str, seq: int | None = None) -> None:
        """Note something that differs."""
        self.findings.append({"file": file, "seq": seq, "what": what})

    def open(self, why: str) -> None:
        """Note a reason that keeps all from being decided."""
        if why not in self.undecided:
            self.undecided.append(why)

    @property
    def code(self) -> int:
        """The exit status."""
        return 1 if self.findings else 3 if self.undecided else 0


# Small formats


def sha256(data: bytes) -> bytes:
    """SHA-256."""
    return hashlib.sha256(data).digest()


def unbase64(text: str) -> bytes:
    """Strict base64 of RFC 4648 section 4."""
    try:
        found = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise DiffersError(f"is no base64: {error}") from error
    if base64.b64encode(found).decode() != text:
        raise DiffersError("holds base64 that is not in its one form")
    return found


def utf8(data: bytes) -> str:
    """Text of a note."""
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise DiffersError("is no UTF-8") from error


def when(text: Any) -> datetime:
    """Read a time of this format."""
    if not isinstance(text, str) or not TIME.fullmatch(text):
        raise DiffersError(f"{text!r} is no time with microseconds and Z")
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise DiffersError(f"{text!r} is no time") from error


def number(value: float) -> str:
    """Write a number as RFC 8785 section 3.2.2.3 (ECMAScript) does."""
    if abs(value) < 1 << 53 and value == int(value):
        return str(int(value))
    sign = "-" if value < 0 else ""
    mantissa, _, exponent = repr(abs(value)).partition("e")
    whole, _, part = mantissa.partition(".")
    part = "" if part == "0" else part
    digits = (whole + part).lstrip("0").rstrip("0")
    point = (
        len(whole) + int(exponent or 0) if whole != "0" else int(exponent or 0) - (len(part) - len(part.lstrip("0")))
    )
    if 0 < point <= 21:  # noqa: PLR2004 - where ECMAScript changes to exponents
        text = digits[:point] + "." + digits[point:] if point < len(digits) else digits.ljust(point, "0")
    elif -6 < point <= 0:  # noqa: PLR2004 - likewise
        text = "0." + "0" * -point + digits
    else:
        shown = point - 1
        text = (
            digits[0] + ("." + digits[1:] if digits[1:] else "") + "e" + ("+" if shown > 0 else "-") + str(abs(shown))
        )
    return sign + text


def canonical(value: Any) -> str:
    """RFC 8785 text."""
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        return "{" + ",".join(f"{canonical(name)}:{canonical(value[name])}" for name in names) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    if isinstance(value, float):
        return number(value)
    return json.dumps(value, ensure_ascii=False)


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise DiffersError("names a member twice")
    return found


def _whole(text: str) -> int | float:
    if len(text) < 16:  # noqa: PLR2004 - below 2 to the 53rd
        return int(text)
    return _float(text)  # RFC 8785: every number is a double


def _float(text: str) -> float:
    found = float(text)
    if found in (float("inf"), float("-inf")) or number(found) != text:
        raise DiffersError(f"holds the number {text[:30]}, which is not in the one form of RFC 8785")
    return found


def _no_constant(text: str) -> NoReturn:
    raise DiffersError(f"holds {text}, which is no JSON")


def read_json(data: bytes, *, is_canonical: bool = False) -> Any:
    """Strict JSON."""
    try:
        return json.loads(
            data.decode(),
            object_pairs_hook=_pairs,
            parse_int=_whole,
            parse_float=_float if is_canonical else None,
            parse_constant=_no_constant,
        )
    except (ValueError, RecursionError) as error:
        raise DiffersError(f"is no JSON: {str(error)[:200]}") from error


def read_object(data: bytes, *, is_canonical: bool = False) -> dict[str, Any]:
    """Strict JSON that is an object."""
    found = read_json(data, is_canonical=is_canonical)
    if not isinstance(found, dict):
        raise DiffersError("is no JSON object")
    return found


ASTRAL = re.compile(rb"[\xf0-\xf4]")


def read_canonical(line: bytes) -> dict[str, Any]:
    """Read an object of RFC 8785 text; raises where it is written in another way."""
    found = read_object(line, is_canonical=True)
    try:
        quick = json.dumps(found, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
        # Python sorts by code point, RFC 8785 by UTF-16: that differs only above U+FFFF.
        if quick == line and not ASTRAL.search(line):
            return found
        if canonical(found).encode() == line:
            return found
    except (UnicodeEncodeError, OverflowError, RecursionError) as error:
        raise DiffersError(f"is no RFC 8785 text: {error}") from error
    raise DiffersError("is not in the one form of RFC 8785")


# Trees: RFC 9162 section 2.1


def leaf_hash(data: bytes) -> bytes:
    """Hash of a leaf."""
    return sha256(b"\0" + data)


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node."""
    return sha256(b"\1" + left + right)


class Tree:
    """The right edge of a growing tree."""

    def __init__(self) -> None:
        self.size = 0
        self._edge: list[bytes] = []

    def add(self, leaf: bytes) -> None:
        """Append the hash of a leaf."""
        rest = self.size
        while rest & 1:
            leaf = node_hash(self._edge.pop(), leaf)
            rest >>= 1
        self._edge.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """Root of what was added so far."""
        if not self._edge:
            return sha256(b"")
        found = self._edge[-1]
        for left in reversed(self._edge[:-1]):
            found = node_hash(left, found)
        return found


def root_of_inclusion(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """Root that a leaf and its siblings lead to: section 2.1.3.2."""
    if not 0 <= index < size:
        raise DiffersError(f"index {index} is outside a tree of {size}")
    first, last, found = index, size - 1, leaf
    for sibling in path:
        if not last:
            raise DiffersError("the proof is too long")
        if first & 1 or first == last:
            found = node_hash(sibling, found)
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        first, last = first >> 1, last >> 1
    if last:
        raise DiffersError("the proof is too short")
    return found


def check_consistency(first: int, second: int, old: bytes, new: bytes, path: list[bytes]) -> None:
    """Check that a tree grew out of another: section 2.1.4.2."""
    if not 0 < first < second:
        raise DiffersError(f"goes from size {first} to {second}")
    nodes = list(path) if first & (first - 1) else [old, *path]
    if not nodes:
        raise DiffersError("the proof is too short")
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    left = right = nodes[0]
    for one in nodes[1:]:
        if not sn:
            raise DiffersError("the proof is too long")
        if fn & 1 or fn == sn:
            left, right = node_hash(one, left), node_hash(one, right)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            right = node_hash(right, one)
        fn, sn = fn >> 1, sn >> 1
    if sn or left != old or right != new:
        raise DiffersError("the proof does not lead from one root to the other")


# Keys, notes, trust


@dataclass(frozen=True)
class Key:
    """An Ed25519 key with the name under which it signs."""

    name: str
    id: str
    octets: bytes

    @property
    def text(self) -> str:
        """As a verifier key."""
        return f"{self.name}+{self.id}+" + base64.b64encode(b"\1" + self.octets).decode()


def read_key(text: str) -> Key:
    """Read a verifier key."""
    name, _, rest = text.partition("+")
    key_id, _, encoded = rest.partition("+")
    octets = unbase64(encoded)
    if len(octets) != 33 or octets[0] != 1 or not name or re.search(r"\s", name):  # noqa: PLR2004 - type and 32 octets
        raise DiffersError("is no Ed25519 verifier key")
    if sha256(name.encode() + b"\n" + octets)[:4].hex() != key_id:
        raise DiffersError("has a key id that is not the one of the key")
    return Key(name, key_id, octets[1:])


class Openssl:
    """The program, and a folder for what it reads."""

    def __init__(self, folder: Path) -> None:
        found = shutil.which("openssl")
        if found is None:
            raise UsageError("the program openssl (version 3) is not installed")
        self._program, self.folder = found, folder

    def run(self, *arguments: str) -> tuple[bool, str]:
        """Whether it ended well, and what it printed."""
        done = subprocess.run(  # noqa: S603 - a program and files of ours
            [self._program, *arguments], capture_output=True, check=False, stdin=subprocess.DEVNULL
        )
        return done.returncode == 0, (done.stdout + done.stderr).decode(errors="replace")

    def file(self, name: str, data: bytes) -> str:
        """Write something for it to read."""
        (self.folder / name).write_bytes(data)
        return str(self.folder / name)

    def is_signed(self, key: Key, text: bytes, signature: bytes) -> bool:
        """Check an Ed25519 signature."""
        der = self.file("key.der", bytes.fromhex("302a300506032b6570032100") + key.octets)
        return self.run("pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", der, "-rawin", "-in",
                        self.file("text", text), "-sigfile", self.file("signature", signature))[0]  # fmt: skip


@dataclass(eq=False)
class Stamp:
    """A reply of a time-stamp authority."""

    name: str
    turn: int
    """0: over the head itself; else which renewal of that."""
    authority: str
    seconds: int | None = None
    """The stamped time since 1970, once it is checked."""


@dataclass
class Trust:
    """Whom to believe from when until when; ``keys`` by their text, ``roots`` by digest."""

    keys: dict[str, tuple[datetime, datetime]] = field(default_factory=dict)
    roots: dict[str, tuple[datetime, datetime]] = field(default_factory=dict)


def read_trust(path: Path) -> Trust:
    """Read a trust file."""
    found = Trust()
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: cannot be read: {error}") from error
    for place, line in enumerate(lines, 1):
        fields = line.split()
        if not fields or line.startswith("#"):
            continue
        try:
            if len(fields) != 4 or fields[0] not in {"key", "tsa-root"}:  # noqa: PLR2004 - as the format says
                raise DiffersError("is neither 'key KEY FROM UNTIL' nor 'tsa-root DIGEST FROM UNTIL'")  # noqa: TRY301
            span = when(fields[2]), FAR if fields[3] == "-" else when(fields[3])
            if fields[0] == "key":
                found.keys[read_key(fields[1]).text] = span
            elif DIGEST.fullmatch(fields[1]):
                found.roots[fields[1]] = span
            else:
                raise DiffersError("names no digest")  # noqa: TRY301
        except DiffersError as error:
            raise UsageError(f"{path}: line {place} {error}") from error
    if not found.keys and not found.roots:
        raise UsageError(f"{path}: names no key; the operator prints the file with clearcrawl keys show --trust")
    return found


@dataclass(frozen=True)
class Note:
    """A signed note: what is signed, and by whom."""

    text: bytes
    name: str
    key_id: str
    signature: bytes


def read_note(data: bytes) -> Note:
    """Read a C2SP signed note with one signature."""
    head, gap, tail = data.rpartition(b"\n\n")
    found = re.fullmatch(r"— (\S+) (\S+)\n", tail.decode(errors="replace"))
    if not gap or found is None:
        raise DiffersError("is no note with one signature")
    octets = unbase64(found[2])
    if len(octets) != 68:  # noqa: PLR2004 - key id and Ed25519 signature
        raise DiffersError("has a signature of the wrong length")
    return Note(head + b"\n", found[1], octets[:4].hex(), octets[4:])


@dataclass
class Head:
    """A signed head of a log."""

    path: str
    worker: str
    number: int
    origin: str
    size: int
    root: bytes
    note: Note
    key: Key | None = None


def read_head(data: bytes, path: str, worker: str = "", place: int = 0) -> Head:
    """Read a checkpoint."""
    note = read_note(data)
    found = re.fullmatch(rb"(\S+)\n(0|[1-9][0-9]{0,15})\n([A-Za-z0-9+/=]{44})\n", note.text)
    if found is None:
        raise DiffersError("is no checkpoint of origin, size and root")
    root = unbase64(found[3].decode())
    if len(root) != 32:  # noqa: PLR2004 - SHA-256
        raise DiffersError("has a root of the wrong length")
    return Head(path, worker, place, utf8(found[1]), int(found[2]), root, note)


# Gzip and WARC


def members(data: mmap.mmap | bytes) -> Iterator[tuple[int, Iterator[bytes]]]:
    """Gzip members one after the other: offset and pieces of the text. All pieces have to be taken."""
    place, whole = 0, len(data)
    while place < whole:
        ends: list[int] = []
        yield place, _pieces(data, place, ends)
        if not ends:
            raise DiffersError(f"octet {place}: the gzip member is not whole")
        place = ends[0]


def _pieces(data: mmap.mmap | bytes, place: int, ends: list[int]) -> Iterator[bytes]:
    reader = zlib.decompressobj(31)
    step = 4096
    while not reader.eof and place < len(data):
        taken = data[place : place + step]
        place += len(taken)
        try:
            while taken and not reader.eof:  # what follows the end may stand in unconsumed_tail, too
                found = reader.decompress(taken, CHUNK)
                taken = reader.unconsumed_tail
                if found:
                    yield found
        except zlib.error as error:
            raise DiffersError(f"octet {place}: is no gzip: {error}") from error
        step = min(step * 4, CHUNK)
    if reader.eof:
        ends.append(place - len(reader.unused_data))


def mapped(path: Path) -> mmap.mmap | bytes:
    """Octets of a file."""
    with path.open("rb") as file:
        if not os.fstat(file.fileno()).st_size:
            return b""
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def lines_of(path: Path) -> Iterator[bytes]:
    """Lines of a file of gzip members, without their LF."""
    rest = b""
    for _, pieces in members(mapped(path)):
        for piece in pieces:
            first, *more = piece.split(b"\n")
            rest += first
            if more:
                yield rest
                yield from more[:-1]
                rest = more[-1]
            if len(rest) > LONGEST_LINE:
                raise DiffersError(f"a line is longer than {LONGEST_LINE} octets")
    if rest:
        raise DiffersError("the last line does not end")


class Record:
    """One WARC record, read piece by piece."""

    def __init__(self) -> None:
        self.fields: dict[str, str] | None = None
        self._head = b""
        self._left = 0
        self._tail = b""
        self._block = hashlib.sha256()
        self._payload = hashlib.sha256()
        self._http: bytes | None = None
        self.is_coded = False
        """Whether the payload has a content coding, so that digests of what was parsed are others."""

    def feed(self, data: bytes) -> None:
        """Take the next octets."""
        if self.fields is None:
            self._head += data
            end = self._head.find(b"\r\n\r\n")
            if end < 0:
                if len(self._head) > LONGEST_HEAD:
                    raise DiffersError("the record has no end of its header")
                return
            self._start(self._head[:end])
            data = self._head[end + 4 :]
        block, tail = data[: self._left], data[self._left :]
        self._left -= len(block)
        self._block.update(block)
        self._tail += tail[:8]
        if self._http is None:
            self._payload.update(block)
            return
        self._http += block
        end = self._http.find(b"\r\n\r\n")
        if end >= 0 or len(self._http) > LONGEST_HEAD:
            self.is_coded = b"\r\ncontent-encoding:" in self._http[:end].lower()
            self._payload.update(self._http[end + 4 :])
            self._http = None

    def _start(self, head: bytes) -> None:
        version, *lines = head.decode("utf-8", "replace").split("\r\n")
        self.fields = {}
        for line in lines:
            name, colon, value = line.partition(":")
            if not colon or (name.lower() in self.fields and name.lower() != "warc-concurrent-to"):
                raise DiffersError(f"the record has a broken or doubled field {name[:60]!r}")
            self.fields[name.lower()] = value.strip()
        length = self.fields.get("content-length", "")
        if version != "WARC/1.1" or not re.fullmatch(r"[0-9]{1,15}", length):
            raise DiffersError("is no WARC/1.1 record with a length")
        self._left = int(length)
        if self.fields.get("content-type", "").replace(" ", "").lower() == "application/http;msgtype=response":
            self._http = b""

    def end(self) -> None:
        """Check what the record says of itself."""
        if self.fields is None or self._left or self._tail != b"\r\n\r\n":
            raise DiffersError("the record does not end where it says")
        if self.fields.get("warc-block-digest") != f"sha256:{self._block.hexdigest()}":
            raise DiffersError("the block is not the one of WARC-Block-Digest")
        said = self.fields.get("warc-payload-digest")
        if said is not None and self.type != "revisit" and said != f"sha256:{self._payload.hexdigest()}":
            raise DiffersError("the payload is not the one of WARC-Payload-Digest")

    @property
    def type(self) -> str:
        """Its WARC-Type."""
        return (self.fields or {}).get("warc-type", "")

    @property
    def payload(self) -> str:
        """Digest of the payload, or of the payload that a revisit refers to."""
        said = (self.fields or {}).get("warc-payload-digest")
        return said or f"sha256:{self._payload.hexdigest()}"


@dataclass(frozen=True)
class Place:
    """What the log says of a record."""

    seq: int
    length: Any
    file: str
    """Log file that says so."""
    record_id: str | None = None
    digest: str | None = None
    is_kept: bool = False


def check_row_record(record: Record, row: Place) -> None:
    """Compare a record with the row that names it."""
    fields = record.fields or {}
    if row.record_id is not None and fields.get("warc-record-id") != f"<{row.record_id}>":
        raise DiffersError("the record is not the one that the row names")
    if row.is_kept and record.type not in {"response", "resource", "revisit"}:
        raise DiffersError(f"the row says allow, and its record is of type {record.type!r}")
    if row.is_kept:
        check_payload(record, row.digest)


def check_payload(record: Record, digest: str | None) -> None:
    """Compare the payload of a record with what the log says."""
    if record.payload != digest:
        raise DiffersError("the payload is not the one that the log names")


# The crawl


@dataclass
class Worker:
    """What the log of one worker came to."""

    name: str
    roots: dict[int, bytes] = field(default_factory=dict)
    """Root at each size that a head names."""
    logs: list[tuple[int, str]] = field(default_factory=list)
    """First seq of each log file, and its name."""
    size: int = 0
    journal: int = 0
    """Leaves that came from the journal instead of log files."""
    times: dict[int, datetime] = field(default_factory=dict)
    """Time of the last leaf that tells one, at each size that a head names."""
    erased: set[int] = field(default_factory=set)
    erasures: set[int] = field(default_factory=set)
    origins: list[tuple[int, str, dict[str, Any]]] = field(default_factory=list)
    """First seq and name of each origin, with the body of its leaf."""
    signers: list[tuple[int, str]] = field(default_factory=list)
    """Verifier keys that starts name."""
    starts: list[dict[str, Any]] = field(default_factory=list)
    last: dict[str, Any] | None = None
    """The last leaf that says how the crawl stands."""

    def log_of(self, seq: int) -> str:
        """Name the log file that holds a leaf."""
        place = bisect_right(self.logs, (seq, "\U0010ffff")) - 1
        return self.logs[place][1] if place >= 0 else f"log/{self.name}-000001.jsonl.gz"


class Crawl:
    """One folder; every check notes what it finds in the report."""

    def __init__(self, root: Path, trust: Trust | None, openssl: Openssl, report: Report, *, stamps: bool) -> None:
        self.root, self.trust, self.openssl, self.report = root, trust or Trust(), openssl, report
        self.has_trust, self.demands_stamps = trust is not None, stamps
        self.files: dict[str, Path] = {}
        self.heads: dict[str, list[Head]] = {}
        self.workers: dict[str, Worker] = {}
        self.expected: dict[str, tuple[int, str, int, str]] = {}
        """File to length, digest, seq and log file of the leaf that says so."""
        self.gone: dict[tuple[str, str], int] = {}
        """Name and digest of what an erasure replaced."""
        self.segments: set[str] = set()
        self.places: dict[str, dict[int, Place]] = {}
        self.records: dict[str, list[tuple[Any, Place]]] = {}
        self.keys: dict[tuple[str, str], list[Key]] = {}
        self.rotated: set[str] = set()
        self.has_ended = False
        """Whether the crawl stopped or ended by its own account: envelope and bag have to be there."""
        self._digests: dict[str, str] = {}

    def digest(self, name: str) -> str:
        """SHA-256 of a file, hexadecimal."""
        if name not in self._digests:
            with self.files[name].open("rb") as file:
                self._digests[name] = hashlib.file_digest(file, "sha256").hexdigest()
            self.report.counts["octets"] += self.files[name].stat().st_size
        return self._digests[name]

    def read(self, name: str) -> bytes:
        """All octets of a small file."""
        path = self.files[name]
        if path.stat().st_size > 1 << 30:
            raise DiffersError("is far too long")
        return path.read_bytes()

    def named(self, pattern: str) -> list[tuple[str, re.Match[str]]]:
        """Files whose names match, sorted."""
        found = ((name, re.fullmatch(pattern, name)) for name in self.files)
        return sorted(((name, match) for name, match in found if match), key=lambda one: one[0])

    def check(self) -> None:
        """Run all checks in the order of the document."""
        self._list_files()
        if not any(name == "crawl.json" or name.startswith(("log/", "checkpoints/")) for name in self.files):
            raise UsageError(f"{self.root}: is no folder of a crawl, and no bundle")
        self._guard("crawl.json", self._check_bag)
        self._read_keys()
        self._read_heads()
        for worker in sorted(
            {match[1] for _, match in self.named(rf"log/({WORKER})-.*")}
            | {name for name in self.heads if name != "crawl"}
            | {path.parent.name for path in self.root.glob("state/*/state.db")}
        ):
            self.workers[worker] = Worker(worker)
            self._read_log(self.workers[worker])
        for worker in self.workers.values():
            self._check_heads(worker)
        self._check_crawl_head()
        self._check_leaf_files()
        self._check_records()
        self._check_stamps()
        self._check_envelopes()
        self._guard("crawl.json", self._check_description)
        self._say_what_is_open()

    def _guard(self, name: str, check: Callable[..., object], *arguments: Any) -> None:
        try:
            check(*arguments)
        except DiffersError as error:
            self.report.bad(name, str(error))
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            self.report.bad(name, f"is not of the form that the format gives it ({type(error).__name__}: {error})")
        except OSError as error:
            self.report.bad(name, f"cannot be read: {error.strerror}")

    def _list_files(self) -> None:
        for folder, names, files in os.walk(self.root):
            here = Path(folder).relative_to(self.root).as_posix()
            if here == ".":
                names[:] = [name for name in names if name != "state"]
            names.sort()
            for name in sorted([*files, *(name for name in names if Path(folder, name).is_symlink())]):
                relative = name if here == "." else f"{here}/{name}"
                path = Path(folder, name)
                if not stat.S_ISREG(path.lstat().st_mode):
                    self.report.bad(relative, "is no regular file")
                    continue
                self.files[relative] = path
                if not NAMES.fullmatch(relative) and not relative.endswith(".tmp"):
                    self.report.bad(relative, "is no file of a crawl")

    # 1. Bag

    def _check_bag(self) -> None:  # noqa: C901 - one rule after the other
        present = [name for name in BAG[:4] if name in self.files]
        self.has_ended = bool(present) or self._says_that_it_ended()
        if not self.has_ended:
            return
        if "data/README.txt" not in self.files:
            self.report.bad("data/README.txt", "is missing")
        listed: set[str] = set()
        for name, wanted in (("tagmanifest-sha256.txt", set(BAG[:3])), ("manifest-sha256.txt", None)):
            if name not in self.files:
                self.report.bad(name, "is missing; the crawl has ended, and a bag is to be there")
                continue
            try:
                found = read_sums(self.read(name))
            except DiffersError as error:
                self.report.bad(name, str(error))
                continue
            if wanted is not None and set(found) != wanted:
                self.report.bad(name, "does not name the other three files of the bag, and nothing else")
            listed |= set(found)
            for path, digest in found.items():
                if path not in self.files:
                    self.report.bad(path, f"is missing; {name} names it")
                elif self.digest(path) != digest:
                    self.report.bad(path, f"is not the file that {name} names")
        for path in sorted(set(self.files) - listed - {"tagmanifest-sha256.txt"}):
            self.report.bad(path, "is not named by manifest-sha256.txt")
        if "bagit.txt" in self.files and self.read("bagit.txt") != BAGIT:
            self.report.bad("bagit.txt", "is not that of a bag of version 1.0 in UTF-8")

    def _says_that_it_ended(self) -> bool:
        try:
            return read_object(self.read("crawl.json")).get("finish_reason") is not None
        except (KeyError, OSError, DiffersError):
            return False  # named when the description is checked

    # 2. Keys and heads

    def _read_keys(self) -> None:
        for text in self.trust.keys:
            self.add_key(read_key(text))
        for name, match in self.named(rf"attestations/{WORKER}-key-([0-9a-f]{{8}})\.vkey"):
            self._guard(name, self._read_vkey, name, match[1])
        for name, match in self.named(rf"attestations/{WORKER}-key-([0-9a-f]{{8}})\.rotation"):
            self._guard(name, self._read_rotation, name, match[1])

    def add_key(self, key: Key) -> None:
        """Know a key, which is not to trust it."""
        known = self.keys.setdefault((key.name, key.id), [])
        if key not in known:
            known.append(key)

    def add_pem(self, path: Path) -> None:
        """Take a public key of a bundle under the name of its file; trust never comes from it."""
        der = b"".join(path.read_bytes().split(b"\n")[1:-2])
        try:
            octets = base64.b64decode(der, validate=True)[-32:]
        except binascii.Error as error:
            raise UsageError(f"{path}: is no public key") from error
        key_id = sha256(path.stem.encode() + b"\n\1" + octets)[:4].hex()
        self.add_key(Key(path.stem, key_id, octets))

    def _read_vkey(self, name: str, key_id: str) -> None:
        text = utf8(self.read(name))
        key = read_key(text.removesuffix("\n"))
        if key.id != key_id or not text.endswith("\n"):
            raise DiffersError("does not hold the key of its name, in one line")
        self.add_key(key)

    def _read_rotation(self, name: str, key_id: str) -> None:
        note = read_note(self.read(name))
        form, old_text, new_text, since_text, *rest = utf8(note.text).split("\n")
        old, new, since = read_key(old_text), read_key(new_text), when(since_text)
        if form != "clearcrawl-key-rotation/1" or rest != [""] or new.id != key_id:
            raise DiffersError("is no note of the rotation to the key of its name")
        if (note.name, note.key_id) != (old.name, old.id) or not self.openssl.is_signed(old, note.text, note.signature):
            raise DiffersError("is not signed by the old key")
        self.add_key(old)
        self.add_key(new)
        self.rotated.add(new.text)
        span = self.trust.keys.get(old.text)
        if span is not None and span[0] <= since <= span[1]:
            self.trust.keys.setdefault(new.text, (since, FAR))
            self.trust.keys[old.text] = (span[0], min(span[1], since))

    def verify(self, name: str, key_id: str, text: bytes, signature: bytes) -> Key:
        """Check a signature with the keys of that name; answer the key that made it."""
        known = self.keys.get((name, key_id), [])
        for key in known:
            if self.openssl.is_signed(key, text, signature):
                self.report.counts["signatures"] += 1
                return key
        if known:
            raise DiffersError(f"is not signed by {name}+{key_id}, as it says")
        raise DiffersError(f"is signed by {name}+{key_id}, and no such key is in attestations/ or the trust file")

    def _read_heads(self) -> None:
        last: dict[str, int] = {}
        for name, match in self.named(rf"checkpoints/({WORKER})-(\d+)\.checkpoint"):
            worker, place = match[1], int(match[2])
            if place != last.get(worker, 0) + 1:
                self.report.bad(f"checkpoints/{worker}-{last.get(worker, 0) + 1:06}.checkpoint", "is missing")
            last[worker] = place
            try:
                head = read_head(self.read(name), name, worker, place)
            except DiffersError as error:
                self.report.bad(name, str(error))
                continue
            self.heads.setdefault(worker, []).append(head)

    def _check_heads(self, worker: Worker) -> None:
        heads = self.heads.get(worker.name, [])
        previous: Head | None = None
        trusted: list[Head] = []
        for head in heads:
            try:
                head.key = self.verify(head.note.name, head.note.key_id, head.note.text, head.note.signature)
            except DiffersError as error:
                self.report.bad(head.path, str(error), max(head.size - 1, 0))
            else:
                trusted.append(head)
                self._believe(head, worker)
            self._check_root(head, previous, worker)
            self._guard(head.path.replace(".checkpoint", ".consistency"), self._check_growth, head, previous)
            previous = head
        for name, match in self.named(rf"checkpoints/{worker.name}-(\d+)\.consistency"):
            if int(match[1]) not in {head.number for head in heads}:
                self.report.bad(name, "is the proof of a head that is not there")
        self.report.counts["heads"] += len(heads)
        if not heads:
            self.report.open(f"log of {worker.name}: no signed head")
        elif trusted and worker.size > max(head.size for head in trusted):
            self.report.open(f"log of {worker.name}: {worker.size - heads[-1].size} leaves are not signed yet")

    def _believe(self, head: Head, worker: Worker) -> None:
        assert head.key is not None  # noqa: S101 - set by the caller
        seq = max(head.size - 1, 0)
        self._check_named(head.key, [key for start, key in worker.signers if start <= seq], head.path, seq)
        self.check_time(head.key, worker.times.get(head.size), head.path, seq)

    def _check_named(self, key: Key, named: list[str], file: str, seq: int | None) -> None:
        if key.text not in {*named, *self.rotated, *self.trust.keys}:
            who = "which neither a start in the log, nor a rotation, nor the trust file names"
            self.report.bad(file, f"is signed by {key.name}+{key.id}, {who}", seq)

    def check_time(self, key: Key, at: datetime | None, file: str, seq: int | None) -> None:
        """Check that the trust file names a key for that time; undecided where there is no such file."""
        span = self.trust.keys.get(key.text)
        if span is None and self.has_trust:
            self.report.bad(file, f"is signed by {key.name}+{key.id}, which the trust file does not name", seq)
        elif span is None:
            self.report.open(f"nobody vouches for the key {key.name}+{key.id}")
        elif at is not None and not span[0] <= at < span[1]:
            self.report.bad(file, f"is signed at {at.isoformat()} by a key that is not believed at that time", seq)

    def _origin(self, worker: Worker, size: int) -> str | None:
        found = [origin for seq, origin, _ in worker.origins if seq < size]
        return found[-1] if found else None

    def _lost(self, head: Head, worker: Worker) -> bool:
        """Whether a restored backup explains that the leaves do not lead to this head."""
        return any(
            body.get("reason") == "backup" and body.get("old_origin") == head.origin
            and isinstance(body.get("old_size"), int) and head.size <= body["old_size"]
            for _, _, body in worker.origins
        )  # fmt: skip

    def _check_root(self, head: Head, previous: Head | None, worker: Worker) -> None:
        before = previous.size if previous is not None and previous.size < head.size else 0
        seq = min(before, max(worker.size - 1, 0))
        if self._lost(head, worker) and worker.roots.get(head.size) != head.root:
            return
        if head.size > worker.size:
            if self.has_ended:
                name = worker.log_of(worker.size)
                self.report.bad(
                    name, f"the log ends after {worker.size} leaves; {head.path} signs {head.size}", worker.size
                )
            else:
                self.report.open(f"log of {worker.name}: {head.size - worker.size} signed leaves are not in log/ yet")
            return
        if worker.roots.get(head.size) != head.root:
            if head.key is None:
                self.report.bad(head.path, "its root is not that of the log", head.size - 1)
            else:
                self.report.bad(
                    worker.log_of(seq),
                    f"leaves {before} to {head.size - 1} do not lead to the root that {head.path} signs",
                    seq,
                )
        wanted = self._origin(worker, head.size)
        if wanted is not None and head.origin != wanted:
            self.report.bad(head.path, f"is of the origin {head.origin}, the log of {wanted}", head.size - 1)

    def _check_growth(self, head: Head, previous: Head | None) -> None:
        name = head.path.replace(".checkpoint", ".consistency")
        if previous is None or previous.origin != head.origin:
            if name in self.files:
                raise DiffersError("is there, and the head is the first of its origin")
            return
        if head.size <= previous.size:
            self.report.bad(
                head.path, f"is of size {head.size}, the head before it of {previous.size}", max(head.size - 1, 0)
            )
            return
        if name not in self.files:
            raise DiffersError("is missing")
        form, origin, first, second, *rest = self.read(name).decode("utf-8", "replace").split("\n")
        wanted = [f"{one.size} {base64.b64encode(one.root).decode()}" for one in (previous, head)]
        if form != "clearcrawl-consistency/1" or origin != head.origin or [first, second] != wanted or rest.pop() != "":
            raise DiffersError("is no proof between its head and the head before")
        check_consistency(previous.size, head.size, previous.root, head.root, [unbase64(line) for line in rest])

    def _check_crawl_head(self) -> None:
        heads = self.heads.get("crawl", [])
        for head in heads:
            self._guard(head.path, self._check_crawl_head_signature, head)
            if not (head is heads[-1] and self.has_ended):
                self._guard(head.path, self._check_crawl_head_then, head)
        if not self.has_ended:
            return
        if not heads:
            if self._is_joint() and not self._unsigned():
                self.report.bad("checkpoints/crawl-000001.checkpoint", "is missing; the crawl of several has ended")
            return
        last = [self.heads[worker][-1].path for worker in sorted(self.workers) if self.heads.get(worker)]
        self._compare_crawl_head(heads[-1], last)

    def _is_joint(self) -> bool:
        """Whether several workers wrote the crawl: there is a head over theirs, or crawl.json speaks of one."""
        if self.heads.get("crawl"):
            return True
        try:
            return str(read_object(self.read("crawl.json"))["evidence"]["origin"]).endswith("/crawl")
        except (KeyError, TypeError, OSError, DiffersError):
            return False

    def _compare_crawl_head(self, head: Head, paths: list[str]) -> None:
        tree = Tree()
        for path in paths:
            tree.add(leaf_hash(self.read(path)))
        if (head.size, head.root) != (tree.size, tree.root()):
            self.report.bad(head.path, "is not the head of the workers' last heads")

    def _check_crawl_head_then(self, head: Head) -> None:
        """Check an older head over several workers: its list of files names the heads that were the last then."""
        name = f"attestations/crawl-{head.number:06}.dsse.json"
        if name not in self.files:
            return
        statement = read_object(unbase64(read_object(self.read(name))["payload"]))
        last: dict[str, str] = {}
        for one in statement["subject"]:
            match = re.fullmatch(rf"checkpoints/({WORKER})-\d+\.checkpoint", one["name"])
            if match and match[1] != "crawl":
                last[match[1]] = max(last.get(match[1], ""), one["name"])
        missing = [path for path in last.values() if path not in self.files]
        if not missing:  # else named when the lists of files are checked
            self._compare_crawl_head(head, [last[worker] for worker in sorted(last)])

    def _check_crawl_head_signature(self, head: Head) -> None:
        head.key = self.verify(head.note.name, head.note.key_id, head.note.text, head.note.signature)
        self.check_time(head.key, None, head.path, None)
        self.report.counts["heads"] += 1
        mark = "" if head.number == 1 else f".{head.number}"
        if not re.fullmatch(rf"[^/]+/[^/.]+{re.escape(mark)}/crawl", head.origin):
            self.report.bad(head.path, f"is of the origin {head.origin}, which no head {head.number} of a crawl has")

    # 3. Log

    def _read_log(self, worker: Worker) -> None:  # noqa: C901 - one pass over the log
        tree = Tree()
        wanted = {head.size for head in self.heads.get(worker.name, [])}
        latest: list[datetime] = []
        numbers: dict[int, str] = {}
        for name, match in self.named(rf"log/{worker.name}-(\d+)(-e(\d+))?\.jsonl\.gz"):
            if int(match[1]) in numbers:
                self.report.bad(name, f"is there beside {numbers[int(match[1])]}; an erasure leaves one of them")
            numbers[int(match[1])] = name
        for place, n in enumerate(sorted(numbers), 1):
            if place != n:
                self.report.bad(f"log/{worker.name}-{place:06}.jsonl.gz", "is missing", tree.size)
                break

        def add(line: bytes, name: str, rows: list[tuple[int, dict[str, Any]]]) -> None:
            seq = tree.size
            try:
                hashed, at = self._read_leaf(line, seq, name, worker, rows)
            except DiffersError as error:
                self.report.bad(name, f"the leaf {error}", seq)
                hashed, at = leaf_hash(line), None
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                self.report.bad(name, f"the leaf is not of the form of its type ({type(error).__name__}: {error})", seq)
                hashed, at = leaf_hash(line), None
            tree.add(hashed)
            if at is not None:
                latest[:] = [at]
            if tree.size in wanted:
                worker.roots[tree.size] = tree.root()
                if latest:
                    worker.times[tree.size] = latest[0]

        for n in sorted(numbers):
            name = numbers[n]
            rows: list[tuple[int, dict[str, Any]]] = []
            worker.logs.append((tree.size, name))
            try:
                for line in lines_of(self.files[name]):
                    add(line, name, rows)
            except (DiffersError, OSError) as error:
                self.report.bad(name, str(error), tree.size)
            self._check_index(worker, n, name, rows)
        self._read_journal(worker, tree, add)
        worker.size = tree.size
        self.report.counts["leaves"] += tree.size
        for seq in sorted(worker.erased - worker.erasures):
            self.report.bad(worker.log_of(seq), "the leaf is erased, and no erasure names it", seq)
        for seq in sorted(worker.erasures - worker.erased):
            self.report.bad(worker.log_of(seq), "an erasure names the leaf, and it is still there", seq)
        self.report.counts["erased"] += len(worker.erased)

    def _read_journal(self, worker: Worker, tree: Tree, add: Callable[..., None]) -> None:
        folder = self.root / "state" / worker.name
        if not (folder / "state.db").is_file() or self.has_ended:
            return
        copy = self.openssl.folder / f"state-{worker.name}"
        copy.mkdir()
        try:
            for part in ("state.db", "state.db-wal"):
                if (folder / part).is_file():
                    shutil.copyfile(folder / part, copy / part)
            connection = sqlite3.connect(copy / "state.db")
            try:
                for seq, data in connection.execute(
                    "SELECT seq, data FROM pending WHERE seq >= ? ORDER BY seq", (tree.size,)
                ):
                    if seq != tree.size:
                        break
                    add(bytes(data), f"state/{worker.name}/state.db", [])
                    worker.journal += 1
            finally:
                connection.close()
        except (sqlite3.Error, OSError, TypeError) as error:
            self.report.open(f"state/{worker.name}/state.db: the leaves since the last segment cannot be read: {error}")

    def _read_leaf(
        self, line: bytes, seq: int, name: str, worker: Worker, rows: list[Any]
    ) -> tuple[bytes, datetime | None]:
        leaf = read_canonical(line)
        if leaf.get("erased") is True and set(leaf) == {"erased", "leaf_hash", "seq"}:
            if leaf["seq"] != seq or not DIGEST.fullmatch(leaf["leaf_hash"]):
                raise DiffersError("is erased, and not of the form of such a leaf")
            worker.erased.add(seq)
            return bytes.fromhex(leaf["leaf_hash"][7:]), None
        if set(leaf) != {"type", "seq", "time", "salt", "body"} or not isinstance(leaf["body"], dict):
            raise DiffersError("does not have the five members")
        if leaf["seq"] != seq:
            raise DiffersError(f"has the number {leaf['seq']}")
        if not isinstance(leaf["type"], str) or not SALT.fullmatch(leaf["salt"]):
            raise DiffersError("has no type, or no salt of 16 octets")
        at = when(leaf["time"])
        self._see_leaf(leaf, name, worker, rows)
        return leaf_hash(line), at

    def _see_leaf(self, leaf: dict[str, Any], name: str, worker: Worker, rows: list[Any]) -> None:  # noqa: C901 - by type
        kind, body, seq = leaf["type"], leaf["body"], leaf["seq"]
        self.report.counts[f"leaf {kind}"] += 1
        if seq == 0:
            if kind != "crawl_start":
                raise DiffersError("is the first, and no crawl_start")
            worker.origins.append((0, body["origin"], {}))
        if kind in VERDICTS:
            if body["verdict"] != VERDICTS[kind] or body["decided_at"] != leaf["time"]:
                raise DiffersError(f"is a row whose verdict or time does not fit {kind!r}")
            self._see_row(body, seq, name)
            rows.append((seq, body))
        elif kind in {"crawl_start", "restart"}:
            worker.last = leaf
            worker.starts.append(leaf)
            if body["signing"] is not None:
                worker.signers.append((seq, body["signing"]["key"]))
                self.add_key(read_key(body["signing"]["key"]))
            self._see_rules(body["details"], seq, name)
        elif kind in {"stop", "crawl_end"}:
            worker.last = leaf
        elif kind == "site_file":
            for place in [*body["records"], *([body["body"]] if body["body"] is not None else [])]:
                digest = body["digest"] if place == body["body"] else None
                self.records.setdefault(place["file"], []).append(
                    (place["offset"], Place(seq, place["length"], name, digest=digest))
                )
        elif kind == "list_snapshot":
            folder = {"policy": "policies", "blocklists": "blocklists"}.get(body["kind"])
            for digest in body["files"].values() if folder else ():
                self._see_rule_file(folder or "", digest, seq, name)
        else:
            self._see_files(kind, body, seq, name, worker)

    def _see_files(self, kind: str, body: dict[str, Any], seq: int, name: str, worker: Worker) -> None:
        if kind == "segment_published":
            self._check_segment(body, seq, worker)
            for one in body["files"]:
                self._expect(one, seq, name)
                self.segments.add(one["name"])
        elif kind == "warc_closed":
            self._expect({**body, "name": body["file"]}, seq, name)
        elif kind == "erasure":
            worker.erasures |= set(body["seqs"])
            for one in body["files"]:
                old, new = one["old"], one["new"]
                known = self.expected.pop(old["name"], None)
                if known is not None and known[:2] != (old["length"], old["sha256"]):
                    raise DiffersError(f"erases {old['name']}, and not the one that the log knows")
                self.gone[old["name"], old["sha256"]] = seq
                self.segments.discard(old["name"])
                if new is not None:
                    self._expect(new, seq, name)
                    self.segments.add(new["name"])
        elif kind == "origin_changed":
            worker.origins.append((seq, body["origin"], body))

    def _expect(self, one: dict[str, Any], seq: int, name: str) -> None:
        if not DIGEST.fullmatch(one["sha256"]) or not NAMES.fullmatch(one["name"]):
            raise DiffersError("names a file in a wrong form")
        self.expected[one["name"]] = one["length"], one["sha256"], seq, name

    def _check_segment(self, body: dict[str, Any], seq: int, worker: Worker) -> None:
        """Compare the numbers of a segment with the log file of its number."""
        pattern = rf"log/{worker.name}-{body['segment']:06}(-e\d+)?\.jsonl\.gz"
        starts = [first for first, log in worker.logs if re.fullmatch(pattern, log)]
        later = [first for first, _ in worker.logs if starts and first > starts[-1]]
        last = (later[0] if later else seq) - 1
        if [body["first_seq"], body["last_seq"]] != [starts[-1] if starts else None, last]:
            raise DiffersError(f"says that segment {body['segment']} holds {body['first_seq']} to {body['last_seq']}, "
                               "and the log file of that number does not")  # fmt: skip
        if not any(re.fullmatch(pattern, one["name"]) for one in body["files"]):
            raise DiffersError("names no log file of its number")

    def _see_rules(self, details: dict[str, Any], seq: int, name: str) -> None:
        for folder, member in (("policies", "policy_files"), ("blocklists", "list_files")):
            for digest in (details.get(member) or {}).values():
                self._see_rule_file(folder, digest, seq, name)

    def _see_rule_file(self, folder: str, digest: str, seq: int, name: str) -> None:
        if not DIGEST.fullmatch(digest):
            raise DiffersError(f"names rules by {digest!r}, which is no digest")
        path = f"{folder}/{digest.replace(':', '-')}"
        if path not in self.files and path not in self.expected:
            self.report.bad(path, f"is missing; it was in force ({name})", seq)
        self.expected.setdefault(path, (-1, digest, seq, name))

    def _see_row(self, body: dict[str, Any], seq: int, name: str) -> None:
        file, offset, length = (body[key] for key in ("warc_filename", "warc_record_offset", "warc_record_length"))
        is_kept = body["verdict"] == "allow"
        self.report.counts["rows"] += 1
        if file is None:
            if is_kept:
                raise DiffersError("says allow, and names no record")
            return
        if not isinstance(offset, int) or not isinstance(length, int):
            raise DiffersError("names a record without a place")
        digest = body["content_digest"] if is_kept else None
        place = Place(seq, length, name, body["record_id"], digest, is_kept)
        if self.places.setdefault(file, {}).setdefault(offset, place) is not place:
            raise DiffersError("names the record of another row")

    def _check_index(self, worker: Worker, n: int, log: str, rows: list[tuple[int, dict[str, Any]]]) -> None:
        """Compare the index of a segment with the kept rows of its log file."""
        names = [name for name, _ in self.named(rf"index/{worker.name}-{n:06}(-e\d+)?\.cdxj\.gz")]
        wanted = {index_line(row): seq for seq, row in rows if row["verdict"] == "allow"} if names else {}
        for name in names[-1:]:
            before = b""
            try:
                for line in lines_of(self.files[name]):
                    seq = wanted.pop(line.decode("utf-8", "replace"), None)
                    if seq is None:
                        self.report.bad(
                            name, f"a line is not that of a kept row: {line[:200].decode('utf-8', 'replace')}"
                        )
                    if line < before:
                        self.report.bad(name, "is not sorted", seq)
                    before = line
            except (DiffersError, OSError) as error:
                self.report.bad(name, str(error))
            for seq in sorted(wanted.values())[:20]:
                self.report.bad(name, f"has no line of a row that {log} keeps", seq)

    # 4. Files that leaves name

    def _check_leaf_files(self) -> None:
        for name, (length, digest, seq, log) in sorted(self.expected.items(), key=lambda one: one[1][2]):
            if name not in self.files:
                if length >= 0:
                    self.report.bad(name, f"is missing; {log} names it", seq)
            elif (length >= 0 and self.files[name].stat().st_size != length) or f"sha256:{self.digest(name)}" != digest:
                self.report.bad(name, f"is not the file that {log} names", seq)
        for name, match in self.named(r"(policies|blocklists)/sha256-([0-9a-f]{64})"):
            if self.digest(name) != match[2]:
                self.report.bad(name, "is not the file of its name")
        for name, _ in self.named(r"(warc|index|manifest)/.*"):
            if name not in self.expected and not name.endswith((".open", ".tmp")):
                if self.has_ended:
                    self.report.bad(name, "no leaf of the log names it")
                else:
                    self.report.open(f"{name}: no leaf of the log names it yet")
        self.report.counts["files"] = len(self.files)

    # 5. Records

    def _check_records(self) -> None:  # noqa: C901 - one rule after the other
        for file, places in self.records.items():
            for offset, place in places:
                known = self.places.setdefault(file, {}).get(offset)
                if known is None or (known.record_id is None and known.digest is None):
                    self.places[file][offset] = place
                elif known.length != place.length:
                    self.report.bad(place.file, "names another length of a record", place.seq)
        for name, _ in self.named(r"warc/.*"):
            final = name.removesuffix(".open")
            left = self.places.pop(final, {})
            try:
                self._check_warc(name, final, left)
            except (DiffersError, OSError) as error:
                if name != final:
                    self.report.open(f"{name}: is still being written")
                else:
                    self.report.bad(name, str(error), min((one.seq for one in left.values()), default=None))
                continue
            for offset, place in sorted(left.items())[:20]:
                self.report.bad(name, f"no record begins at octet {offset}, where {place.file} names one", place.seq)
        for name, left in self.places.items():
            if left and name.removesuffix(".open") not in self.expected:
                first = min(left.values(), key=lambda one: one.seq)
                self.report.bad(name, f"is missing; {first.file} names records in it", first.seq)

    def _check_warc(self, name: str, final: str, places: dict[int, Place]) -> None:
        data = mapped(self.files[name])
        begun: list[tuple[int, Place | None]] = []

        def close(end: int) -> None:
            for offset, place in begun:
                if place is not None and place.length != end - offset:
                    self.report.bad(
                        name,
                        f"the record at octet {offset} has {end - offset} octets, the log says {place.length}",
                        place.seq,
                    )
            begun.clear()

        for offset, pieces in members(data):
            close(offset)
            record, place = Record(), places.pop(offset, None)
            try:
                for piece in pieces:
                    record.feed(piece)
                record.end()
                self._check_record(record, place, final, offset, is_open=name != final)
            except DiffersError as error:
                for _ in pieces:
                    pass
                if name != final:
                    raise
                self.report.bad(name, f"octet {offset}: {error}", place.seq if place else None)
            begun.append((offset, place))
            self.report.counts["records"] += 1
        close(len(data))

    def _check_record(self, record: Record, place: Place | None, final: str, offset: int, *, is_open: bool) -> None:
        if (record.type == "warcinfo") != (offset == 0):
            raise DiffersError("a file begins with a warcinfo record, and has one")
        if place is not None:
            check_row_record(record, place)
            if place.record_id is None and place.digest is not None and not record.is_coded:
                check_payload(record, place.digest)
        elif "-pages-" in final and record.type in {"response", "resource", "revisit"} and not is_open:
            raise DiffersError("holds a page that no row keeps")

    # 6. Stamps, envelopes, description

    def _check_stamps(self) -> None:
        replies = self.named(rf"{STAMP}r")
        known = {name.removesuffix(".tsr") for name, _ in replies}
        requests = {name.removesuffix(".tsq") for name, _ in self.named(rf"{STAMP}q")}
        for name in sorted(requests - known):
            self.report.notes.append(f"{name}.tsq: the time stamp is pending")
            if self.demands_stamps:
                self.report.open(f"{name}.tsq: the time stamp is pending")
        self._check_chains(replies)
        for worker, heads in self.heads.items():
            if self.demands_stamps and heads and worker != "crawl":
                last_head = f"timestamps/{worker}-{heads[-1].number:06}."
                if not any(name.startswith(last_head) for name in known):
                    self.report.open(f"{heads[-1].path}: no time stamp")

    def _check_chains(self, replies: list[tuple[str, re.Match[str]]]) -> None:
        """Check each stamp and what renews it, oldest first."""
        chains: dict[tuple[str, str], list[Stamp]] = {}
        for name, match in replies:
            stamp = Stamp(name, int(match[5] or 0), match[6] or match[4])
            chains.setdefault((match[1], match[4]), []).append(stamp)
        in_force: dict[str, bool] = {}
        for (stamped, _), chain in chains.items():
            chain.sort(key=lambda one: one.turn)
            for stamp in chain:
                self._guard(stamp.name, self._check_stamp, stamp, chain, stamped)
            if chain[-1].seconds is not None:
                in_force[stamped] = self._is_in_force(chain[-1]) or in_force.get(stamped, False)
        for stamped, is_good in in_force.items():
            if self.demands_stamps and not is_good:
                self.report.open(f"checkpoints/{stamped}.checkpoint: the certificates behind its stamps have ended")

    def _is_in_force(self, stamp: Stamp) -> bool:
        roots = self._part(f"timestamps/{stamp.authority}.roots.pem")
        request = stamp.name[:-1] + "q"
        now = int(datetime.now(UTC).timestamp())
        is_good = is_token_of(self.openssl, self._part(stamp.name), self._part(request), roots, now)
        if not is_good:
            self.report.notes.append(f"{stamp.name}: the certificates behind it have ended, and nobody renewed it")
        return is_good

    def _check_stamp(self, stamp: Stamp, chain: list[Stamp], stamped: str) -> None:
        name, authority = stamp.name, stamp.authority
        earlier = [one for one in reversed(chain) if one.turn <= stamp.turn and one is not stamp]
        if [one.turn for one in earlier] != list(range(stamp.turn))[::-1]:
            raise DiffersError("is a renewal that is there twice, or what it renews is not all there")
        data = self._part(f"checkpoints/{stamped}.checkpoint")
        if earlier:
            replies = [Path(self._part(one.name)).read_bytes() for one in earlier]
            data = self.openssl.file("stamped", b"".join([*replies, Path(data).read_bytes()]))
        seconds = check_token(
            self.openssl, self._part(name), self._part(name[:-1] + "q"), data,
            self._part(f"timestamps/{authority}.roots.pem"),
        )  # fmt: skip
        if earlier:
            self._check_renewal(earlier[0], seconds)
        self.report.counts["stamps"] += 1
        stamp.seconds = seconds
        at = datetime.fromtimestamp(seconds, UTC)
        worker, _, place = stamped.rpartition("-")
        head = next((one for one in self.heads.get(worker, []) if one.number == int(place)), None)
        if head is not None and head.key is not None and not stamp.turn:
            span = self.trust.keys.get(head.key.text)
            if span is not None and not at < span[1]:
                raise DiffersError(f"stamps at {at.isoformat()}, after the end of the key that signed the head")
        if not self.trust.roots:
            if self.demands_stamps:
                self.report.open(f"{name}: the trust file names no root of a time-stamp authority")
            return
        believed = [
            pem for pem, digest in certificates(self.read(f"timestamps/{authority}.roots.pem"))
            if digest in self.trust.roots and self.trust.roots[digest][0] <= at < self.trust.roots[digest][1]
        ]  # fmt: skip
        roots = self.openssl.file("believed.pem", "".join(believed).encode())
        if not believed or not is_token_of(self.openssl, self._part(name), self._part(name[:-1] + "q"), roots, seconds):
            raise DiffersError("the time stamp leads to no root that the trust file names for that time")

    def _check_renewal(self, earlier: Stamp, seconds: int) -> None:
        """Check that the stamp before still held when it was renewed."""
        if earlier.seconds is None:
            raise DiffersError(f"renews {earlier.name}, which does not hold")
        if seconds < earlier.seconds:
            raise DiffersError(f"is of a time before {earlier.name}, which it renews")
        roots, request = f"timestamps/{earlier.authority}.roots.pem", earlier.name[:-1] + "q"
        if not is_token_of(self.openssl, self._part(earlier.name), self._part(request), self._part(roots), seconds):
            raise DiffersError(f"renews {earlier.name} after the certificates behind that had ended")

    def _part(self, name: str) -> str:
        if name not in self.files:
            raise DiffersError(f"stands without {name}")
        return str(self.files[name])

    def _check_envelopes(self) -> None:
        newest: dict[str, str] = {}
        sealed: list[tuple[str, dict[str, Any], str]] = []
        envelopes = self.named(rf"attestations/({WORKER})-(\d+)\.dsse\.json")
        for name, match in envelopes:
            newest[match[1]] = name
        for name, match in envelopes:
            try:
                statement = self._read_envelope(name, match[1], int(match[2]))
                sealed.append((statement["predicate"]["sealed_at"], statement, name))
                self._check_subjects(name, statement, is_newest=False)
            except DiffersError as error:
                self.report.bad(name, str(error))
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                self.report.bad(name, f"is not of the form that the format gives it ({type(error).__name__}: {error})")
        if not self.has_ended:
            return
        for worker, heads in self.heads.items():
            last = f"attestations/{worker}-{heads[-1].number:06}.dsse.json"
            is_sealed_apart = worker != "crawl" and self._is_joint()  # several workers have one list, with their head
            if not is_sealed_apart and newest.get(worker, "") < last:
                if self._unsigned():
                    self.report.open(f"{last}: the list of files is not signed")
                else:
                    self.report.bad(last, "is missing; the crawl has ended")
        if sealed:
            _, statement, name = max(sealed, key=lambda one: one[0])
            self._guard(name, self._check_newest, name, statement)

    def _check_newest(self, name: str, statement: dict[str, Any]) -> None:
        self._check_subjects(name, statement, is_newest=True)
        if "crawl.json" in self.files:
            self._guard("crawl.json", self._check_predicate, statement["predicate"])

    def _unsigned(self) -> bool:
        """Whether the crawl says that its signer was away."""
        try:
            return bool(read_object(self.read("crawl.json"))["evidence"]["unsigned"])
        except (KeyError, TypeError, OSError, DiffersError):
            return False

    def _read_envelope(self, name: str, worker: str, place: int) -> dict[str, Any]:
        envelope = read_object(self.read(name))
        (signature,) = envelope["signatures"]
        payload = unbase64(envelope["payload"])
        kind = "application/vnd.in-toto+json"
        if envelope["payloadType"] != kind or set(envelope) != {"payloadType", "payload", "signatures"}:
            raise DiffersError("is no envelope of an in-toto statement")
        label, _, key_id = signature["keyid"].rpartition("+")
        text = f"DSSEv1 {len(kind)} {kind} {len(payload)} ".encode() + payload
        key = self.verify(label, key_id, text, unbase64(signature["sig"]))
        statement = read_object(payload)
        predicate = statement["predicate"]
        if (
            statement["_type"] != "https://in-toto.io/Statement/v1"
            or statement["predicateType"] != "urn:clearcrawl:crawl:1"
        ):
            raise DiffersError("holds a statement of another kind")
        signers = [text for one in self.workers.values() for _, text in one.signers]
        self._check_named(key, signers, name, None)
        self.check_time(key, when(predicate["sealed_at"]), name, None)
        head = next((one for one in self.heads.get(worker, []) if one.number == place), None)
        said = predicate["checkpoint"]
        path = f"checkpoints/{worker}-{place:06}.checkpoint"
        if said["name"] != path:
            raise DiffersError("names another head than its own name does")
        if head is None:
            if path not in self.files:
                self.report.bad(path, f"is missing; {name} names it")
            return statement
        is_same = (
            said["size"] == head.size and unbase64(said["root"]) == head.root and predicate["origin"] == head.origin
        )
        if not is_same or said["sha256"] != self.digest(path):
            self.report.bad(path, f"is not the head that {name} names", max(head.size - 1, 0))
        return statement

    def _check_subjects(self, name: str, statement: dict[str, Any], *, is_newest: bool) -> None:
        named = [(one["name"], one["digest"]["sha256"]) for one in statement["subject"]]
        if [path for path, _ in named] != sorted({path for path, _ in named}):
            raise DiffersError("lists files twice or unsorted")
        if is_newest:
            left_out = {*BAG, name} | {path for path in self.files if path.endswith(".tmp")}
            for path in sorted(set(self.files) - {path for path, _ in named} - left_out):
                self.report.bad(path, f"is not in the signed list of all files, {name}")
        for path, digest in named:
            if not is_newest and (path == "crawl.json" or (path, f"sha256:{digest}") in self.gone):
                continue
            if path not in self.files:
                self.report.bad(path, f"is missing; {name} lists it")
            elif self.digest(path) != digest:
                self.report.bad(path, f"is not the file that {name} lists")

    def _check_predicate(self, predicate: dict[str, Any]) -> None:
        description = read_object(self.read("crawl.json"))
        for key in sorted(set(predicate) & set(description)):
            if predicate[key] != description[key]:
                self.report.bad("crawl.json", f"{key} is not that of the signed statement")

    def _check_description(self) -> None:  # noqa: C901 - one rule after the other
        if "crawl.json" not in self.files:
            raise DiffersError("is missing")
        found = read_object(self.read("crawl.json"))
        if found.get("format") != 1:
            self.report.open(f"crawl.json: is of format {found.get('format')!r}, and this verifier reads format 1")
            return
        if not self.has_ended:
            return
        if self._is_joint():
            self._check_joint_description(found)
            return
        if len(self.workers) != 1:
            return
        ((name, worker),) = self.workers.items()
        if not worker.starts or worker.last is None or name not in self.heads:
            return
        start = worker.starts[-1]
        for key in ("crawl_id", "software", "operator", "product_token", "purpose", "user_agent", "is_test", "details"):
            if found[key] != start["body"][key]:
                raise DiffersError(f"{key} is not that of the last start, leaf {start['seq']}")
        first = next(one for one in worker.starts if one["body"]["crawl_id"] == found["crawl_id"])
        if found["started_at"] != first["time"]:
            raise DiffersError(f"started_at is not the time of leaf {first['seq']}")
        body = worker.last["body"]
        if found["finish_reason"] != body.get("reason") or not is_code_of(found, body.get("code")):
            raise DiffersError(f"finish_reason or exit_code is not that of leaf {worker.last['seq']}")
        if worker.last["type"] in {"stop", "crawl_end"} and found["counts"] != body["counts"]:
            raise DiffersError(f"counts are not those of leaf {worker.last['seq']}")
        head, evidence = self.heads[name][-1], found["evidence"]
        said = evidence["origin"], evidence["checkpoint"], evidence["size"]
        if said != (head.origin, head.number, head.size) or (head.key and evidence["key"] != head.key.text):
            raise DiffersError(f"evidence is not the last head, {head.path}")

    def _check_joint_description(self, found: dict[str, Any]) -> None:  # noqa: C901 - one rule after the other
        """Compare crawl.json with what the logs of several workers say of their starts and ends together."""
        totals: dict[str, int] = {}
        details = []
        for worker in self.workers.values():
            starts = [one for one in worker.starts if one["body"]["crawl_id"] == found["crawl_id"]]
            if not starts or worker.last is None:
                raise DiffersError(f"the log of {worker.name} holds no start of that crawl")
            for key in ("crawl_id", "software", "operator", "product_token", "purpose", "user_agent", "is_test"):
                if found[key] != starts[-1]["body"][key]:
                    raise DiffersError(f"{key} is not that of {worker.name}, leaf {starts[-1]['seq']}")
            if found["started_at"] > starts[0]["time"]:
                raise DiffersError(f"started_at is after the start of {worker.name}, leaf {starts[0]['seq']}")
            details += [one["body"]["details"] for one in starts]
            body = worker.last["body"]
            if worker.last["type"] in {"stop", "crawl_end"}:
                if found["finish_reason"] != body["reason"]:
                    raise DiffersError(f"finish_reason is not that of {worker.name}, leaf {worker.last['seq']}")
                for name, number in body["counts"].items():
                    totals[name] = totals.get(name, 0) + number
        if found["details"] not in details:
            raise DiffersError("details are those of no start")
        if found["counts"] != totals:
            raise DiffersError("counts are not the sums of those of the workers")
        heads = self.heads.get("crawl", [])
        evidence = found["evidence"]
        if heads and not self._unsigned():
            said = evidence["origin"], evidence["checkpoint"], evidence["size"]
            if said != (heads[-1].origin, heads[-1].number, heads[-1].size):
                raise DiffersError(f"evidence is not the last head, {heads[-1].path}")

    def _say_what_is_open(self) -> None:
        if not self.has_trust:
            self.report.open("no trust file: nobody vouches for the keys")
        for worker in self.workers.values():
            kind = worker.last["type"] if worker.last else None
            if kind == "stop":
                self.report.notes.append(f"log of {worker.name}: the crawl was stopped, and may be resumed")
            elif kind != "crawl_end":
                self.report.open(f"log of {worker.name}: the crawl has not ended")
        if not self.has_ended:
            self.report.open("there is no bag: the crawl runs, or was killed")


def is_code_of(found: dict[str, Any], code: Any) -> bool:
    """Whether crawl.json tells the code of the last leaf, or 3 because stamps or signatures over that are missing."""
    is_open = found["evidence"]["pending"] or found["evidence"]["unsigned"]
    return found["exit_code"] == code or (code == 0 and found["exit_code"] == INCOMPLETE and bool(is_open))


def read_sums(data: bytes) -> dict[str, str]:
    """Lines of ``sha256sum``."""
    found: dict[str, str] = {}
    for line in data.decode("utf-8", "replace").removesuffix("\n").split("\n"):
        match = re.fullmatch(r"([0-9a-f]{64})  (.+)", line)
        if match is None or match[2] in found or ".." in match[2].split("/") or match[2].startswith("/"):
            raise DiffersError(f"has a line that is no digest and path, or a path twice: {line[:120]!r}")
        found[match[2]] = match[1]
    return found


def index_line(row: dict[str, Any]) -> str:
    """Line of the index for a kept row."""
    is_repeat = not row["bytes_retained"] and (
        row["fetch_status"] == NOT_MODIFIED or row["content_digest"] not in NO_BODY
    )
    fields = {
        "url": row["url"], "mime": "warc/revisit" if is_repeat else row["content_mime_type"],
        "status": row["fetch_status"],
        "digest": row["content_digest"], "length": row["warc_record_length"], "offset": row["warc_record_offset"],
        "filename": row["warc_filename"],
    }  # fmt: skip
    members = {name: str(value) for name, value in fields.items() if value is not None}
    return f"{row['url_surtkey']} {re.sub(r'[^0-9]', '', row['fetch_time'])[:14]} {json.dumps(members)}"


def certificates(pem: bytes) -> Iterable[tuple[str, str]]:
    """Each certificate of a PEM file with the digest of its DER."""
    for match in re.finditer(rb"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----\n?", pem):
        yield match[0].decode(), f"sha256:{sha256(base64.b64decode(match[1])).hex()}"


def is_token_of(openssl: Openssl, reply: str, request: str, roots: str, seconds: int) -> bool:
    """Whether ``openssl ts`` takes a reply to a request, at the time of its stamp."""
    return openssl.run("ts", "-verify", "-queryfile", request, "-in", reply, "-CAfile", roots, "-attime", str(seconds))[
        0
    ]


def check_token(openssl: Openssl, reply: str, request: str | None, data: str, roots: str) -> int:
    """Check a time stamp over a file; answer the stamped time in seconds since 1970."""
    is_read, text = openssl.run("ts", "-reply", "-in", reply, "-text")
    found = re.search(r"^Time stamp: (\w{3} +\d+ \d\d:\d\d:\d\d)(?:\.\d+)? (\d{4}) GMT$", text, re.MULTILINE)
    if not is_read or found is None:
        raise DiffersError("is no time-stamp reply")
    at = datetime.strptime(f"{found[1]} {found[2]}", "%b %d %H:%M:%S %Y").replace(tzinfo=UTC)
    seconds = int(at.timestamp())
    is_good, said = openssl.run("ts", "-verify", "-data", data, "-in", reply, "-CAfile", roots, "-attime", str(seconds))
    if not is_good:
        reason = next((line for line in said.splitlines() if "error" in line.lower()), "not verified")
        raise DiffersError(f"is no time stamp of that head by that authority: {reason[-120:]}")
    if request is not None and not is_token_of(openssl, reply, request, roots, seconds):
        raise DiffersError("is no answer to the request beside it")
    return seconds


# One proof, one bundle


def check_proof(data: bytes, leaf: bytes) -> Head:
    """Check a C2SP tlog-proof of a leaf; answer the head, whose signature is not checked here."""
    top, gap, checkpoint = data.partition(b"\n\n")
    lines = top.decode("utf-8", "replace").split("\n")
    match = re.fullmatch(r"index (0|[1-9][0-9]{0,15})", lines[1]) if len(lines) > 1 else None
    if not gap or lines[0] != "c2sp.org/tlog-proof@v1" or match is None:
        raise DiffersError("is no tlog-proof of version 1")
    head = read_head(checkpoint, "")
    index = int(match[1])
    path = [unbase64(line) for line in lines[2:]]
    if any(len(one) != 32 for one in path):  # noqa: PLR2004 - SHA-256
        raise DiffersError("holds a hash of the wrong length")
    if root_of_inclusion(leaf_hash(leaf), index, head.size, path) != head.root:
        raise DiffersError(f"does not prove that the leaf is number {index} of the signed log")
    body = read_canonical(leaf)
    if body.get("seq") != index:
        raise DiffersError(f"is of leaf {index}, and the leaf says {body.get('seq')}")
    return head


class Bundle:
    """Evidence about one URL or domain: leaves with their proofs, heads, and slices of WARC files."""

    def __init__(self, crawl: Crawl) -> None:
        self.crawl, self.report = crawl, crawl.report

    def check_one(self, proof: Path) -> dict[str, Any]:
        """Check a proof and the leaf beside it; answer the leaf."""
        leaf_path = proof.with_suffix(".leaf")
        if not leaf_path.is_file():
            raise DiffersError(f"stands without its leaf, {leaf_path.name}")
        leaf = leaf_path.read_bytes()
        head = check_proof(proof.read_bytes(), leaf)
        found = read_canonical(leaf)
        key = self.crawl.verify(head.note.name, head.note.key_id, head.note.text, head.note.signature)
        span = self.crawl.trust.keys.get(key.text)
        at = when(found["time"])
        # The head is later than the leaf: a key that begins in between signs rightly.
        self.crawl.check_time(key, at if span is None else max(at, span[0]), proof.name, found["seq"])
        self.report.counts["proofs"] += 1
        return found

    def check(self) -> None:
        """Check a whole bundle."""
        root = self.crawl.root
        self._check_sums(root)
        leaves: list[tuple[str, dict[str, Any]]] = []
        proofs = sorted(root.glob("*/*.tlog-proof"))
        for proof in proofs:
            name = proof.relative_to(root).as_posix()
            try:
                leaves.append((name, self.check_one(proof)))
            except (DiffersError, OSError) as error:
                self.report.bad(name, str(error))
        heads = {path.read_bytes() for path in sorted(root.glob("checkpoints/*.checkpoint"))}
        for proof in proofs:
            if proof.read_bytes().partition(b"\n\n")[2] not in heads:
                self.report.bad(proof.relative_to(root).as_posix(), "its head is none of those in checkpoints/")
        for name, leaf in leaves:
            self._check_slices(name, leaf)
        self._check_stamps()
        for path in sorted(root.glob("warc/*.warc.gz")):
            try:
                read_record(path)
            except DiffersError as error:
                self.report.bad(path.relative_to(root).as_posix(), str(error))

    def _check_sums(self, root: Path) -> None:
        try:
            sums = read_sums((root / "manifest-sha256.txt").read_bytes())
        except (OSError, DiffersError) as error:
            self.report.bad("manifest-sha256.txt", str(error))
            return
        found = {path.relative_to(root).as_posix(): path for path in root.rglob("*") if path.is_file()}
        for name in sorted(set(found) - set(sums) - {"manifest-sha256.txt"}):
            self.report.bad(name, "is not named by manifest-sha256.txt")
        for name, digest in sums.items():
            if name not in found:
                self.report.bad(name, "is missing")
            elif hashlib.sha256(found[name].read_bytes()).hexdigest() != digest:
                self.report.bad(name, "is not the file that manifest-sha256.txt names")

    def _check_slices(self, name: str, leaf: dict[str, Any]) -> None:
        body, seq = leaf["body"], leaf["seq"]
        wanted: list[tuple[str, Place]] = []
        if leaf["type"] in VERDICTS and body["warc_filename"] is not None:
            is_kept = body["verdict"] == "allow"
            digest = body["content_digest"] if is_kept else None
            place = Place(seq, body["warc_record_length"], name, body["record_id"], digest, is_kept)
            wanted = [(slice_name(body["warc_filename"], body["warc_record_offset"]), place)]
        elif leaf["type"] == "site_file":
            wanted = [
                (slice_name(one["file"], one["offset"]), Place(seq, one["length"], name)) for one in body["records"]
            ]
        for slice_path, place in wanted:
            try:
                path = self.crawl.root / slice_path
                if not path.is_file():
                    raise DiffersError(f"is missing; {name} names it")  # noqa: TRY301
                if path.stat().st_size != place.length:
                    raise DiffersError(f"has another length than {name} says")  # noqa: TRY301
                check_row_record(read_record(path), place)
                self.report.counts["records"] += 1
            except DiffersError as error:
                self.report.bad(slice_path, str(error), seq)

    def _check_stamps(self) -> None:
        root = self.crawl.root
        names = sorted(path.relative_to(root).as_posix() for path in root.glob("timestamps/*.tsr"))
        for name in names:
            match = re.fullmatch(rf"{STAMP}r", name)
            if match is None:
                self.report.bad(name, "is no name of a time stamp")
                continue
            try:
                self._check_stamp(name, match, names)
            except (DiffersError, OSError) as error:
                self.report.bad(name, str(error))

    def _check_stamp(self, name: str, match: re.Match[str], names: list[str]) -> None:
        root, openssl, turn = self.crawl.root, self.crawl.openssl, int(match[5] or 0)
        data = root / f"checkpoints/{match[1]}.checkpoint"
        parts = [data.read_bytes()]
        before: tuple[str, str] | None = None
        for earlier in range(turn):
            ending = f"\\.{earlier}\\.({AUTHORITY})" if earlier else ""
            pattern = rf"timestamps/{re.escape(match[1])}\.{re.escape(match[4])}{ending}\.tsr"
            found = [(one, again[1] if earlier else match[4]) for one in names if (again := re.fullmatch(pattern, one))]
            if len(found) != 1:
                raise DiffersError("renews stamps that are not all there")
            before = found[0]
            parts.insert(0, (root / before[0]).read_bytes())
        request = root / f"{name[:-1]}q"
        seconds = check_token(
            openssl, str(root / name), str(request) if request.is_file() else None,
            openssl.file("stamped", b"".join(parts)), str(root / f"timestamps/{match[6] or match[4]}.roots.pem"),
        )  # fmt: skip
        if before is not None:
            roots, asked = root / f"timestamps/{before[1]}.roots.pem", root / f"{before[0][:-1]}q"
            if not is_token_of(openssl, str(root / before[0]), str(asked), str(roots), seconds):
                raise DiffersError(f"renews {before[0]} after the certificates behind that had ended")
        self.report.counts["stamps"] += 1


def slice_name(file: str, offset: int) -> str:
    """Where a bundle holds one record of a WARC file."""
    return f"{file.removesuffix('.warc.gz')}-{offset}.warc.gz"


def read_record(path: Path) -> Record:
    """Read a file that is exactly one gzip member with one record."""
    record, number_of_members = Record(), 0
    for _, pieces in members(mapped(path)):
        number_of_members += 1
        for piece in pieces:
            record.feed(piece)
    if number_of_members != 1:
        raise DiffersError("is not exactly one gzip member")
    record.end()
    return record


# The command


def shown(text: str) -> str:
    """Text for a terminal: nothing in it moves the cursor or hides."""
    return "".join(one if one.isprintable() else f"\\u{ord(one):04x}" for one in text)


def tell(path: str, report: Report) -> None:
    """Print the answer for people."""
    for one in report.findings[:50]:
        place = "" if one["seq"] is None else f", entry {one['seq']}"
        print(shown(f"DIFFERS  {one['file']}{place}: {one['what']}"))
    if len(report.findings) > 50:  # noqa: PLR2004 - enough to read
        print(f"... and {len(report.findings) - 50} more")
    for why in report.undecided:
        print(shown(f"UNDECIDED  {why}"))
    for note in report.notes:
        print(shown(f"note  {note}"))
    counts = ", ".join(f"{value} {name}" for name, value in sorted(report.counts.items()) if " " not in name)
    print(shown(f"{path}: {counts}"))
    if report.counts["erased"]:
        print(f"erased: {report.counts['erased']} rows, as the log says")
    print({0: "all holds", 1: "it does not hold", 3: "nothing differs, but it cannot be decided"}[report.code])


def verify(path: Path, trust: Path | None, *, stamps: bool = False) -> Report:
    """Verify a crawl, a bundle or a proof."""
    report = Report()
    with tempfile.TemporaryDirectory(prefix="verify-crawl-") as work:
        believed = read_trust(trust) if trust is not None else None
        crawl = Crawl(path, believed, Openssl(Path(work)), report, stamps=stamps)
        if path.is_dir() and not list(path.glob("*/*.tlog-proof")):
            crawl.check()
            return report
        for text in crawl.trust.keys:
            crawl.add_key(read_key(text))
        bundle = Bundle(crawl)
        if path.is_dir():
            for key in sorted(path.glob("keys/*.pem")):
                crawl.add_pem(key)
            bundle.check()
        elif path.suffix == ".tlog-proof" and path.is_file():
            try:
                bundle.check_one(path)
            except (DiffersError, OSError) as error:
                report.bad(path.name, str(error))
        else:
            raise UsageError(f"{path}: is neither a folder nor a .tlog-proof")
        if believed is None:
            report.open("no trust file: nobody vouches for the keys")
    return report


def main(arguments: list[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description="Check a crawl of clearcrawl with Python and OpenSSL alone.")
    parser.add_argument("path", type=Path, help="folder of a crawl, folder of a bundle, or a .tlog-proof")
    parser.add_argument("--trust", type=Path, help="keys to believe, as they reached you by another way")
    parser.add_argument("--require-stamps", action="store_true", help="undecided (3) where a time stamp is missing")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args(arguments)
    try:
        report = verify(options.path, options.trust, stamps=options.require_stamps)
    except UsageError as error:
        print(shown(f"verify_crawl: {error}"), file=sys.stderr)
        return 2
    except OSError as error:
        print(shown(f"verify_crawl: {error.filename or options.path}: {error.strerror}"), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    if options.json:
        first = report.findings[0] if report.findings else None
        answer = {
            "path": str(options.path),
            "code": report.code,
            "first": first,
            "findings": report.findings,
            "undecided": report.undecided,
            "notes": report.notes,
            "counts": dict(report.counts),
        }
        print(json.dumps(answer, indent=1))
    else:
        tell(str(options.path), report)
    return report.code


if __name__ == "__main__":
    sys.exit(main())
