"""The evidence for some URLs, or a domain, as a folder that a stranger checks without our code (``check.sh`` in it).

Leaves and their proofs, the signed head with key and time stamps, slices of the WARC files, and the rules in force.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from crawler.audit.bundle_folder import script, write_folder
from crawler.audit.checks.heads import offered_key
from crawler.audit.proving import Leaf
from crawler.errors import UsageError
from crawler.storage.layout import TIMESTAMPS, WARC
from crawler.values.url import split

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from crawler.audit.proving import SignedLog
    from crawler.storage.reading import CrawlReader

README = """\
Evidence of a crawl for {count}.

rows/         the row of each URL as a leaf of the log (RFC 8785 JSON), with its C2SP tlog-proof
site-files/   the leaves that tell what became of asking for robots.txt and other files of the site
warc/         slices of the crawl's WARC files, one record each; the leaves name file, offset and length
policies/     the policy in force, byte for byte; blocklists/ the lists that name one of the URLs
checkpoints/  the signed head of the log; timestamps/ what RFC 3161 authorities said about it
keys/         the public keys that signed
declaration.txt  draft for US Federal Rules of Evidence 902(11), 902(13) and 902(14): a template for counsel

Check all of it with coreutils, a POSIX shell, gzip and OpenSSL 3:

    sh check.sh

What check.sh cannot tell you is whose the key is. Compare it with the one that you got by another way:

    openssl pkey -pubin -in keys/NAME.pem -outform DER | sha256sum

{keys}
The evidence shows which bytes were recorded, when, and by which rules they were judged. It cannot show to a third
party that a server really sent these bytes, since TLS leaves no such proof.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundled:
    """What was written."""

    rows: int
    site_files: int
    records: int
    largest_proof: int
    """Octets."""


def write_bundle(reader: CrawlReader, log: SignedLog, out: Path, explanation: Mapping[str, Any]) -> Bundled:
    """Write the evidence for the leaves of ``log``. Raises UsageError where ``out`` will not do, StorageError."""
    rows = log.leaves
    if not rows:
        raise UsageError("the log holds no row of these URLs; --not URL proves that")
    contents: dict[str, bytes] = {}
    looks = list(_looks(log, rows))
    for leaf in rows:
        contents.update(_proven(log, leaf, "rows"))
    for leaf in looks:
        contents.update(_proven(log, leaf, "site-files"))
    largest = max(len(data) for name, data in contents.items() if name.endswith(".tlog-proof"))
    records = dict(_records(reader, [leaf.entry["body"] for leaf in rows], [leaf.entry["body"] for leaf in looks]))
    contents.update(records)
    contents.update(_rules(reader, log, rows))
    workers = {leaf.worker for leaf in rows}
    contents.update(_heads(log, workers))
    labels = "\n".join(f"  {name}" for name in sorted(contents) if name.startswith("keys/"))
    count = "1 URL" if len(rows) == 1 else f"{len(rows)} rows"
    contents["README.txt"] = README.format(count=count, keys=labels + "\n").encode()
    draft = files("crawler.audit").joinpath("bundle/declaration.txt").read_text(encoding="utf-8")
    crawls = ", ".join(sorted({leaf.entry["body"]["crawl_id"] for leaf in rows}))
    software = ", ".join(sorted({leaf.entry["body"]["tool_version"] for leaf in rows}))
    contents["declaration.txt"] = draft.format(crawls=crawls, software=software).encode()
    contents["check.sh"] = script("crawler.audit")
    contents["explanation.json"] = json.dumps(explanation, indent=2).encode() + b"\n"
    write_folder(out, contents)
    return Bundled(rows=len(rows), site_files=len(looks), records=len(records), largest_proof=largest)


def _proven(log: SignedLog, leaf: Leaf, folder: str) -> Iterator[tuple[str, bytes]]:
    proof = log.proof_of(leaf)
    if proof is None:
        raise UsageError(f"leaf {leaf.seq} of worker {leaf.worker} is under no signed head yet: let the crawl end")
    yield f"{folder}/{leaf.worker}-{leaf.seq}.leaf", leaf.line
    yield f"{folder}/{leaf.worker}-{leaf.seq}.tlog-proof", proof.text()


def _looks(log: SignedLog, rows: Iterable[Leaf]) -> Iterator[Leaf]:
    """Every look at a file of the rows' origins, of the same worker, and at documents that rows name."""
    origins = {(leaf.worker, _origin(leaf.entry["body"]["url"])) for leaf in rows}
    sources = {one["source_url"] for leaf in rows for one in leaf.entry["body"]["statements"]}
    for worker, read in log.evidence.logs.items():
        for entry in read.of_type("site_file"):
            body = entry.body
            if (worker, body["origin"]) in origins or body["path"] in sources:
                line = log.line_of(worker, entry.seq)
                if line is not None:
                    yield Leaf(worker=worker, seq=entry.seq, line=line)


def _origin(url: str) -> str:
    return split(url).origin  # type: ignore[arg-type] # rows hold canonical URLs


def _records(
    reader: CrawlReader, rows: Iterable[Mapping[str, Any]], looks: Iterable[Mapping[str, Any]]
) -> Iterator[tuple[str, bytes]]:
    places = {
        (row["warc_filename"], row["warc_record_offset"], row["warc_record_length"])
        for row in rows
        if row["warc_filename"] is not None
    }
    for look in looks:
        kept = [one for one in (look["body"], *look["records"]) if one is not None]
        places |= {(one["file"], one["offset"], one["length"]) for one in kept}
    for name, offset, length in sorted(places):
        reader.record(name, offset, length)  # checked before it is handed on
        with (reader.root / name).open("rb") as file:
            file.seek(offset)
            yield f"{WARC}/{name.rpartition('/')[2].removesuffix('.warc.gz')}-{offset}.warc.gz", file.read(length)


def _rules(reader: CrawlReader, log: SignedLog, rows: Iterable[Leaf]) -> Iterator[tuple[str, bytes]]:
    """Policy files of the starts that the rows name; of the lists, the catalog and those that cover a row."""
    bodies = [leaf.entry["body"] for leaf in rows]
    policies, listed = {row["policy_digest"] for row in bodies}, {row["blocklist_digest"] for row in bodies}
    for read in log.evidence.logs.values():
        for entry in read.of_type("crawl_start", "restart"):
            details = entry.body["details"]
            if details["policy_digest"] in policies:
                for name, digest in details["policy_files"].items():
                    yield f"policies/{name}", reader.kept("policies", digest)
            for name, digest in details["list_files"].items():
                if digest in listed:
                    yield f"blocklists/{name.replace('/', '-')}", reader.kept("blocklists", digest)


def _heads(log: SignedLog, workers: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    evidence = log.evidence
    for worker in sorted(workers):
        head = log.head_of(worker)
        assert head is not None  # noqa: S101 - a proof was made under it
        yield head.path, head.octets
        for signature in head.note.signatures:
            key = evidence.trust.find(signature.label) or offered_key(evidence, signature.label)
            if key is not None:
                public = Ed25519PublicKey.from_public_bytes(key.public)
                yield f"keys/{key.name}.pem", public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        stamped = head.path.rpartition("/")[2].removesuffix(".checkpoint")
        for path in evidence.names(TIMESTAMPS):
            if path.rpartition("/")[2].startswith(f"{stamped}.") or path.endswith(".pem"):
                yield path, evidence.read(path)
