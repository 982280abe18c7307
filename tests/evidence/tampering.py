"""Kinds of change to a finished crawl, each at many places; and changes that must not matter.

A kind is told to a folder, a source of chance and whether the bag is made anew afterwards, as somebody would who wants
not to be seen. It answers the paths, one of which a verifier has to name.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import os
import shutil
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding

from crawler.provenance.checkpoint import Checkpoint
from crawler.provenance.signed_note import VerifierKey, read_note, write_note
from crawler.provenance.statement import Envelope, make_envelope, manifest_text, read_manifest, signed_octets
from crawler.storage.handover import evidence_files
from crawler.storage.layout import BAG_FILES

if TYPE_CHECKING:
    import random
    from collections.abc import Callable
    from pathlib import Path

    Kind = Callable[[Path, random.Random], set[str]]

MANIFEST, TAGS = "manifest-sha256.txt", "tagmanifest-sha256.txt"


def tamper(root: Path, kind: str, chosen: random.Random) -> set[str]:
    """Apply a kind; answer the paths one of which has to be named."""
    name, _, mode = kind.partition("/")
    told = (KINDS | STAMP_KINDS)[name](root, chosen)
    if mode == "rebagged":
        rebag(root)
    return told


def rebag(root: Path) -> None:
    """Make the bag anew, as it fits the changed files."""
    files = {path: _sha256(root / path) for path in evidence_files(root) if (root / path).is_file()}
    files["data/README.txt"] = _sha256(root / "data/README.txt")
    (root / MANIFEST).write_bytes(manifest_text(files))
    (root / TAGS).write_bytes(manifest_text({name: _sha256(root / name) for name in BAG_FILES[:3]}))


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _pick(root: Path, pattern: str, chosen: random.Random) -> Path:
    return chosen.choice(sorted(root.glob(pattern)))


def _told(root: Path, path: Path) -> set[str]:
    return {path.relative_to(root).as_posix()}


def _flip(pattern: str) -> Kind:
    def kind(root: Path, chosen: random.Random) -> set[str]:
        path = _pick(root, pattern, chosen)
        data = bytearray(path.read_bytes())
        data[chosen.randrange(len(data))] ^= 1 << chosen.randrange(8)
        path.write_bytes(data)
        return _told(root, path)

    return kind


def _cut(pattern: str) -> Kind:
    def kind(root: Path, chosen: random.Random) -> set[str]:
        path = _pick(root, pattern, chosen)
        os.truncate(path, chosen.randrange(path.stat().st_size))
        return _told(root, path)

    return kind


def _append(pattern: str) -> Kind:
    def kind(root: Path, chosen: random.Random) -> set[str]:
        path = _pick(root, pattern, chosen)
        path.write_bytes(path.read_bytes() + chosen.randbytes(chosen.randrange(1, 40)))
        return _told(root, path)

    return kind


def _remove(pattern: str) -> Kind:
    def kind(root: Path, chosen: random.Random) -> set[str]:
        path = _pick(root, pattern, chosen)
        path.unlink()
        return _told(root, path)

    return kind


def _rename(pattern: str) -> Kind:
    def kind(root: Path, chosen: random.Random) -> set[str]:
        path = _pick(root, pattern, chosen)
        digits = "".join(chosen.choice("0123456789") for _ in range(6))
        stem, _, ending = path.name.rpartition("-")
        new = path.with_name(f"{stem}-9{digits[:5]}{ending[6:]}")
        path.rename(new)
        return _told(root, path) | _told(root, new)

    return kind


def _link(root: Path, chosen: random.Random) -> set[str]:
    path = _pick(root, chosen.choice(["warc/*", "manifest/*", "log/*", "checkpoints/*"]), chosen)
    away = root.with_name(f"{root.name}-away")
    away.write_bytes(path.read_bytes())
    path.unlink()
    path.symlink_to(away)
    return _told(root, path)


def _foreign(root: Path, chosen: random.Random) -> set[str]:
    folder = chosen.choice(["", "warc/", "manifest/", "log/", "index/", "checkpoints/", "policies/", "attestations/"])
    name = chosen.choice(["notes.txt", "w1-000001.parquet", "w0-pages-000009.warc.gz", ".hidden", "w0-000009.parquet"])
    path = root / f"{folder}{name}"
    path.write_bytes(chosen.randbytes(50))
    return _told(root, path)


def _lines(edit: Callable[[list[bytes], random.Random], None]) -> Kind:
    def kind(root: Path, chosen: random.Random) -> set[str]:
        path = root / "log/w0-000001.jsonl.gz"
        lines = gzip.decompress(path.read_bytes()).split(b"\n")[:-1]
        edit(lines, chosen)
        path.write_bytes(gzip.compress(b"".join(line + b"\n" for line in lines)))
        return _told(root, path)

    return kind


def _rows(lines: list[bytes]) -> list[int]:
    ends = tuple(f'"type":"{kind}"}}'.encode() for kind in ("fetched", "denied", "failed"))
    return [number for number, line in enumerate(lines) if line.endswith(ends)]


def _change(number: int, lines: list[bytes], edit: Callable[[dict[str, Any]], None]) -> None:
    leaf = json.loads(lines[number])
    edit(leaf)
    lines[number] = json.dumps(leaf, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def _verdict(lines: list[bytes], chosen: random.Random) -> None:
    def edit(leaf: dict[str, Any]) -> None:
        body = leaf["body"]
        body["verdict"] = "deny" if body["verdict"] == "allow" else "allow"

    _change(chosen.choice(_rows(lines)), lines, edit)


def _reason(lines: list[bytes], chosen: random.Random) -> None:
    _change(chosen.choice(_rows(lines)), lines, lambda leaf: leaf["body"].update(reason="allowed_by_profile"))


def _row_time(lines: list[bytes], chosen: random.Random) -> None:
    _change(chosen.choice(_rows(lines)), lines, lambda leaf: leaf.update(time="2020-01-01T00:00:00.000000Z"))


def _salt(lines: list[bytes], chosen: random.Random) -> None:
    _change(chosen.randrange(len(lines)), lines, lambda leaf: leaf.update(salt=chosen.randbytes(16).hex()))


def _event(lines: list[bytes], chosen: random.Random) -> None:
    rows = set(_rows(lines))
    number = chosen.choice([number for number in range(len(lines)) if number not in rows])
    _change(number, lines, lambda leaf: leaf["body"].update(note="changed"))


def _site_file(lines: list[bytes], chosen: random.Random) -> None:
    found = [number for number, line in enumerate(lines) if line.endswith(b'"type":"site_file"}')]
    _change(
        chosen.choice(found), lines, lambda leaf: leaf["body"].update(digest=f"sha256:{chosen.randbytes(32).hex()}")
    )


def _drop(lines: list[bytes], chosen: random.Random) -> None:
    del lines[chosen.randrange(len(lines))]


def _drop_renumbered(lines: list[bytes], chosen: random.Random) -> None:
    at = chosen.randrange(len(lines) - 1)
    del lines[at]
    for number in range(at, len(lines)):
        _change(number, lines, lambda leaf, number=number: leaf.update(seq=number))  # type: ignore[misc] # a default binds it


def _twice(lines: list[bytes], chosen: random.Random) -> None:
    at = chosen.randrange(len(lines))
    lines.insert(at, lines[at])


def _swap(lines: list[bytes], chosen: random.Random) -> None:
    one, two = chosen.sample(range(len(lines)), 2)
    lines[one], lines[two] = lines[two], lines[one]


def _end(lines: list[bytes], chosen: random.Random) -> None:
    del lines[-chosen.randrange(1, len(lines)) :]


def _erase(lines: list[bytes], chosen: random.Random) -> None:
    at = chosen.choice(_rows(lines))
    digest = hashlib.sha256(b"\x00" + lines[at]).hexdigest()
    lines[at] = f'{{"erased":true,"leaf_hash":"sha256:{digest}","seq":{at}}}'.encode()


def _garbage(lines: list[bytes], chosen: random.Random) -> None:
    lines[chosen.randrange(len(lines))] = chosen.choice([b"", b"{}", b"[1]", b"null", b"\xff\xfe", b'{"seq":' * 3000])


def _forged_end(root: Path, chosen: random.Random) -> set[str]:
    path = root / "log/w0-000002.jsonl.gz"
    lines = gzip.decompress(path.read_bytes()).split(b"\n")[:-1]
    leaf = json.loads(lines[-1])
    leaf["seq"] += 1
    leaf["salt"] = chosen.randbytes(16).hex()
    lines.append(json.dumps(leaf, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode())
    path.write_bytes(gzip.compress(b"".join(line + b"\n" for line in lines)))
    return _told(root, path) | {"checkpoints/w0-000003.checkpoint"}


def _table(edit: Callable[[pa.Table, random.Random], pa.Table], **options: Any) -> Kind:
    def kind(root: Path, chosen: random.Random) -> set[str]:
        path = _pick(root, "manifest/*.parquet", chosen)
        table = edit(pyarrow.parquet.read_table(path), chosen)
        pyarrow.parquet.write_table(table, path, **{"compression": "zstd", **options})
        return _told(root, path)

    return kind


def _cell(name: str, value: Any) -> Callable[[pa.Table, random.Random], pa.Table]:
    def edit(table: pa.Table, chosen: random.Random) -> pa.Table:
        column = table[name].to_pylist()
        at = chosen.randrange(len(column))
        column[at] = value(column[at]) if callable(value) else value
        field = table.schema.field(name)
        return table.set_column(table.schema.get_field_index(name), field, pa.array(column).cast(field.type))

    return edit


def _without_row(table: pa.Table, chosen: random.Random) -> pa.Table:
    at = chosen.randrange(len(table))
    return pa.concat_tables([table.slice(0, at), table.slice(at + 1)])


def _row_twice(table: pa.Table, chosen: random.Random) -> pa.Table:
    return pa.concat_tables([table, table.slice(chosen.randrange(len(table)), 1)])


def _other_hash(table: pa.Table, chosen: random.Random) -> pa.Table:
    return _cell("leaf_hash", f"sha256:{chosen.randbytes(32).hex()}")(table, chosen)


def _other_place(table: pa.Table, chosen: random.Random) -> pa.Table:
    kept = table.filter(table["warc_record_offset"].is_valid())
    offsets = kept["warc_record_offset"].to_pylist()
    return _cell("warc_record_offset", lambda value: chosen.choice(offsets) + 1 if value is None else value + 1)(
        table, chosen
    )


def _record(root: Path, chosen: random.Random) -> set[str]:
    """Another body in a record, with its digest and length made to fit."""
    path = _pick(root, "warc/*-pages-*", chosen)
    members = _members(path.read_bytes())
    at = chosen.randrange(1, len(members))
    head, _, rest = gzip.decompress(members[at]).partition(b"\r\n\r\n")
    block = rest[:-4] + b" "
    lines = [line for line in head.split(b"\r\n") if not line.startswith((b"WARC-Block-Digest", b"Content-Length"))]
    lines += [f"WARC-Block-Digest: sha256:{hashlib.sha256(block).hexdigest()}".encode()]
    lines += [f"Content-Length: {len(block)}".encode()]
    members[at] = gzip.compress(b"\r\n".join(lines) + b"\r\n\r\n" + block + b"\r\n\r\n")
    path.write_bytes(b"".join(members))
    return _told(root, path)


def _members(data: bytes) -> list[bytes]:
    import zlib  # noqa: PLC0415 - used here alone

    found = []
    while data:
        unpacker = zlib.decompressobj(31)
        unpacker.decompress(data)
        found.append(data[: len(data) - len(unpacker.unused_data)])
        data = unpacker.unused_data
    return found


def _no_record(root: Path, chosen: random.Random) -> set[str]:
    path = _pick(root, "warc/*", chosen)
    members = _members(path.read_bytes())
    del members[chosen.randrange(len(members))]
    path.write_bytes(b"".join(members))
    return _told(root, path)


def _records_swapped(root: Path, chosen: random.Random) -> set[str]:
    path = _pick(root, "warc/*", chosen)
    members = _members(path.read_bytes())
    one, two = chosen.sample(range(len(members)), 2)
    members[one], members[two] = members[two], members[one]
    path.write_bytes(b"".join(members))
    return _told(root, path)


def _index(edit: Callable[[list[bytes], random.Random], None]) -> Kind:
    def kind(root: Path, chosen: random.Random) -> set[str]:
        path = _pick(root, "index/*", chosen)
        lines = gzip.decompress(path.read_bytes()).splitlines(keepends=True)
        edit(lines, chosen)
        path.write_bytes(gzip.compress(b"".join(lines)))
        return _told(root, path)

    return kind


def _index_offset(lines: list[bytes], chosen: random.Random) -> None:
    at = chosen.randrange(len(lines))
    lines[at] = lines[at].replace(b'"offset": "', b'"offset": "1')


def _checkpoint(edit: Callable[[list[str], random.Random], None]) -> Kind:
    def kind(root: Path, chosen: random.Random) -> set[str]:
        path = _pick(root, "checkpoints/*.checkpoint", chosen)
        lines = path.read_text().split("\n")
        edit(lines, chosen)
        path.write_text("\n".join(lines))
        return _told(root, path)

    return kind


def _size(lines: list[str], chosen: random.Random) -> None:
    lines[1] = str(int(lines[1]) + chosen.randrange(1, 1000))


def _root(lines: list[str], chosen: random.Random) -> None:
    lines[2] = base64.b64encode(chosen.randbytes(32)).decode()


def _origin(lines: list[str], chosen: random.Random) -> None:
    lines[0] = f"example.org/{chosen.randrange(10**6)}/w0"


def _signature(lines: list[str], chosen: random.Random) -> None:
    dash, name, encoded = lines[4].split(" ")
    octets = bytearray(base64.b64decode(encoded))
    octets[chosen.randrange(4, len(octets))] ^= 1 << chosen.randrange(8)
    lines[4] = f"{dash} {name} {base64.b64encode(octets).decode()}"


def _stranger() -> tuple[Ed25519PrivateKey, VerifierKey]:
    private = Ed25519PrivateKey.generate()
    return private, VerifierKey(name="stranger", public=private.public_key().public_bytes_raw())


def _resigned(root: Path, chosen: random.Random) -> set[str]:
    """A head signed by somebody else, who brings the key along."""
    private, key = _stranger()
    path = _pick(root, "checkpoints/*.checkpoint", chosen)
    text = read_note(path.read_bytes()).text
    Checkpoint.parse(text)
    path.write_bytes(write_note(text, key, private.sign(text)))
    (root / f"attestations/w0-key-{key.id}.vkey").write_text(f"{key}\n")
    return _told(root, path)


def _step(root: Path, chosen: random.Random) -> set[str]:
    path = _pick(root, "checkpoints/*.consistency", chosen)
    lines = path.read_text().split("\n")
    lines[chosen.randrange(4, len(lines) - 1)] = base64.b64encode(chosen.randbytes(32)).decode()
    path.write_text("\n".join(lines))
    return _told(root, path)


def _step_hash(root: Path, chosen: random.Random) -> set[str]:
    path = _pick(root, "checkpoints/*.consistency", chosen)
    lines = path.read_text().split("\n")
    at = chosen.randrange(4, len(lines) - 1)
    chosen.choice([lambda: lines.pop(at), lambda: lines.insert(at, lines[at])])()
    path.write_text("\n".join(lines))
    return _told(root, path)


def _envelope(root: Path, chosen: random.Random) -> set[str]:
    """A digest in the list of files changed, the signature left."""
    path = _pick(root, "attestations/*.dsse.json", chosen)
    found = json.loads(path.read_bytes())
    statement = json.loads(base64.b64decode(found["payload"]))
    chosen.choice(statement["subject"])["digest"]["sha256"] = chosen.randbytes(32).hex()
    found["payload"] = base64.b64encode(json.dumps(statement).encode()).decode()
    path.write_text(json.dumps(found))
    return _told(root, path)


def _envelope_resigned(root: Path, chosen: random.Random) -> set[str]:
    path = _pick(root, "attestations/*.dsse.json", chosen)
    private, key = _stranger()
    payload = Envelope.parse(path.read_bytes()).payload
    path.write_bytes(make_envelope(payload, key, private.sign(signed_octets(payload))))
    (root / f"attestations/w0-key-{key.id}.vkey").write_text(f"{key}\n")
    return _told(root, path)


def _key(root: Path, chosen: random.Random) -> set[str]:
    path = _pick(root, "attestations/*.vkey", chosen)
    path.write_text(f"{_stranger()[1]}\n")
    return _told(root, path)


def _stamps_swapped(root: Path, chosen: random.Random) -> set[str]:
    """Each with its request, so that only what they are over tells."""
    one, two = chosen.sample(sorted(root.glob("timestamps/*.tsr")), 2)
    for first, second in ((one, two), (one.with_suffix(".tsq"), two.with_suffix(".tsq"))):
        octets = first.read_bytes()
        first.write_bytes(second.read_bytes())
        second.write_bytes(octets)
    return _told(root, one) | _told(root, two)


def _renumbered(root: Path, chosen: random.Random) -> set[str]:
    """A renewal says that it is a later one; its request goes with it."""
    path = _pick(root, "timestamps/*.*.*.*.tsr", chosen)
    head, first, turn, rest = path.name.split(".", 3)
    new = path.with_name(f"{head}.{first}.{int(turn) + chosen.randrange(1, 50)}.{rest}")
    for old, name in ((path, new), (path.with_suffix(".tsq"), new.with_suffix(".tsq"))):
        old.rename(name)
    return _told(root, path) | _told(root, new)


def _other_roots(root: Path, chosen: random.Random) -> set[str]:
    """A root of the same name with another key."""
    path = _pick(root, "timestamps/*.roots.pem", chosen)
    old = x509.load_pem_x509_certificate(path.read_bytes())
    key = Ed25519PrivateKey.generate()
    made = x509.CertificateBuilder(
        issuer_name=old.subject,
        subject_name=old.subject,
        public_key=key.public_key(),
        serial_number=old.serial_number,
        not_valid_before=old.not_valid_before_utc,
        not_valid_after=old.not_valid_after_utc,
        extensions=list(old.extensions),
    ).sign(key, None)
    path.write_bytes(made.public_bytes(Encoding.PEM))
    return _told(root, path)


def _crawl(edit: Callable[[dict[str, Any], random.Random], None]) -> Kind:
    def kind(root: Path, chosen: random.Random) -> set[str]:
        path = root / "crawl.json"
        found = json.loads(path.read_bytes())
        edit(found, chosen)
        path.write_text(json.dumps(found, indent=2, sort_keys=True))
        return _told(root, path)

    return kind


def _described(found: dict[str, Any], chosen: random.Random) -> None:
    name = chosen.choice(
        ["operator", "purpose", "user_agent", "software", "product_token", "started_at", "finish_reason"]
    )
    found[name] = f"{found[name]}x"


def _counted(found: dict[str, Any], chosen: random.Random) -> None:
    found["counts"][chosen.choice(sorted(found["counts"]))] += 1


def _newer(found: dict[str, Any], chosen: random.Random) -> None:
    found["format"] = chosen.choice([2, 99, "1", None, True, []])


def _not_test(found: dict[str, Any], chosen: random.Random) -> None:
    del chosen
    found["is_test"] = not found["is_test"]


def _manifest_line(root: Path, chosen: random.Random) -> set[str]:
    path = root / chosen.choice([MANIFEST, TAGS])
    told = read_manifest(path.read_bytes())
    name = chosen.choice(sorted(told))
    if chosen.random() < 0.5:
        del told[name]
    else:
        told[name] = chosen.randbytes(32).hex()
    path.write_bytes(manifest_text(told))
    return {name, path.name}


KINDS: dict[str, Kind] = {
    "warc-bit": _flip("warc/*"),
    "warc-cut": _cut("warc/*"),
    "warc-longer": _append("warc/*"),
    "warc-gone": _remove("warc/*"),
    "warc-renamed": _rename("warc/*"),
    "warc-other-body": _record,
    "warc-record-gone": _no_record,
    "warc-records-swapped": _records_swapped,
    "log-bit": _flip("log/*"),
    "log-cut": _cut("log/*"),
    "log-longer": _append("log/*"),
    "log-gone": _remove("log/*"),
    "log-renamed": _rename("log/*"),
    "log-verdict": _lines(_verdict),
    "log-reason": _lines(_reason),
    "log-time": _lines(_row_time),
    "log-salt": _lines(_salt),
    "log-entry": _lines(_event),
    "log-site-file": _lines(_site_file),
    "log-line-gone": _lines(_drop),
    "log-line-gone-renumbered": _lines(_drop_renumbered),
    "log-line-twice": _lines(_twice),
    "log-lines-swapped": _lines(_swap),
    "log-end-gone": _lines(_end),
    "log-erased-unordered": _lines(_erase),
    "log-garbage": _lines(_garbage),
    "log-forged-end": _forged_end,
    "manifest-bit": _flip("manifest/*"),
    "manifest-cut": _cut("manifest/*"),
    "manifest-gone": _remove("manifest/*"),
    "manifest-renamed": _rename("manifest/*"),
    "manifest-verdict": _table(_cell("verdict", lambda value: "deny" if value == "allow" else "allow")),
    "manifest-url": _table(_cell("url", lambda value: f"{value}x")),
    "manifest-row-gone": _table(_without_row),
    "manifest-row-twice": _table(_row_twice),
    "manifest-hash": _table(_other_hash),
    "manifest-place": _table(_other_place),
    "manifest-written-again": _table(lambda table, _: table, compression="gzip"),
    "index-bit": _flip("index/*"),
    "index-gone": _remove("index/*"),
    "index-line-gone": _index(lambda lines, chosen: lines.pop(chosen.randrange(len(lines))) and None),
    "index-offset": _index(_index_offset),
    "policy-bit": _flip("policies/*"),
    "policy-gone": _remove("policies/*"),
    "list-bit": _flip("blocklists/*"),
    "list-gone": _remove("blocklists/*"),
    "foreign": _foreign,
    "link": _link,
    "head-size": _checkpoint(_size),
    "head-root": _checkpoint(_root),
    "head-origin": _checkpoint(_origin),
    "head-signature": _checkpoint(_signature),
    "head-bit": _flip("checkpoints/*.checkpoint"),
    "head-gone": _remove("checkpoints/*.checkpoint"),
    "head-resigned": _resigned,
    "step-hash": _step,
    "step-hashes": _step_hash,
    "step-gone": _remove("checkpoints/*.consistency"),
    "envelope-digest": _envelope,
    "envelope-bit": _flip("attestations/*.dsse.json"),
    "envelope-gone": _remove("attestations/*.dsse.json"),
    "envelope-resigned": _envelope_resigned,
    "key-other": _key,
    "crawl-described": _crawl(_described),
    "crawl-counted": _crawl(_counted),
    "crawl-newer": _crawl(_newer),
    "crawl-test": _crawl(_not_test),
    "crawl-cut": _cut("crawl.json"),
    "crawl-gone": _remove("crawl.json"),
}
"""By name; each is also tried with a bag made anew, name/rebagged."""
BAG_KINDS: dict[str, Kind] = {
    "bag-line": _manifest_line,
    "bag-gone": lambda root, chosen: _remove(chosen.choice(BAG_FILES))(root, chosen),
    "bag-info": _flip("bag-info.txt"),
}
"""Changes of the bag alone."""
STAMP_KINDS: dict[str, Kind] = {
    "stamp-bit": _flip("timestamps/*.tsr"),
    "stamp-cut": _cut("timestamps/*.tsr"),
    "stamp-longer": _append("timestamps/*.tsr"),
    "stamp-request-bit": _flip("timestamps/*.tsq"),
    "stamp-gone": _remove("timestamps/*.ts[qr]"),
    "stamp-renamed": _rename("timestamps/*.ts[qr]"),
    "stamps-swapped": _stamps_swapped,
    "renewal-gone": _remove("timestamps/*.*.*.*.tsr"),
    "renewal-renumbered": _renumbered,
    "roots-bit": _flip("timestamps/*.roots.pem"),
    "roots-gone": _remove("timestamps/*.roots.pem"),
    "roots-other": _other_roots,
}
"""Changes to a crawl with time stamps that were renewed."""
KINDS |= BAG_KINDS
ALL = [*KINDS, *(f"{name}/rebagged" for name in KINDS if name not in BAG_KINDS)]
ALL_STAMPS = [*STAMP_KINDS, *(f"{name}/rebagged" for name in STAMP_KINDS)]


def copy(root: Path, to: Path) -> Path:
    """A copy to change."""
    shutil.copytree(root, to, symlinks=True)
    return to
