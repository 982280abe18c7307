"""Seeds from arguments, text, CSV and Parquet, streamed: one text with its place at a time, nothing held in memory."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

URL_COLUMNS = ("url", "uri", "seed", "link")
"""Names of the column that holds the URL, first found wins, compared without case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """One seed as written, and where."""

    text: str
    place: str
    """``FILE:LINE``, ``FILE: row N`` or ``argument N``."""


def read_seeds(sources: Sequence[str]) -> Iterator[Seed]:
    """Yield every seed of the arguments in order; an argument with ``://`` is a URL, anything else a file.

    Text files hold one URL a line; blank lines and lines that start with ``#`` are passed over. CSV (``.csv``,
    ``.tsv``) needs a header and Parquet (``.parquet``) a schema with one of ``URL_COLUMNS``. Raises ``UsageError``
    naming the file where it cannot be read.
    """
    for number, source in enumerate(sources, start=1):
        if "://" in source:
            yield Seed(text=source, place=f"argument {number}")
            continue
        yield from _read_file(_file(source))


def _file(source: str) -> Path:
    path = Path(source)
    try:
        is_file, is_folder = path.is_file(), path.is_dir()
    except OSError:  # too long for a name, or a folder on the way that may not be entered
        is_file = is_folder = False
    if is_file:
        return path
    if is_folder:
        raise UsageError(f"{source!r} is a folder: name the seed file in it")
    raise UsageError(
        f"{source!r} is neither an absolute URL nor a file: write https://{source}/ or the path of a seed file"
    )


def _read_file(path: Path) -> Iterator[Seed]:
    suffix = path.suffix.lower()
    try:
        if suffix == ".parquet":
            yield from _read_parquet(path)
        elif suffix in {".csv", ".tsv"}:
            yield from _read_csv(path, "\t" if suffix == ".tsv" else ",")
        else:
            yield from _read_text(path)
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: is not UTF-8 text: save the seeds as UTF-8, unpacked") from error
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror or error}") from error


def _read_text(path: Path) -> Iterator[Seed]:
    with path.open(encoding="utf-8-sig") as lines:
        for number, line in enumerate(lines, start=1):
            text = line.strip()
            if text and not text.startswith("#"):
                yield Seed(text=text, place=f"{path}:{number}")


def _read_csv(path: Path, delimiter: str) -> Iterator[Seed]:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        # Strict, or a quotation mark that nobody closed would swallow all seeds behind it without a word.
        rows = csv.reader(lines, delimiter=delimiter, strict=True)
        try:
            column = _column(next(rows, []), path)
            for row in rows:
                text = row[column].strip() if len(row) > column else ""
                if text:
                    yield Seed(text=text, place=f"{path}:{rows.line_num}")
        except csv.Error as error:
            raise UsageError(f"{path}:{rows.line_num}: is not readable as CSV: {error}") from error


def _read_parquet(path: Path) -> Iterator[Seed]:
    import pyarrow as pa  # noqa: PLC0415 - 0.2 s of import that text seeds need not pay
    import pyarrow.parquet as pq  # noqa: PLC0415

    try:
        with pq.ParquetFile(path) as file:
            name = file.schema_arrow.names[_column(file.schema_arrow.names, path)]
            number = 0
            for batch in file.iter_batches(columns=[name]):
                for value in batch.column(0).to_pylist():
                    number += 1
                    text = _text(value)
                    if text:
                        yield Seed(text=text, place=f"{path}: row {number}")
    except pa.ArrowException as error:
        raise UsageError(f"{path}: is not a readable Parquet file: {error}") from error


def _text(value: object) -> str:
    """Read a cell; old writers leave strings unmarked, so that they come as octets."""
    if value is None:
        return ""
    return (value.decode("utf-8") if isinstance(value, bytes) else str(value)).strip()


def _column(names: Sequence[str], path: Path) -> int:
    lowered = [name.strip().lower() for name in names]
    for wanted in URL_COLUMNS:
        if wanted in lowered:
            return lowered.index(wanted)
    raise UsageError(f"{path}: has no column named {', '.join(URL_COLUMNS)}: found {', '.join(names) or 'nothing'}")
