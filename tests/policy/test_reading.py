"""The policy files: what ships, what is read, and that every mistake of every file is said at once."""

from __future__ import annotations

import hashlib
import re
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.errors import DocumentError
from crawler.optout.registry import READERS
from crawler.optout.statement import Use
from crawler.policy.decision import Verdict
from crawler.policy.document import Blocklists, Identity, Limits, Politeness, Traps, UnreadRule
from crawler.policy.reading import FILES, Note, missing_identity, notes, policy_digest, read_policy
from crawler.storage.suffixes import bundled_suffixes
from crawler.values.strict_toml import FILE_LIMIT
from tests.policy.samples import IDENTITY, TODAY, policy

if TYPE_CHECKING:
    from crawler.errors import Mistake

SHIPPED = Path(__file__).parents[2] / "policies"
SHIPPED_FILES = {name: (SHIPPED / name).read_bytes() for name in FILES}

OVERRIDE = """
[[override]]
scope = "https://partner.example/archive/"
lifts = ["robots_disallow", "blocklist"]
reason = "r"
document = "d"
decided_by = "x"
valid_from = 2026-01-01
valid_to = 2026-12-31
"""
AGREEMENT = """
[[agreement]]
scope = "https://publisher.example/"
permits = ["ai_training", "search_index"]
ref = "contract 2026-17"
valid_to = 2026-11-30
"""
PROTOCOL = '[tdmrep]\ntitle = "T"\nstatus = "candidate"\nbasis = "b"\nsince = 2026-01-01\nreaders = ["tdmrep"]\n'
OFF = '[tdmrep.off]\nreason = "r"\ndocument = "d"\ndecided_by = "x"\nvalid_from = 2026-01-01\nvalid_to = 2026-06-30\n'


def mistakes(
    text: str = "", *, agreements: str = "", protocols: str = "", version: str = 'version = "1"\n'
) -> list[str]:
    """All mistakes, as they are printed."""
    files = {
        "crawl-policy.toml": (version + text).encode(),
        "agreements.toml": agreements.encode(),
        "protocols.toml": protocols.encode(),
    }
    with pytest.raises(DocumentError) as caught:
        read_policy(files, tool_version="0.1.0", suffixes=bundled_suffixes())
    return [str(mistake) for mistake in caught.value.mistakes]


def test_shipped_policy_equals_the_defaults() -> None:
    """What ships says in words what a file with a version alone means."""
    shipped = read_policy(SHIPPED_FILES, tool_version="0.1.0")
    bare = read_policy({"crawl-policy.toml": b'version = "1"'}, tool_version="0.1.0")
    for field in fields(shipped):
        if field.name not in {"digest", "protocols"}:
            assert getattr(shipped, field.name) == getattr(bare, field.name), field.name
    assert missing_identity(shipped.identity) == ("operator", "contact", "product_token")


@pytest.mark.parametrize("section", [Identity, Politeness, Limits, Traps, UnreadRule, Blocklists])
def test_every_key_stands_in_the_shipped_file(section: type) -> None:
    """Legal finds every key in the file, written or in a comment, with its line of explanation."""
    text = SHIPPED_FILES["crawl-policy.toml"].decode()
    for field in fields(section):
        assert re.search(rf"^(?:# )?{field.name} = ", text, re.MULTILINE), field.name


def test_shipped_examples_are_valid() -> None:
    """The lines in comments work as they stand."""
    lines = SHIPPED_FILES["crawl-policy.toml"].decode().splitlines()
    start = lines.index("# [[override]]")
    example = "\n".join(line.removeprefix("# ") for line in lines[start:])
    assert policy(example).overrides[0].scope == "https://partner.example/archive/"
    lines = SHIPPED_FILES["agreements.toml"].decode().splitlines()
    start = lines.index("# [[agreement]]")
    example = "\n".join(line.removeprefix("# ") for line in lines[start:])
    assert policy(agreements=example).agreements[0].permits == {Use.TRAIN_GENAI}


def test_shipped_protocols_know_every_reader() -> None:
    """Each reader belongs to one protocol, and the seven solutions of the consultation are listed."""
    shipped = read_policy(SHIPPED_FILES, tool_version="0.1.0")
    assert sorted(reader for one in shipped.protocols for reader in one.readers) == sorted(r.id for r in READERS)
    names = {one.name for one in shipped.protocols}
    assert {"tdmrep", "c2pa", "ai-txt", "do-not-train", "jpeg-trust", "tdm-ai", "open-rights-data-exchange"} <= names
    assert all(one.title and one.basis for one in shipped.protocols)


