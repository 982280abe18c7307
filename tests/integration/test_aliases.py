"""A host whose name leads to a listed one is a candidate for a person: an entry in the log, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.audit.database import Database
from crawler.audit.queries import query_named
from crawler.errors import ExitCode
from crawler.extensions.plan import CrawlPlan
from crawler.extensions.runtime import Runtime

if TYPE_CHECKING:
    from tests.integration.lab import Lab


def test_aliases_of_listed_hosts_are_candidates(lab: Lab) -> None:
    """What is no name, and a name that no list has, leave nothing behind."""
    lab.block("listed.test")
    plan = CrawlPlan(out=lab.out, policies=lab.policies, blocklists=lab.blocklists)
    runtime = Runtime.open(plan)
    for host, name in (("alias.test", "cdn.listed.test"), ("odd.test", "no name"), ("free.test", "free2.test")):
        runtime.aliased(host, name)
    runtime.writer.close(reason="finished", code=ExitCode.CLEAN, clean=True)
    runtime.writer.join()
    with Database.open([lab.out]) as opened:
        found = opened.rows(query_named("list-candidates").sql)
    assert [(one["host"], one["why"], one["listed_host"], one["list"]) for one in found] == [
        ("alias.test", "cname", "cdn.listed.test", "local")
    ]
