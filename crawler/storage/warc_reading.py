"""Reading our own WARC files back: one record by its place, checked; and the walk that finds a cut file (R5.3)."""

from __future__ import annotations

import hashlib
import os
import zlib
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

from isal import isal_zlib
from isal.igzip_lib import IsalError

from crawler.errors import DamagedStateError
from crawler.storage.layout import OPEN_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from crawler.storage.layout import Folder

_GZIP = 31
_CHUNK = 1 << 18
_FILES_OPEN = 64
_HTTP = "application/http"
_IDS = ("WARC-Record-ID", "WARC-Concurrent-To", "WARC-Refers-To", "WARC-Warcinfo-ID")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRecord:
    """A record as it was written; its block digest has been checked."""

    fields: Mapping[str, str]
    """Names as written, without the angle brackets of record ids."""
    http_head: bytes
    """Start line, fields and blank line, where the block is an HTTP message."""
    body: bytes

    @property
    def type(self) -> str:
        """WARC-Type."""
        return self.fields["WARC-Type"]

    @property
    def target_uri(self) -> str:
        """The exact URL."""
        return self.fields["WARC-Target-URI"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Place of one gzip member."""

    offset: int
    length: int


def read_record(folder: Folder, name: str, offset: int, length: int) -> StoredRecord:
    """Read exactly one member. Raises DamagedStateError where the range is not one whole, unchanged record."""
    place = f"{folder.path / name} at {offset}"
    try:
        descriptor = _open(folder, name)
        try:
            data = os.pread(descriptor, length, offset)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise DamagedStateError(f"{place}: cannot be read ({error.strerror})") from error
    return _unpack(data, length, place)


def _open(folder: Folder, name: str) -> int:
    try:
        return folder.open(name, os.O_RDONLY)
    except FileNotFoundError:
        return folder.open(name + OPEN_SUFFIX, os.O_RDONLY)


def _unpack(data: bytes, length: int, place: str) -> StoredRecord:
    unpacker = isal_zlib.decompressobj(_GZIP)
    try:
        record = unpacker.decompress(data)
    except (zlib.error, IsalError) as error:  # type: ignore[misc] # the stub is wrong
        raise DamagedStateError(f"{place}: {error}") from error
    if len(data) != length or not unpacker.eof or unpacker.unused_data:
        raise DamagedStateError(f"{place}: {length} octets are not one whole record")
    return _parse(record, place)


class _OpenFile:
    """A file, and what was read ahead of it where records are asked for in their order."""

    __slots__ = ("data", "descriptor", "end", "start")

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.start = 0
        self.data = b""
        self.end = 0
        """Of the record that was asked for last."""

    def read(self, offset: int, length: int) -> bytes:
        """Octets from there, fewer where the file ends. Raises OSError."""
        at = offset - self.start
        if at < 0 or at + length > len(self.data):
            follows = 0 <= offset - self.end < _CHUNK
            self.data = os.pread(self.descriptor, max(length, _CHUNK if follows else 0), offset)
            self.start, at = offset, 0
        self.end = offset + length
        return self.data[at : at + length]


class RecordFiles:
    """Reads many records: the files stay open until ``close``. For readers of what is not written to any more.

    Several threads may read.
    """

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._path = str(folder.path)
        self._open: OrderedDict[str, _OpenFile] = OrderedDict()
        self._lock = Lock()

    def read(self, name: str, offset: int, length: int) -> StoredRecord:
        """The same as ``read_record``."""
        place = f"{self._path}/{name} at {offset}"
        try:
            with self._lock:  # a descriptor that another thread closes may be another file's by then
                file = self._open.get(name)
                if file is None:
                    file = self._open[name] = _OpenFile(_open(self._folder, name))
                    if len(self._open) > _FILES_OPEN:
                        os.close(self._open.popitem(last=False)[1].descriptor)
                data = file.read(offset, length)
        except OSError as error:
            raise DamagedStateError(f"{place}: cannot be read ({error.strerror})") from error
        return _unpack(data, length, place)

    def close(self) -> None:
        """Let go of the files."""
        while self._open:
            os.close(self._open.popitem()[1].descriptor)


def read_record_at(folder: Folder, name: str, offset: int) -> StoredRecord:
    """Read the member that begins there, of a length nobody noted. Raises DamagedStateError as ``read_record`` does."""
    place = f"{folder.path / name} at {offset}"
    unpacker = zlib.decompressobj(_GZIP)
    parts = []
    try:
        descriptor = folder.open(name, os.O_RDONLY)
        try:
            while not unpacker.eof:
                data = os.pread(descriptor, _CHUNK, offset)
                if not data:
                    raise DamagedStateError(f"{place}: no whole record begins here")
                offset += len(data)
                parts.append(unpacker.decompress(data))
        finally:
            os.close(descriptor)
    except OSError as error:
        raise DamagedStateError(f"{place}: cannot be read ({error.strerror})") from error
    except zlib.error as error:
        raise DamagedStateError(f"{place}: {error}") from error
    return _parse(b"".join(parts), place)


def _parse(record: bytes, place: str) -> StoredRecord:
    head, separator, rest = record.partition(b"\r\n\r\n")
    version, *lines = head.decode("utf-8", "replace").split("\r\n")
    fields = dict([line.partition(": ")[::2] for line in lines])
    size = fields.get("Content-Length", "")
    if version != "WARC/1.1" or not separator or not size.isdecimal() or rest[int(size) :] != b"\r\n\r\n":
        raise DamagedStateError(f"{place}: is no WARC/1.1 record")
    block = rest[: int(size)]
    if fields.get("WARC-Block-Digest") != f"sha256:{hashlib.sha256(block).hexdigest()}":
        raise DamagedStateError(f"{place}: the block does not match its digest")
    for name in _IDS:
        if name in fields:
            fields[name] = fields[name].strip("<>")
    if not fields.get("Content-Type", "").startswith(_HTTP):
        return StoredRecord(fields=fields, http_head=b"", body=block)
    http_head, blank, body = block.partition(b"\r\n\r\n")
    return StoredRecord(fields=fields, http_head=http_head + blank, body=body)


def walk_members(folder: Folder, name: str, length: int) -> Iterator[Member]:
    """Places of all members up to ``length``, unpacked chunk by chunk in bounded memory.

    Raises DamagedStateError where a member is cut, damaged, or reaches over ``length``: what WARC readers pass over.
    """
    path = folder.path / name
    descriptor = folder.open(name, os.O_RDONLY)
    try:
        start = position = 0
        pending = b""
        unpacker = isal_zlib.decompressobj(_GZIP)
        while position < length or pending:
            if not pending:
                pending = os.pread(descriptor, min(_CHUNK, length - position), position)
                position += len(pending)
                if not pending:
                    break
            unpacker.decompress(pending)
            pending = unpacker.unused_data
            if unpacker.eof:
                end = position - len(pending)
                yield Member(offset=start, length=end - start)
                start = end
                unpacker = isal_zlib.decompressobj(_GZIP)
        if start != length:
            raise DamagedStateError(f"{path}: cut in the record at {start}; {length} octets were committed")
    except (zlib.error, IsalError) as error:  # type: ignore[misc] # the stub is wrong
        raise DamagedStateError(f"{path}: damaged in the record at {start}: {error}") from error
    finally:
        os.close(descriptor)