def test_digest_is_what_sha256sum_gives() -> None:
    """A stranger computes the digest with one line of shell."""
    listing = "".join(f"{hashlib.sha256(SHIPPED_FILES[name]).hexdigest()}  {name}\n" for name in sorted(SHIPPED_FILES))
    assert policy_digest(SHIPPED_FILES) == "sha256:" + hashlib.sha256(listing.encode()).hexdigest()
    fewer = {"crawl-policy.toml": SHIPPED_FILES["crawl-policy.toml"], "README.md": b"x"}
    assert policy_digest(fewer) != policy_digest(SHIPPED_FILES)
    assert policy_digest(fewer) == policy_digest({"crawl-policy.toml": fewer["crawl-policy.toml"]})


def test_identity() -> None:
    """Header and id are made of token, version and contact, unless they are written out."""
    made = policy().identity
    assert (made.user_agent, made.crawler_id) == ("ExampleBot/0.1.0 (+https://example.com/bot)", "examplebot")
    assert made.on_behalf_of is None
    text = 'version = "1"\n[identity]\nproduct_token = "__"\nuser_agent = "x (__; y)"\non_behalf_of = "Z"\n'
    written = read_policy({"crawl-policy.toml": text.encode()}, tool_version="1")
    assert (written.identity.user_agent, written.identity.crawler_id) == ("x (__; y)", "crawler")
    assert (written.identity.on_behalf_of, written.origin) == ("Z", "on_behalf")
    assert missing_identity(policy().identity) == ()


def test_values_are_read() -> None:
    """A file that says something else than the defaults is taken at its word."""
    read = policy(
        'purpose = "search_index"\nprofile = "mine"\n[profiles.mine]\nunknown = "allow"\nlicence_duties = true\n'
        '[conditional]\nmet = ["payment", "attribution"]\n[unread]\nverdict = "defer"\nretries = 1\n'
        "[politeness]\nconnections = 4\ndelay = 0\nmax_delay = 60\n[network]\nports = [80, 8080]\n"
        '[network.test_hosts]\n"*.test" = "127.0.0.1"\n"one.example" = "192.168.0.7"\n'
        '[robots]\nalso_bind = ["GPTBot"]\n' + OVERRIDE
    )
    assert (read.purpose, read.purpose_name) == (Use.SEARCH, "search_index")
    assert (read.profile.name, read.profile.unknown, read.profile.licence_duties) == ("mine", Verdict.ALLOW, True)
    assert read.conditional_met == {"payment", "attribution"}
    assert read.unread == UnreadRule(verdict=Verdict.DEFER, retries=1)
    assert read.politeness == Politeness(connections=4, delay=0.0, max_delay=60.0)
    assert read.network.ports == (80, 8080)
    assert read.network.test_hosts == {"*.test": "127.0.0.1", "one.example": "192.168.0.7"}
    assert read.robots.also_bind == ("GPTBot",)
    assert read.overrides[0].lifts == ("robots_disallow", "blocklist")


def test_dated_lines_are_read() -> None:
    """Agreements and protocols set aside keep their days."""
    read = policy(agreements=AGREEMENT, protocols=PROTOCOL + OFF)
    agreement, off = read.agreements[0], read.protocols_off[0]
    assert agreement.permits == {Use.TRAIN_GENAI, Use.SEARCH}
    assert (agreement.valid_from, agreement.valid_to) == (None, date(2026, 11, 30))
    assert (off.readers, off.valid_to) == (("tdmrep",), date(2026, 6, 30))


def test_all_mistakes_at_once() -> None:
    """Mistakes of several files come together, sorted, each with file, line, key and what to write."""
    found = mistakes(
        'purpose = "x"\n[politeness]\ndealy = 1\nconnections = 0\n',
        agreements='[[agreement]]\nscope = "https://Example.com"\npermits = []\nref = ""\nvalid_to = "soon"\n',
        protocols="nonsense",
    )
    assert found == [
        (
            "agreements.toml:2: agreement[1].scope: 'https://Example.com' is not in canonical form; "
            "write 'https://example.com/'"
        ),
        (
            "agreements.toml:3: agreement[1].permits: is empty; name the purposes: "
            "ai_training, ai_training_other, search_index, ai_input"
        ),
        "agreements.toml:4: agreement[1].ref: is empty; this key must say something",
        "agreements.toml:5: agreement[1].valid_to: is 'soon'; write a date without quotes and time, like 2026-11-23",
        (
            'crawl-policy.toml:2: purpose: is \'x\'; write one of "ai_training", "ai_training_other", "search_index", '
            '"ai_input"'
        ),
        "crawl-policy.toml:4: politeness.dealy: is no key of this table; did you mean delay?",
        "crawl-policy.toml:5: politeness.connections: is 0; write a value from 1 to 64",
        "protocols.toml: is not TOML: Expected '=' after a key in a key/value pair (at end of document)",
    ]


