"""Every real file of the optional data through the readers: what crashes, what is slow, how many of each protocol.

``PYTHONPATH=. python benchmarks/real_optouts.py [FOLDER]`` (default: ../shared/data): a Markdown table of readers and
carriers, with the files that a reader found something in, and those about which it reserves, conditions or allows for
training. Exit status 1 where a reader raised or a file took a second.
"""

from __future__ import annotations

import json
import sys
import tarfile
import time
from base64 import b64decode
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from crawler.errors import UrlError
from crawler.manifest_stores import read_manifest_store
from crawler.optout.collect import CarrierReadings, collect, read_head, read_html, read_media
from crawler.optout.interface import HtmlHead, MediaFile, ResponseHead, SiteFile
from crawler.optout.media.embedded import packet_of
from crawler.optout.media.opening import describe, media_file
from crawler.optout.registry import READERS
from crawler.optout.robots.groups import parse
from crawler.optout.site_file import is_page
from crawler.optout.statement import SILENCE, Question, RobotsRecords, Source, Use
from crawler.values.digest import sha256
from crawler.values.html import scan
from crawler.values.media_type import detect, essence_of
from crawler.values.url import canonicalise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from crawler.values.url import CanonicalUrl

SLOW_S = 1.0
AT = datetime(2026, 11, 23, tzinfo=UTC)
TOKEN = "ExampleBot"  # noqa: S105 - a product token
PATHS = {
    "tdmrep.json": "/.well-known/tdmrep.json",
    "trust.txt": "/trust.txt",
    "ai.txt": "/ai.txt",
    "rsl.xml": "https://site.example/license.xml",
}
"""Kind of a real file to the path at which a reader meets it."""
OTHER_PATHS = ("/.well-known/tdmrep.json", "/trust.txt", "/ai.txt", "/.well-known/ai.txt", "/.well-known/ai.json")
"""Where files of other kinds are offered, as if a server answered with the wrong one."""


@dataclass(slots=True)
class Tally:
    """What was found."""

    files: Counter[str] = field(default_factory=Counter)
    found: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Reader and carrier, files."""
    said: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """Reader, carrier and preference, files."""
    unread: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Reader and why."""
    crashes: list[str] = field(default_factory=list)
    slowest: tuple[float, str] = (0.0, "")


