"""Seeds from arguments and files: every one with its place, and no file misread in silence."""

from __future__ import annotations

import gzip
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crawler.errors import UsageError
from crawler.storage.seeds import read_seeds

A, B = "https://a.test/", "https://b.test/x?y=1"


def read(*sources: str | Path) -> list[tuple[str, str]]:
    """Texts and places; of a place in a file, what follows the folder."""
    return [(seed.text, seed.place.rpartition("/")[2]) for seed in read_seeds([str(source) for source in sources])]


def write(path: Path, content: str | bytes) -> Path:
    """Write exactly these octets."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_arguments_are_urls_where_they_say_so(tmp_path: Path) -> None:
    """URLs and files may be mixed, and keep their order; a URL is not judged here."""
    file = write(tmp_path / "seeds.txt", f"{A}\n{B}\n")
    assert read("https://c.test/", file, "nonsense://") == [
        ("https://c.test/", "argument 1"),
        (A, "seeds.txt:1"),
        (B, "seeds.txt:2"),
        ("nonsense://", "argument 3"),
    ]
    assert read() == []


@pytest.mark.parametrize(
    "content",
    [
        f"{A}\n\n# {B}\n  # x\n{B}",
        f"\ufeff{A}\n\n\n\n{B}\n",
        f"{A}\r\n\r\n#\r\n \t\r\n{B}\r\n",
        f"  {A}  \n\n\n\n\t{B}\n\n",
        f"{A}\r\r\r\r{B}",
    ],
    ids=["comments", "byte order mark", "CRLF", "white space", "CR"],
)
def test_text_files_hold_one_seed_a_line(tmp_path: Path, content: str) -> None:
    """Blank lines and comments count as lines and are passed over; a file needs no suffix."""
    assert read(write(tmp_path / "seeds", content)) == [(A, "seeds:1"), (B, "seeds:5")]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("s.csv", f"id,URL\n1,{A}\n2,{B}\n"),
        ("s.CSV", f"\ufeffurl,id\r\n{A},1\r\n{B},2\r\n"),
        ("s.tsv", f"id\tlink\n1\t{A}\n2\t{B}\n"),
        ("s.csv", f'"seed ",link\n" {A}","no"\n{B}\n'),
        ("s.csv", f"link,uri\nno,{A}\nno,{B}\n"),
    ],
)
def test_tables_name_their_column(tmp_path: Path, name: str, content: str) -> None:
    """The header is read without case; of several names the first known one counts."""
    assert read(write(tmp_path / name, content)) == [(A, f"{name}:2"), (B, f"{name}:3")]


def test_cells_that_hold_no_seed_are_passed_over(tmp_path: Path) -> None:
    """Empty and missing cells; a quoted line end counts as a line."""
    content = f'id,url\n1,\n\n2\n3,"  "\n"a\nb",{A}\n'
    assert read(write(tmp_path / "s.csv", content)) == [(A, "s.csv:7")]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("s.csv", "", "has no column named url, uri, seed, link: found nothing"),
        ("s.csv", f"{A}\n{B}\n", f"has no column .*found {A}"),
        ("s.tsv", "id,url\n1,2\n", "has no column"),
        ("s.csv", f'id,url\n1,"{A}\n2,{B}\n', r"s\.csv:3: is not readable as CSV"),
        ("s.csv", f'url\n"{A}"x\n', r"s\.csv:2: is not readable as CSV"),
        ("s.csv", "x" * 200_000, r"s\.csv:1: is not readable as CSV"),
        ("s.csv", b"url\n\xff\n", "is not UTF-8 text"),
        ("s.txt", A.encode("utf-16"), "is not UTF-8 text"),
        ("s.txt", A.encode() + b"\xe4\n", "is not UTF-8 text"),
        ("s.txt.gz", gzip.compress(A.encode(), mtime=0), "is not UTF-8 text: save the seeds as UTF-8, unpacked"),
        ("s.parquet", "url\n", "is not a readable Parquet file"),
        ("s.parquet", "", "is not a readable Parquet file"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str, content: str | bytes, message: str) -> None:
    """No seed is lost in silence: what is broken stops the start, with the file and the way out."""
    file = write(tmp_path / name, content)
    with pytest.raises(UsageError, match=message) as caught:
        read(file)
    assert str(file) in str(caught.value)


def test_a_file_that_breaks_gives_what_stands_before_the_break(tmp_path: Path) -> None:
    """Streamed: the error comes when its line does."""
    seeds = read_seeds([str(write(tmp_path / "s.csv", f'url\n{A}\n"{B}\n'))])
    assert next(seeds).text == A
    with pytest.raises(UsageError):
        next(seeds)


@pytest.mark.parametrize("source", ["a.test", "", "/no/such/file", "x" * 5000, "a\0b", "mailto:a@b.test"])
def test_what_is_neither_url_nor_file_is_refused(source: str) -> None:
    """The message says how to write either."""
    with pytest.raises(UsageError, match=r"neither an absolute URL nor a file|is a folder"):
        read(source)


def test_a_folder_is_no_seed_file(tmp_path: Path) -> None:
    """Which of its files is meant, the operator has to say."""
    with pytest.raises(UsageError, match="is a folder"):
        read(tmp_path)


def test_a_file_that_may_not_be_read_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The system's own words for why."""
    file = write(tmp_path / "seeds.txt", A)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(UsageError, match=r"seeds\.txt: cannot be read: Permission denied"):
        read(file)