CASES = [
    ("profile = 3", 'crawl-policy.toml:2: profile: is 3; write one of "reservation", "consent"'),
    ("colour = 1", "crawl-policy.toml:2: colour: is no key of this table; known here: "),
    ('origin = "on_behalf"', 'origin: is "on_behalf" exactly where [identity] on_behalf_of names for whom'),
    ("identity = 1", "crawl-policy.toml:2: identity: is 1; write a table [identity]"),
    ("[identity]\nproduct_token = 1", "identity.product_token: is 1; write text in quotes"),
    ('[identity]\nproduct_token = "Bot2"', "identity.product_token: is 'Bot2'; only letters, '_' and '-'"),
    (
        '[identity]\nproduct_token = "Abc"\nuser_agent = "x"',
        "identity.user_agent: does not contain the product token 'Abc'",
    ),
    ('[identity]\nuser_agent = "clearcrawl-test \u00e9"', "identity.user_agent: holds characters that a header"),
    ('[identity]\ncontact = "me"', "identity.contact: is 'me'; write an address that begins with https:// or mailto:"),
    ('[identity]\ncountry = "Germany"', "identity.country: is 'Germany'; write the two capital letters"),
    ('[identity]\ncrawler_id = "A b"', "identity.crawler_id: is 'A b'; lower-case letters, digits and '-'"),
    ('[identity]\noperator = "a\\nb"', "identity.operator: is 'a\\nb'; write one line of at most 500"),
    (f'[identity]\noperator = "{"a" * 600}"', "identity.operator: is 'aaa"),
    ('[identity]\nuser_class = "x"', "identity.user_class: is 'x'; write one of \"commercial\""),
    ("[profiles.x]", "crawl-policy.toml:2: profiles.x.unknown: is missing"),
    ('[profiles.x]\nunknown = "allow"\nlicence_duties = 1', "profiles.x.licence_duties: is 1; write true or false"),
    ('[conditional]\nmet = ["paywall"]', 'conditional.met: "paywall" is never met by declaration'),
    ('[conditional]\nmet = ["love"]', "conditional.met: 'love' is no duty; known are: payment"),
    ('[conditional]\nmet = "payment"', "conditional.met: is 'payment'; write a list in [ ]"),
    ('[conditional]\nmet = ["payment", "payment"]', "conditional.met[2]: 'payment' stands twice"),
    ("[conditional]\nmet = [1]", "conditional.met[1]: is 1; write text in quotes"),
    ('[unread]\nverdict = "allow"', 'unread.verdict: is \'allow\'; write one of "deny", "defer"'),
    ("[unread]\nretries = true", "unread.retries: is True; write a whole number"),
    ("[politeness]\ndelay = nan", "politeness.delay: is nan; write a value from 0 to 86400"),
    ("[politeness]\ndelay = true", "politeness.delay: is True; write a number"),
    ("[politeness]\ndelay = 400", "politeness.delay: is 400, above max_delay (300): no host would ever be due"),
    ("[limits]\nrobots_bytes = 1000", "limits.robots_bytes: is 1000; write a value from 512000 to 16777216"),
    ("[limits]\npage_bytes = 1.5", "limits.page_bytes: is 1.5; write a whole number"),
    ("[network]\nports = [0]", "network.ports[1]: is 0; write a whole number from 1 to 65535"),
    ("[network]\nports = []", "network.ports: names no port"),
    ('[network.test_hosts]\n"*.x" = "8.8.8.8"', "network.test_hosts.\"*.x\": maps to '8.8.8.8'; write a loopback"),
    ('[network.test_hosts]\nx = "169.254.169.254"', "network.test_hosts.x: maps to '169.254.169.254'"),
    ('[network.test_hosts]\nx = "0.0.0.0"', "network.test_hosts.x: maps to '0.0.0.0'"),
    ('[network.test_hosts]\n"A.test" = "127.0.0.1"', 'network.test_hosts."A.test": "A.test" is neither a host name'),
    ('[robots]\nalso_bind = ["a b"]', "robots.also_bind: 'a b' is no product token"),
    ("[blocklists]\nwarn_age = 40", "blocklists.warn_age: is 40, above refuse_age (30)"),
    ("override = 1", "override: is 1; write a list in [ ]"),
    ("override = [1]", "override[1]: is no table; write [[override]]"),
    ("[[override]]", "crawl-policy.toml:2: override[1].document: is missing"),
    (OVERRIDE.replace('reason = "r"', 'reason = " "'), "override[1].reason: is empty; this key must say something"),
    (
        OVERRIDE.replace("2026-12-31", "2025-12-31"),
        "override[1].valid_to: is 2025-12-31, before valid_from (2026-01-01)",
    ),
    (OVERRIDE.replace("2026-12-31", "2026-12-31T00:00:00"), "override[1].valid_to: is datetime.datetime("),
    (
        OVERRIDE.replace('"blocklist"', '"http_403"'),
        "override[1].lifts: 'http_403' cannot be lifted; these can: blocklist",
    ),
    (OVERRIDE.replace('"blocklist"', '"typo"'), "override[1].lifts: 'typo' is no reason code"),
    (OVERRIDE.replace("https://partner.example/archive/", "co.uk"), "override[1].scope: 'co.uk' is no domain"),
    (OVERRIDE.replace("https://partner.example/archive/", "Ab.de"), "'Ab.de' is not in canonical form; write 'ab.de'"),
    (OVERRIDE.replace("https://partner.example/archive/", "a b"), "'a b' is neither a URL prefix nor a host"),
    (OVERRIDE.replace("archive/", "?q"), "holds a query; a prefix ends with the path"),
    (OVERRIDE.replace("https:", "ftp:"), "'ftp://partner.example/archive/' is no URL prefix"),
]


