"""The demo web serves what its expectations speak of, the same way every time."""

from __future__ import annotations

import gzip
import http.client
import json
import re
import struct
import threading
import urllib.robotparser
import zlib
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from crawler.demo import media, policy
from crawler.demo.hazards import PAGE_LIMIT, RACERS
from crawler.demo.site import PRODUCT_TOKEN, Answer, Expected
from crawler.demo.sites import all_sites
from crawler.demo.web import DemoWeb
from crawler.policy.reading import missing_identity, read_policy
from crawler.policy.reasons import REASONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawler.demo.site import Site

SITES = all_sites(lambda place: f"http://{place.replace('/', ':80/', 1)}")


@pytest.fixture
def web() -> Iterator[DemoWeb]:
    """Serve the demo web."""
    with DemoWeb() as running:
        yield running


def ask(web: DemoWeb, host: str, target: str) -> tuple[http.client.HTTPResponse, bytes]:
    """Ask once."""
    split = urlsplit(web.url(host))
    client = http.client.HTTPConnection("127.0.0.1", split.port or 0, timeout=60)
    try:
        client.request("GET", target, headers={"Host": split.netloc, "User-Agent": "TestClient"})
        response = client.getresponse()
        return response, response.read()
    finally:
        client.close()


def test_every_answer_arrives_as_described(web: DemoWeb) -> None:
    """Status, headers and body of each path of each host are what the site says."""
    for site in web.sites:
        for target, answer in site.answers.items():
            if answer.is_dropped:
                with pytest.raises((http.client.HTTPException, ConnectionError)):
                    ask(web, site.host, target)
                continue
            response, body = ask(web, site.host, target)
            assert (response.status, body) == (answer.status, answer.body), (site.host, target)
            assert set(answer.headers) <= set(response.getheaders())


def test_unknown_places_are_not_found(web: DemoWeb) -> None:
    """A path or a host that is not there answers 404; a query alone makes no other resource."""
    assert ask(web, "harbour.test", "/nowhere")[0].status == 404
    assert ask(web, "nowhere.test", "/")[0].status == 404
    assert ask(web, "harbour.test", "/tides?x=1")[0].status == 200


def test_log_is_the_truth(web: DemoWeb) -> None:
    """Each request is logged with host, target and client; wrong ones are found."""
    for host, target in (("harbour.test", "/"), ("closed.test", "/robots.txt"), ("blocked.test", "/robots.txt")):
        ask(web, host, target)
    ask(web, "closed.test", "/from-a-redirect")
    ask(web, "stranger.test", "/")
    assert [(asked.host, asked.target) for asked in web.log[:2]] == [
        ("harbour.test", "/"),
        ("closed.test", "/robots.txt"),
    ]
    assert {asked.user_agent for asked in web.log} == {"TestClient"}
    assert [(asked.host, asked.target) for asked in web.wrongly_asked()] == [
        ("blocked.test", "/robots.txt"),
        ("closed.test", "/from-a-redirect"),
    ]


def test_many_clients_at_once(web: DemoWeb) -> None:
    """A slow robots.txt does not hold up other hosts."""
    statuses: list[int] = []
    slow = [threading.Thread(target=ask, args=(web, "race.test", "/robots.txt")) for _ in range(RACERS)]
    for thread in slow:
        thread.start()
    statuses.append(ask(web, "harbour.test", "/")[0].status)
    assert any(thread.is_alive() for thread in slow)
    for thread in slow:
        thread.join()
    assert statuses == [200]


def test_seeds_and_expectations_need_a_port() -> None:
    """Before the start there is no address to give; afterwards each host has its seeds."""
    web = DemoWeb()
    with pytest.raises(RuntimeError, match="port"):
        web.url("harbour.test")
    assert web.log == ()
    web.stop()
    address, port = web.start()
    try:
        assert (address, web.url("a.test", "/b")) == ("127.0.0.1", f"http://a.test:{port}/b")
        assert {urlsplit(seed).hostname for seed in web.seeds} == set(web.expectations)
        assert all(urlsplit(seed).port == port for seed in web.seeds)
    finally:
        web.stop()


def test_only_sites_that_the_readers_understand() -> None:
    """A site of a protocol that no reader reads is not served, since its expectation could not hold."""
    with DemoWeb(readers=("tdmrep",)) as web:
        hosts = set(web.expectations)
    assert {"publisher.test", "harbour.test"} <= hosts
    assert not {"signals.test", "gallery.test"} & hosts


def test_enough_of_everything() -> None:
    """The web has the hosts and hazards that a first look is to show."""
    assert len({site.host for site in SITES}) == len(SITES) >= 18
    assert all(site.host.endswith(".test") and site.lesson.endswith(".") for site in SITES)
    answers = [answer for site in SITES for answer in site.answers.values()]
    assert {401, 402, 403, 429, 451, 503} <= {answer.status for answer in answers}
    assert {site.protocol for site in SITES} >= {None, "tdmrep", "robots-meta", "content-signals", "plus-xmp"}
    assert max(len(answer.body) for answer in answers) > PAGE_LIMIT


@pytest.mark.parametrize("site", SITES, ids=lambda site: site.host)
def test_expectations_fit_the_site(site: Site) -> None:
    """What must be taken exists, reasons are in the table, and nothing is said twice."""
    paths = [one.path for one in site.expected]
    assert len(set(paths)) == len(paths)
    assert set(site.seeds) <= set(site.answers) | {one.path for one in site.expected}
    for one in site.expected:
        assert set(one.reasons) <= set(REASONS)
        assert one.reasons or not one.has_row
        if one.is_kept:
            assert site.answers[one.path].status in (200, 301, 302, 307)
            assert one.may_be_asked


