"""The files of ``policies/``: what only people can say, every mistake with its line, every open question by its key."""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.policy.linting import ERROR, KNOWN, NOTE, WARNING, lint
from crawler.policy.profile_gaps import model_gaps, provider_gaps, retention_gaps
from crawler.policy.profile_reading import KINDS, MODEL, PROFILES, PROVIDER, RETENTION, model, provider, retention
from crawler.policy.reading import read_policy
from crawler.values.strict_toml import Source

if TYPE_CHECKING:
    from crawler.policy.linting import Remark

SHIPPED = Path(__file__).parents[2] / "policies"
SHIPPED_FILES = {name: (SHIPPED / name).read_bytes() for name in KNOWN}
TODAY = date(2026, 11, 23)

PROVIDER_FILLED = """
name = "Example SE"
contact = "mailto:copyright@example.eu"
address = "Street 1, Town"
website = "https://example.eu"
established_in_eu = "no"
sme = "yes"
sme_basis = "200 staff"
signatory = "yes"
signed_on = 2026-01-02
third_party_data = "screened"
standards = "AIPREF"
search_engine_operated = "yes"
search_engine = '''judged
apart'''
representative = { name = "R", contact = "https://r.example" }
owner_implementation = { role = "Head of data", contact = "mailto:a@example.eu", since = 2026-01-02 }
owner_oversight = { role = "Counsel", contact = "mailto:b@example.eu", since = 2026-01-02 }
pages = { policy_summary = "https://e/p", crawler = "https://e/c", feed = "https://e/f" }
outputs = { safeguards = "filter", acceptable_use = "terms", scope = "both" }
[rightsholders]
contact = "mailto:rights@example.eu"
form = "https://e/form"
languages = ["en", "de"]
acknowledge_days = 0
decide_days = 30
mechanism = "a person reads it"
"""
MODEL_FILLED = """
modalities = ["text", "image"]
latest_acquisition = "11/2026"
continuously_trained = "no"
languages = "German"
characteristics = "none"
summary = { version = "2", earlier = [{ version = "1", published = 2026-06-01, url = "https://e/1" }] }
version = [{ name = "m-1", documentation = "https://e/m", placed_on_market = 2026-12-01 }]
depends_on = { name = "base", summary = "https://e/base" }
size = [{ modality = "text", amount = 0, unit = "tokens" }]
factor = [{ modality = "text", bytes_each = 4.0, unit = "tokens", basis = "sample" }]
content_types = { text = "prose", image = "photographs" }
licensed = { used = "no" }
third_party = { used = "yes", modalities = ["text"], description = "a database" }
crawling = { purposes = "training" }
user_data = { interactions = "no", other_services = "yes", modalities = ["text"], description = "mail" }
other_sources = { used = "yes", description = "made by hand" }
processing = { illegal_content = "lists" }
[public_datasets]
used = "yes"
modalities = ["text"]
dataset = [{ name = "Corpus", url = "https://e/d", modalities = ["text"], size = 5 }]
[synthetic]
used = "yes"
modalities = ["text"]
model = [{ name = "teacher", summary = "https://e/t" }]
"""
RETENTION_FILLED = "".join(f'[{kind}]\nyears = 10\nstarts = "market"\nbasis = "b"\n' for kind in KINDS)


def remarks(*, is_folder: bool = False, **files: str) -> list[Remark]:
    """Remarks on files whose names are given without ending."""
    texts = {f"{name.replace('_', '-')}.toml": text.encode() for name, text in files.items()}
    return list(lint(texts, today=TODAY, is_folder=is_folder))


def places(found: list[Remark], level: str = ERROR) -> list[tuple[str, str, int | None]]:
    """File, key and line of the remarks of one level."""
    return [(one.file, one.key, one.line) for one in found if one.level == level]