def main() -> int:
    """Read everything and print the tables."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[2] / "shared" / "data"
    tally = Tally()
    for carrier, name, read in _inputs(folder):
        tally.files[carrier] += 1
        started = time.process_time()
        _look(tally, carrier, name, read)
        tally.slowest = max(tally.slowest, (time.process_time() - started, f"{carrier}: {name}"))
    _print(tally)
    return int(bool(tally.crashes) or tally.slowest[0] >= SLOW_S)


def _look(tally: Tally, carrier: str, name: str, read: Callable[[], CarrierReadings]) -> None:
    try:
        carriers = read()
        question = Question(url=_url(name), use=Use.TRAIN_GENAI, token=TOKEN)
        collected = collect(question, carriers)
    except Exception as error:  # noqa: BLE001 - what the run is for
        tally.crashes.append(f"{carrier}: {name}: {error!r}")
        return
    tally.crashes += [f"{carrier}: {name}: {one.why}" for one in collected.unread if one.why.startswith("internal")]
    tally.found.update({(reader.id, carrier) for reader, _ in carriers.reads})
    tally.said.update({(one.protocol, carrier, one.preference.value) for one in collected.statements})
    tally.unread.update({(one.protocol, one.why) for one in collected.unread})


def _url(name: str) -> CanonicalUrl:
    host = name.partition(" ")[0]
    try:
        return canonicalise(f"https://{host}/")
    except UrlError:
        return canonicalise("https://site.example/")


def _source(name: str, body: bytes) -> Source:
    return Source(url=_url(name), digest=sha256(body), retrieved_at=AT)


def _inputs(folder: Path) -> Iterator[tuple[str, str, Callable[[], CarrierReadings]]]:
    """Carrier, name and a way to read each input."""
    for row in _rows(folder / "robots" / "robots.jsonl.zst"):
        body = row["body"].encode("utf-8", "surrogatepass") if "body" in row else b64decode(row["body_b64"])
        yield "robots.txt", f"{row['host']} {row['path']}", partial(_robots, row["host"], body)
    for row in _rows(folder / "optouts" / "optouts.jsonl"):
        body, kind = row["body"].encode("utf-8", "surrogatepass"), row["kind"]
        if kind == "robots.txt":
            yield kind, row["host"], partial(_robots, row["host"], body)
            continue
        for path in [PATHS[kind]] if kind in PATHS else OTHER_PATHS:
            yield kind, row["host"], partial(_file, row["host"], path, body)
    for row in _rows(folder / "http" / "llms-txt-captures.jsonl.zst"):
        yield "response", row["host"], partial(_response, row)
    with pa.input_stream(str(folder / "media" / "media.tar.zst"), compression="zstd") as stream:
        archive = tarfile.open(fileobj=BytesIO(stream.read()))  # noqa: SIM115 - closed with the octets it reads
    for member in archive.getmembers():
        file = archive.extractfile(member)
        if file is not None:
            yield "media file", member.name, partial(_media, member.name, file.read())
    for number, row in enumerate(_rows(folder / "media" / "pdf-xmp.jsonl")):
        packets = [packet.encode() for packet in row["xmp"]]
        yield "PDF (XMP)", f"gasparsequeira.pt {number}", partial(_packets, packets)


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    compression = "zstd" if path.suffix == ".zst" else None
    with pa.input_stream(str(path), compression=compression) as stream:
        for line in stream.read().decode().split("\n"):
            if line.strip():
                yield json.loads(line)


def _robots(name: str, body: bytes) -> CarrierReadings:
    records = RobotsRecords(file=parse(body), source=_source(name, body), token=TOKEN)
    reads = [(reader, reader.read_robots(records)) for reader in READERS]
    return CarrierReadings(reads=tuple(pair for pair in reads if pair[1] is not SILENCE))


def _file(name: str, path: str, body: bytes) -> CarrierReadings:
    if is_page(body, None):
        return CarrierReadings()
    file = SiteFile(source=_source(name, body), path=path, content_type=None, body=body)
    concerned = [one for one in READERS if path in one.site_files or (one.id == "rsl" and path.startswith("https"))]
    reads = [(reader, reader.read_site_file(file)) for reader in concerned]
    return CarrierReadings(reads=tuple(pair for pair in reads if pair[1] is not SILENCE))


def _response(row: dict[str, Any]) -> CarrierReadings:
    body = str(row.get("body") or "").encode("utf-8", "surrogatepass")
    headers = tuple((name, str(value)) for name, value in (row["http_headers"] or {}).items())
    source = _source(row["host"], body)
    carriers = read_head(ResponseHead(source=source, status=200, headers=headers))
    declared = next((value for name, value in headers if name.lower() == "content-type"), None)
    if detect(body, essence_of(declared)) == "text/html":
        carriers += read_html(HtmlHead(source=source, page=scan(body, content_type=declared)))
    return carriers


def _media(name: str, body: bytes) -> CarrierReadings:
    content_type = detect(body, None) or "application/octet-stream"
    return read_media(media_file(_source(name, body), content_type, body, read_manifest_store))


def _packets(packets: list[bytes]) -> CarrierReadings:
    source = _source("gasparsequeira.pt", b"".join(packets))
    embedded = describe([packet_of(packet) for packet in packets])
    return read_media(MediaFile(source=source, content_type="application/pdf", embedded=embedded))


def _print(tally: Tally) -> None:
    print("| reader | carrier | files | with something to read | reserved | conditional | allowed |")
    print("|---|---|---:|---:|---:|---:|---:|")
    for reader in READERS:
        for carrier, number in tally.files.items():
            found = tally.found[reader.id, carrier]
            if found:
                said = [tally.said[reader.id, carrier, name] for name in ("reserved", "conditional", "allowed")]
                print(
                    f"| `{reader.id}` | {carrier} | {number:,} | {found:,} | {said[0]:,} | {said[1]:,} | {said[2]:,} |"
                )
    unread = ", ".join(f"{reader} {why}: {number}" for (reader, why), number in sorted(tally.unread.items()))
    print(f"\nUnread, recorded: {unread or 'none'}. Crashes: {len(tally.crashes)}.", end=" ")
    print(f"Slowest: {tally.slowest[0] * 1000:.0f} ms of CPU ({tally.slowest[1]}).")
    for crash in tally.crashes:
        print(crash, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