def test_parquet(tmp_path: Path) -> None:
    """Strings or octets; empty cells are passed over, rows are counted from 1 over all row groups."""
    values = ["  " + A, None, "", " ", B]
    for column in (pa.array(values), pa.array([None if one is None else one.encode() for one in values])):
        file = tmp_path / "s.parquet"
        pq.write_table(pa.table({"id": list(range(5)), "URL": column}), file, row_group_size=2)
        assert read(file) == [(A, "s.parquet: row 1"), (B, "s.parquet: row 5")]
    pq.write_table(pa.table({"id": [1]}), file)
    with pytest.raises(UsageError, match=r"has no column named .*: found id"):
        read(file)
    pq.write_table(pa.table({"url": [1, 2]}), file)
    assert read(file) == [("1", "s.parquet: row 1"), ("2", "s.parquet: row 2")]
    pq.write_table(pa.table({"url": [b"\xff"]}), file)
    with pytest.raises(UsageError, match="is not UTF-8 text"):
        read(file)


def test_damaged_parquet_is_named(tmp_path: Path) -> None:
    """Damage inside the data, behind an intact footer."""
    file = tmp_path / "s.parquet"
    pq.write_table(pa.table({"url": [f"{A}{number}" for number in range(5000)]}), file, compression="gzip")
    content = bytearray(file.read_bytes())
    content[200:4000] = b"\xaa" * 3800
    file.write_bytes(content)
    with pytest.raises(UsageError, match=r"s\.parquet: "):
        read(file)


MEASURE = """
import sys, tracemalloc
from crawler.storage.seeds import read_seeds
if sys.argv[1].endswith("parquet"):
    import pyarrow.parquet
tracemalloc.start()
count = sum(1 for _ in read_seeds(sys.argv[1:]))
print(count, tracemalloc.get_traced_memory()[1])
"""


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["txt", "csv", "parquet"])
def test_many_seeds_take_no_memory(tmp_path: Path, suffix: str) -> None:
    """Nothing but the line at hand is held; of Parquet, one batch."""
    file = tmp_path / f"s.{suffix}"
    urls = [f"https://site{number % 1000}.test/page/{number}" for number in range(200_000)]
    if suffix == "parquet":
        pq.write_table(pa.table({"url": urls}), file)
    else:
        write(file, "\n".join((["url"] if suffix == "csv" else []) + urls))
    root = Path(__file__).resolve().parents[2]
    run = [sys.executable, "-c", MEASURE, str(file)]
    count, peak = map(int, subprocess.run(run, check=True, capture_output=True, cwd=root).stdout.split())  # noqa: S603 - our own script
    assert count == 200_000
    assert peak < (16 << 20 if suffix == "parquet" else 1 << 20)