def test_shipped_files() -> None:
    """What ships is without mistake; all that is open is a note, and each names what waits for it."""
    found = lint(SHIPPED_FILES, today=TODAY, is_folder=True)
    assert {one.level for one in found} == {NOTE}
    assert {one.needed_for for one in found if one.file == PROVIDER} >= {"1.1-c", "1.4-a", "1.5-d", "summary 1.1"}
    assert {one.needed_for for one in found if one.file == MODEL} >= {"summary 1.2", "summary 2.5", "summary 3.2"}
    assert not [one for one in found if one.file == RETENTION]
    for one in found:
        if one.line is not None:
            line = SHIPPED_FILES[one.file].decode().splitlines()[one.line - 1]
            assert one.key.rpartition(".")[2] in line or line.startswith("["), str(one)


def test_filled_files_leave_nothing_open() -> None:
    """Where everything is answered there is nothing to say, and values arrive as written."""
    assert remarks(provider=PROVIDER_FILLED, model=MODEL_FILLED, retention=RETENTION_FILLED) == []
    who = provider(Source(PROVIDER, PROVIDER_FILLED.encode()).root())
    assert (who.is_sme, who.established_in_eu, who.rightsholders.acknowledge_days) == (True, False, 0)
    assert who.search_engine == "judged\napart"
    what = model(Source(MODEL, MODEL_FILLED.encode()).root())
    assert what.sizes[0].amount == 0
    assert what.summary.earlier[0].published == date(2026, 6, 1)
    assert what.depends_on is not None
    assert what.content_types == (("text", "prose"), ("image", "photographs"))
    kept = retention(Source(RETENTION, RETENTION_FILLED.encode()).root())
    assert {keep.kind for keep in kept.keeps} == set(KINDS)


@pytest.mark.parametrize(
    "key", sorted(tomllib.loads(PROVIDER_FILLED).keys() - {"address", "website", "signed_on", "standards"})
)
def test_every_answer_of_the_provider_is_missed(key: str) -> None:
    """Without the key the documents have a gap of that name."""
    values = tomllib.loads(PROVIDER_FILLED)
    lines = [f"{name} = {_toml(value)}" for name, value in values.items() if name != key]
    found = provider_gaps(provider(Source(PROVIDER, "\n".join(lines).encode()).root()))
    assert any(gap.key.partition(".")[0] == key for gap in found)


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {_toml(one)}" for name, one in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return value.isoformat() if isinstance(value, date) else repr(value).replace("'", '"').replace("\n", "\\n")


def test_open_questions_follow_from_answers() -> None:
    """A yes opens the questions behind it; a no closes them."""
    empty = model(Source(MODEL, b"").root())
    assert {"synthetic.used", "licensed.used"} <= {gap.key for gap in model_gaps(empty)}
    text = """
    modalities = ["audio"]
    version = [{ name = "m" }]
    depends_on = { name = "b" }
    licensed = { used = "yes" }
    third_party = { used = "yes" }
    public_datasets = { used = "yes" }
    other_sources = { used = "yes" }
    synthetic = { used = "yes" }
    user_data = { interactions = "yes" }
    """
    found = {gap.key for gap in model_gaps(model(Source(MODEL, text.encode()).root()))}
    assert found >= {
        "content_types.audio", "version[1].documentation", "version[1].placed_on_market", "depends_on.summary",
        "licensed.modalities", "third_party.dataset", "public_datasets.dataset", "other_sources.description",
        "synthetic.modalities", "synthetic.model", "user_data.modalities", "user_data.description",
    }  # fmt: skip
    assert "licensed.used" not in found
    assert {gap.key for gap in retention_gaps(retention(Source(RETENTION, b"").root()))} == set(KINDS)