def has_simple_robots(site: Site) -> bool:
    """Whether the parser of the standard library, which knows no wildcards, reads the file in full."""
    answer = site.answers.get("/robots.txt", Answer(status=404))
    return answer.status == 200 and not answer.is_dropped and b"*?" not in answer.body


@pytest.mark.parametrize("site", [site for site in SITES if has_simple_robots(site)], ids=lambda site: site.host)
def test_robots_agree_with_the_expectations(site: Site) -> None:
    """What a site's robots.txt closes is never expected to be taken, by a parser that is not ours."""
    answer = site.answers["/robots.txt"]
    parser = urllib.robotparser.RobotFileParser()
    parser.parse(answer.body.decode().splitlines())
    for one in site.expected:
        is_open = parser.can_fetch(PRODUCT_TOKEN, one.path)
        assert is_open or not one.may_be_asked
        assert (not is_open) == ("robots_disallow" in one.reasons) or not one.has_row


def links(answer: Answer) -> list[str]:
    """Targets of the anchors of a page."""
    body = gzip.decompress(answer.body) if ("Content-Encoding", "gzip") in answer.headers else answer.body
    return re.findall(r'<a href="([^"#]+)', body.decode("ascii", errors="replace").replace("&amp;", "&"))


@pytest.mark.parametrize("site", SITES, ids=lambda site: site.host)
def test_what_must_be_found_is_linked(site: Site) -> None:
    """Every path with a row is a seed, or linked or redirected to from another page of the site."""
    reached = set(site.seeds)
    for path, answer in site.answers.items():
        if any(name == "Content-Type" and value.startswith("text/html") for name, value in answer.headers):
            reached |= {link if link.startswith("/") else path + link for link in links(answer)}
            refresh = re.search(rb"url=(/[^\"]+)", answer.body)
            reached |= {refresh[1].decode()} if refresh else set()
        reached |= {value for name, value in answer.headers if name == "Location"}
    assert {one.path for one in site.expected if one.has_row} <= reached


def test_languages_decode() -> None:
    """The pages in other languages are in the encoding that their header names."""
    pages = {site.host: site.answers["/"] for site in SITES if "/" in site.answers}
    assert "früh" in pages["zeitung.test"].body.decode("windows-1252")
    assert "cœur" in pages["journal.test"].body.decode("iso-8859-15")
    assert "風見鶏" in pages["shimbun.test"].body.decode("shift_jis")
    assert 'dir="rtl"' in pages["sahifa.test"].body.decode()


def test_site_files_parse() -> None:
    """The JSON files are JSON."""
    for site in SITES:
        for path, answer in site.answers.items():
            if path.endswith(".json"):
                assert json.loads(answer.body)


def test_png_is_whole() -> None:
    """Each chunk carries its checksum, and the packet is among the chunks."""
    data = media.png(8, media.PLUS_PROHIBITED)
    position, kinds = 8, []
    while position < len(data):
        (length,) = struct.unpack(">I", data[position : position + 4])
        chunk = data[position + 4 : position + 8 + length]
        (checksum,) = struct.unpack(">I", data[position + 8 + length : position + 12 + length])
        assert zlib.crc32(chunk) == checksum
        kinds.append(chunk[:4])
        position += 12 + length
    assert kinds == [b"IHDR", b"iTXt", b"IDAT", b"IEND"]
    assert media.PLUS_PROHIBITED in data
    assert b"iTXt" not in media.png(8)


def test_jpeg_carries_the_packet_in_a_segment() -> None:
    """The segment stands directly behind the start of the image and has the right length."""
    bare, marked = media.jpeg(), media.jpeg(media.PLUS_PROHIBITED)
    (length,) = struct.unpack(">H", marked[4:6])
    assert marked[:4] == b"\xff\xd8\xff\xe1"
    assert marked[4 + length :] == bare[2:]


def test_pdf_offsets_are_right() -> None:
    """The cross-reference table points to the objects."""
    data = media.pdf("Hello", media.TDM_RESERVED)
    start = int(data.rsplit(b"startxref\n", 1)[1].split(b"\n")[0])
    assert data[start : start + 4] == b"xref"
    offsets = re.findall(rb"(\d{10}) 00000 n", data)
    for number, offset in enumerate(offsets, start=1):
        assert data[int(offset) :].startswith(b"%d 0 obj" % number)
    assert b"/Metadata" not in media.pdf("Hello")


def test_policy_is_a_policy() -> None:
    """The demo's policy reads without mistakes, may ask test hosts only, and does not wait at the end."""
    found = read_policy({"crawl-policy.toml": policy.crawl_policy().encode()}, tool_version="1")
    assert found.network.test_hosts == {"*.test": "127.0.0.1"}
    assert found.limits.wait_at_end == 0
    assert found.politeness.delay == 0
    assert found.identity.product_token == PRODUCT_TOKEN
    assert missing_identity(found.identity) == ()


def test_blocklist_names_the_blocked_host() -> None:
    """The list blocks exactly the hosts that expect silence."""
    entries = [line for line in policy.local_blocklist().splitlines() if not line.startswith("#")]
    assert entries == [site.host for site in SITES if site.is_silent]


def test_expected_is_a_value() -> None:
    """Equal words mean equal expectations."""
    assert Expected(path="/", is_kept=False, reasons=()) == Expected(path="/", is_kept=False, reasons=())