@pytest.mark.parametrize(("text", "expected"), CASES, ids=[text[:40] for text, _ in CASES])
def test_mistake(text: str, expected: str) -> None:
    """Each kind of mistake is named with its key and with what to write instead."""
    assert any(expected in mistake for mistake in mistakes(text)), mistakes(text)


AUTHORITY = '[timestamps.authorities.{name}]\nurl = "{url}"\nroots = {roots}\n'


def test_time_stamp_authorities() -> None:
    """Each has its address and its roots as PEM; the interval has a default and bounds."""
    text = AUTHORITY.format(name="tsa-1", url="https://tsa.example/tsr", roots=f'["{"A" * 80}", "QkI="]')
    found = policy(text).timestamps
    assert (found.interval, dict(found.urls)) == (3600, {"tsa-1": "https://tsa.example/tsr"})
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    wrapped = f"{begin}\n{'A' * 64}\n{'A' * 16}\n{end}\n{begin}\nQkI=\n{end}\n"
    assert dict(found.roots) == {"tsa-1": wrapped}
    assert policy("[timestamps]\ninterval = 60\n").timestamps.interval == 60


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (AUTHORITY.format(name="TSA", url="https://t.example/", roots='["QQ=="]'), "TSA: a name has lower-case"),
        (AUTHORITY.format(name="t", url="ftp://t.example/", roots='["QQ=="]'), "t.url: is 'ftp://t.example/'"),
        (AUTHORITY.format(name="t", url="https://t.example/", roots="[]"), "t.roots: names no certificate"),
        ("[timestamps]\ninterval = 59\n", "timestamps.interval"),
        ("[timestamps]\ninterval = 3601\n", "timestamps.interval"),
        ("[timestamps]\nurl = 1\n", "timestamps.url"),
    ],
)
def test_mistake_in_time_stamp_authorities(text: str, expected: str) -> None:
    """An authority without a root, an address or a name that a file can bear stops the start."""
    assert any(expected in mistake for mistake in mistakes(text)), mistakes(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[x]", "protocols.toml:1: x.since: is missing"),
        (PROTOCOL.replace("candidate", "maybe"), "status: is 'maybe'; write one of \"mandatory\""),
        (PROTOCOL.replace('["tdmrep"]', '["typo"]'), "readers[1]: is 'typo'; write one of"),
        (PROTOCOL + PROTOCOL.replace("[tdmrep]", "[b]"), "b.readers: 'tdmrep' belongs to [tdmrep] already"),
        (PROTOCOL.replace("candidate", "mandatory") + OFF, "tdmrep.off: a mandatory protocol always counts"),
        (PROTOCOL + "[tdmrep.off]\n", "tdmrep.off.valid_to: is missing"),
        ("x = 1", "protocols.toml:1: x: is 1; write a table [x]"),
    ],
)
def test_mistake_in_protocols(text: str, expected: str) -> None:
    """Protocols are read as strictly."""
    assert any(expected in mistake for mistake in mistakes(protocols=text)), mistakes(protocols=text)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"a = 1\nb = \xff\n", "crawl-policy.toml:2: is not UTF-8; save the file as UTF-8 text"),
        (b"a = 1\na = 2\n", "crawl-policy.toml:2: is not TOML"),
        (b"a = " + b"[" * 5000, "crawl-policy.toml: is nested too deeply"),
        (b"#" * (FILE_LIMIT + 1), "crawl-policy.toml: is 1048577 octets long; at most 1048576 are read"),
    ],
)
def test_unreadable_file(content: bytes, expected: str) -> None:
    """What cannot be parsed has one mistake, that of the whole file."""
    with pytest.raises(DocumentError) as caught:
        read_policy({"crawl-policy.toml": content}, tool_version="1")
    assert len(caught.value.mistakes) == 1
    assert str(caught.value).startswith(expected)