def test_all_mistakes_of_all_files_at_once() -> None:
    """Each with its file, key and line, in the order of the files."""
    found = remarks(
        crawl_policy='version = "1"\nprofile = "x"\ntypo = 1\n',
        agreements='[[agreement]]\nscope = "ftp://x"\npermits = []\nref = ""\n',
        protocols='[tdmrep]\ntitle = "T"\nstatus = "odd"\nbasis = "b"\nsince = 2026-01-01\n'
        'readers = ["tdmrep", "no"]\n',
        provider='contact = "nobody"\nsme = true\nname = "a\\nb"\nsigned_on = "x"\nunknown = 1\n[pages]\nfeed = 7\n',
        model='latest_acquisition = "2026"\nmodalities = ["smell"]\n[[size]]\nunit = ""\n[[version]]\n'
        '[licensed]\nused = "no"\n'
        "[[licensed.dataset]]\n",
        retention='erasure = 1\n[manifest]\nbasis = "b"\n[pages]\nyears = -1\nbasis = "b"\nstarts = "soon"\n[odd]\n',
    )
    by_file: dict[str, set[tuple[str, int | None]]] = {}
    for file, key, line in places(found):
        by_file.setdefault(file, set()).add((key, line))
    assert by_file["crawl-policy.toml"] == {("profile", 2), ("typo", 3)}
    assert {key for key, _ in by_file["agreements.toml"]} == {
        "agreement[1].scope",
        "agreement[1].permits",
        "agreement[1].ref",
    }
    assert by_file["protocols.toml"] == {("tdmrep.status", 3), ("tdmrep.readers[2]", 6)}
    assert by_file[PROVIDER] == {
        ("contact", 1),
        ("sme", 2),
        ("name", 3),
        ("signed_on", 4),
        ("unknown", 5),
        ("pages.feed", 7),
    }
    assert by_file[MODEL] >= {
        ("latest_acquisition", 1),
        ("modalities[1]", 2),
        ("size[1].unit", 4),
        ("licensed.used", 7),
    }
    assert {key for key, _ in by_file[MODEL]} >= {
        "size[1].modality", "size[1].amount", "version[1].name", "licensed.dataset[1].name",
        "licensed.dataset[1].modalities",
    }  # fmt: skip
    assert by_file[RETENTION] == {
        ("erasure", 1), ("manifest", 2), ("pages.years", 5), ("pages", 4), ("pages.starts", 7), ("odd", 8)
    }  # fmt: skip
    assert [one.file for one in found] == sorted((one.file for one in found), key=KNOWN.index)
    assert not [one for one in found if one.needed_for], "a file with mistakes is not asked for answers"


def test_look_up_services() -> None:
    """A slot that does not exist, or an address that is none, is a mistake; what is right is in the policy."""
    found = remarks(
        crawl_policy='version = "1"\n[lookups]\nnobody = "https://b.example/"\ntdm-ai = "ftp://b.example/"\n'
    )
    assert places(found) == [("crawl-policy.toml", "lookups.nobody", 3), ("crawl-policy.toml", "lookups.tdm-ai", 4)]
    text = b'version = "1"\n[lookups]\niscc = "https://b.example/x?key=1"\n'
    assert read_policy({"crawl-policy.toml": text}, tool_version="0").lookups == {"iscc": "https://b.example/x?key=1"}
    assert read_policy({"crawl-policy.toml": b'version = "1"\n'}, tool_version="0").lookups == {}


def test_texts_have_bounds() -> None:
    """A text of a document is of printable characters and not endless; line ends belong to it."""
    found = remarks(provider=f'standards = "{"a" * 5_001}"\nthird_party_data = "\\u0007"\nsearch_engine = "a\\nb"\n')
    assert places(found) == [(PROVIDER, "standards", 1), (PROVIDER, "third_party_data", 2)]


def test_what_is_due() -> None:
    """Expired lines are work for a person; what counts later is good to know."""
    dated = '[[agreement]]\nscope = "https://p.example/"\npermits = ["ai_training"]\nref = "7"\nvalid_{}\n'
    found = remarks(agreements=dated.format("to = 2026-01-01"))
    assert places(found, WARNING) == [("agreements.toml", "agreement[1]", 1)]
    assert str(found[-1]).startswith("agreements.toml:1: agreement[1]: https://p.example/: expired")
    assert places(remarks(agreements=dated.format("from = 2027-01-01")), NOTE)[-1][0] == "agreements.toml"


