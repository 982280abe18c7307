"""Several workers, one crawl: the result of one, no host served to two, and every end leaves a crawl that goes on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.integration.findings import crawl_file, workers_of
from tests.integration.joint import check_joint, domains_by_worker, many_domains, outcome

if TYPE_CHECKING:
    from tests.integration.lab import Lab
    from tests.servers.web import ScriptedWeb

ANY = ("--scope", "any")


def test_three_workers_find_what_one_finds(lab: Lab, web: ScriptedWeb) -> None:
    """Links, redirects, media and reservations across domains: the same URLs, verdicts, reasons, states and bodies."""
    seed = many_domains(lab, web)
    alone, together = lab.folder / "alone", lab.folder / "together"
    assert lab.crawl(seed, *ANY, out=alone).code == 0
    web.log.clear()
    ended = lab.crawl(seed, *ANY, "--workers", "3", "--json", out=together)
    assert ended.code == 0, ended.text
    assert outcome(together) == outcome(alone)
    assert workers_of(together) == ["w0", "w1", "w2"]
    assert all(len(domains) >= 2 for domains in domains_by_worker(together).values())
    check_joint(together, web)
    told = json.loads(ended.out)
    counts = crawl_file(together)["counts"]
    assert (told["workers"], told["worker_deaths"]) == (3, 0)
    assert told["pages_kept"] == counts["pages_kept"] == crawl_file(alone)["counts"]["pages_kept"]
    assert sum(told["verdicts"].values()) == len(outcome(together))


def test_workers_without_a_domain_are_not_started(lab: Lab, web: ScriptedWeb) -> None:
    """More workers than domains: those that nobody needs leave no trace."""
    web.host("only.test")
    ended = lab.crawl(web.url("only.test"), "--workers", "8")
    assert ended.code == 0, ended.text
    assert workers_of(lab.out) == ["w0"]
    check_joint(lab.out, web)


@pytest.mark.parametrize("number", ["0", "-1", "65", "many"])
def test_a_number_of_workers_that_is_none_is_refused(lab: Lab, number: str) -> None:
    """One message, exit status 2, and no folder."""
    ended = lab.crawl("http://only.test/", "--workers", number)
    assert ended.code == 2
    assert "--workers" in ended.err
    assert "Traceback" not in ended.text
    assert not lab.out.exists()