def test_missing_policy() -> None:
    """A folder without the one file that must exist is refused; an empty one lacks its version."""
    with pytest.raises(DocumentError, match=r"crawl-policy\.toml: is missing from the folder"):
        read_policy({}, tool_version="1")
    assert mistakes(version="") == ["crawl-policy.toml: version: is missing"]


def test_notes() -> None:
    """What is out of its time, who is missing and what is a test is said at the start, without stopping it."""
    read = policy(
        TEST_HOSTS + OVERRIDE.replace("2026-12-31", "2026-10-31") + OVERRIDE,
        agreements=AGREEMENT + AGREEMENT.replace("valid_to = 2026-11-30", "valid_from = 2027-01-01"),
        protocols=PROTOCOL + OFF,
    )
    assert notes(read, TODAY) == (
        Note(key="override[1]", text="https://partner.example/archive/: expired on 2026-10-31, counts no longer"),
        Note(key="agreement[2]", text="https://publisher.example/: counts from 2027-01-01"),
        Note(key="off", text="tdmrep: expired on 2026-06-30, counts no longer"),
        Note(key="network.test_hosts", text="test hosts are configured: the crawl is marked TEST"),
    )
    assert notes(read, date(2026, 3, 1))[-2] == Note(key="off", text="tdmrep: off")
    bare = read_policy({"crawl-policy.toml": b'version = "1"\n[identity]\noperator = "x"'}, tool_version="1")
    text = "only test hosts may be asked until these are filled in: identity.contact, identity.product_token"
    assert notes(bare, TODAY) == (Note(key="identity", text=text),)


TEST_HOSTS = '[network.test_hosts]\n"*.test" = "127.0.0.1"\n'


def found_in(content: bytes) -> tuple[Mistake, ...]:
    """Mistakes of a crawl policy; none where it is read."""
    try:
        read_policy({"crawl-policy.toml": content}, tool_version="1")
    except DocumentError as error:
        return error.mistakes
    return ()


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_give_a_policy_or_mistakes(content: bytes) -> None:
    """No content of a file escapes as another error; without a version there is at least one mistake."""
    assert found_in(content) or b"version" in content


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.dates(),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)
SHIPPED_TEXT = SHIPPED_FILES["crawl-policy.toml"].decode()
KEYS = sorted(set(re.findall(r"^(?:# )?(\w+) = ", SHIPPED_TEXT, re.MULTILINE)))
SECTIONS = sorted(set(re.findall(r"^\[(\w+)\]", SHIPPED_TEXT, re.MULTILINE)))


def toml(value: object) -> str:
    """A value as TOML spells it."""
    if isinstance(value, list):
        return f"[{', '.join(toml(one) for one in value)}]"
    if isinstance(value, str):
        return '"' + "".join(f"\\U{ord(char):08X}" for char in value if not 0xD800 <= ord(char) < 0xE000) + '"'
    return str(value).lower() if value is not None else "{}"


@given(st.lists(st.tuples(st.sampled_from(["", *SECTIONS]), st.sampled_from(KEYS), VALUES), max_size=4))
def test_any_values_give_a_policy_or_mistakes(lines: list[tuple[str, str, object]]) -> None:
    """Known keys with values of any type are read or reported, each with a line of the file."""
    text = 'version = "1"\n' + "\n".join(
        f"{section + '.' if section else ''}{key} = {toml(value)}" for section, key, value in lines
    )
    total = text.count("\n") + 1
    assert all(one.line is None or 1 <= one.line <= total for one in found_in(text.encode()))


def test_identity_sample_is_used() -> None:
    """The sample that the other tests build on fills in everything that is asked for."""
    assert IDENTITY.count("=") == len(missing_identity(read_policy(SHIPPED_FILES, tool_version="1").identity))