def test_folder() -> None:
    """A folder needs a crawl policy; a file of another name is read by nobody; a reader needs a ground."""
    found = remarks(is_folder=True, protocol="")
    assert ("crawl-policy.toml", "", None) in places(found)
    assert [str(one) for one in found if one.level == WARNING] == [
        "protocol.toml: nothing reads this file; did you mean protocols.toml?"
    ]
    assert "known are" in remarks(something_else="")[-1].problem
    bare = remarks(protocols="")
    assert all("without a stated ground" in one.problem for one in bare)
    assert len(bare) >= 13


@given(st.dictionaries(st.sampled_from(KNOWN), st.binary(max_size=60) | st.text(max_size=60).map(str.encode)))
def test_any_bytes_give_remarks(files: dict[str, bytes]) -> None:
    """No content of any file escapes as an error."""
    for one in lint(files, today=TODAY, is_folder=True):
        assert one.level in {ERROR, WARNING, NOTE}
        assert one.file in KNOWN


VALUES = st.sampled_from(
    ['"yes"', '"x"', '""', "1", "-1", "2026-01-01", "[]", '["text"]', "{}", "[{}]", "true", "'''a\nb'''"]
)
KEYS = st.sampled_from(
    [
        "name",
        "contact",
        "sme",
        "pages",
        "version",
        "size",
        "factor",
        "summary",
        "modalities",
        "licensed",
        "manifest",
        "synthetic",
    ]
)


@given(st.sampled_from(PROFILES), st.lists(st.tuples(KEYS, VALUES), unique_by=lambda pair: pair[0]))
def test_any_values_give_remarks_with_lines(file: str, pairs: list[tuple[str, str]]) -> None:
    """Known keys with values of any type are read or reported, and a line is always one of the file."""
    text = "\n".join(f"{key} = {value}" for key, value in pairs)
    for one in lint({file: text.encode()}, today=TODAY, is_folder=False):
        assert one.line is None or 1 <= one.line <= text.count("\n") + 1


CONTRADICTIONS = {
    'search_engine_operated = "no"\nsearch_engine = "ours"\n': "search_engine",
    'established_in_eu = "yes"\nrepresentative = { name = "R" }\n': "representative",
    'established_in_eu = "yes"\nrepresentative = { contact = "mailto:r@r.example" }\n': "representative",
    'sme = "no"\nsme_basis = "9 staff"\n': "sme_basis",
    'signatory = "no"\nsigned_on = 2026-01-02\n': "signed_on",
    "signed_on = 2026-11-24\n": "signed_on",
    "[owner_oversight]\nsince = 2026-11-24\n": "owner_oversight.since",
    "[rightsholders]\nacknowledge_days = 31\ndecide_days = 30\n": "rightsholders.acknowledge_days",
}


@pytest.mark.parametrize("text", CONTRADICTIONS)
def test_contradictions(text: str) -> None:
    """Answers that cannot all be true are errors, with file, key and line."""
    found = [one for one in lint({PROVIDER: text.encode()}, today=TODAY, is_folder=False) if one.level == ERROR]
    assert [(one.file, one.key) for one in found] == [(PROVIDER, CONTRADICTIONS[text])]
    assert found[0].line is not None


def test_no_contradiction_in_a_file_that_cannot_be_read() -> None:
    """A mistake is said, and what follows from it is not."""
    text = b'sme = "no"\nsme_basis = "9 staff"\nnme = 1\n'
    found = [one.key for one in lint({PROVIDER: text}, today=TODAY, is_folder=False) if one.level == ERROR]
    assert "nme" in found
