"""What the operator wrote decides as it says: agreements, dated overrides, the two profiles, purposes apart."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tests.integration.findings import by_url, check_rows
from tests.servers.replies import html, text

if TYPE_CHECKING:
    from tests.integration.lab import Lab
    from tests.servers.web import ScriptedWeb

TODAY = datetime.now(UTC).date()
"""Before the tests; midnight may pass while they run, so that what holds holds tomorrow too."""
DAY = timedelta(days=1)


def _append(lab: Lab, name: str, content: str) -> None:
    path = lab.policies / name
    path.write_text((path.read_text() if path.exists() else "") + content)


def _site(web: ScriptedWeb) -> None:
    robots = "User-agent: *\nContent-Signal: search=yes, ai-train=no, ai-input=no\nDisallow: /closed/\nAllow: /\n"
    site = web.host("site.test").set("/robots.txt", text(robots))
    for path in ("/news/a", "/other/b", "/closed/c"):
        site.set(path, html(f"<p>{path}"))


def _override(scope: str, first: object, last: object) -> str:
    return (
        f'[[override]]\nscope = "{scope}"\nlifts = ["robots_disallow"]\nreason = "opened to us"\n'
        f'document = "contract 17"\ndecided_by = "counsel"\nvalid_from = {first}\nvalid_to = {last}\n'
    )


def test_agreements_and_overrides(lab: Lab, web: ScriptedWeb) -> None:
    """A licence lifts a reservation for its scope, purpose and days, and no refusal; an override that, on its days."""
    _site(web)
    pages = [web.url("site.test", path) for path in ("/news/a", "/other/b", "/closed/c")]
    scope = web.url("site.test", "/")
    licence = '[[agreement]]\nscope = "{}"\npermits = ["{}"]\nref = "{}"\nvalid_to = {}\n'
    _append(lab, "agreements.toml", licence.format(f"{scope}news/", "ai_training", "17", TODAY + DAY))
    _append(lab, "agreements.toml", licence.format(f"{scope}closed/", "ai_training", "18", TODAY + DAY))
    _append(lab, "agreements.toml", licence.format(f"{scope}other/", "ai_training", "19", TODAY - DAY))
    _append(lab, "agreements.toml", licence.format(f"{scope}other/", "ai_input", "20", TODAY + DAY))
    _append(lab, "crawl-policy.toml", _override(f"{scope}closed/", TODAY - 9 * DAY, TODAY - DAY))
    assert lab.crawl(lab.seeds(pages)).code == 0
    news, other, closed = (by_url(lab.out)[page] for page in pages)
    assert (news["verdict"], news["reason"], news["agreement_ref"]) == ("allow", "agreement", "17")
    assert (other["verdict"], other["reason"], other["agreement_ref"]) == ("deny", "optout_reserved", None)
    assert (closed["verdict"], closed["reason"]) == ("deny", "robots_disallow")
    assert {row["verdict_search_index"] for row in (news,)} == {"allow"}
    check_rows(lab.out)
    _append(lab, "crawl-policy.toml", _override(f"{scope}closed/", TODAY, TODAY + DAY))
    out = lab.folder / "lifted"
    assert lab.crawl(lab.seeds(pages[2:]), out=out).code == 0
    (row,) = by_url(out).values()
    assert (row["verdict"], row["agreement_ref"]) == ("allow", "18")
    assert {"agreement", "override", "robots_disallow"} <= set(row["reasons"])


def test_profiles_and_purposes(lab: Lab, web: ScriptedWeb) -> None:
    """Silence is allowed by one profile and denied by the other; each purpose listens to its own words."""
    _site(web)
    web.host("silent.test").set("/", html("<p>nothing said"))
    pages = [web.url("silent.test"), web.url("site.test", "/news/a")]
    expected = {
        ("reservation", "ai_training"): ("allow", "deny"),
        ("consent", "ai_training"): ("deny", "deny"),
        ("consent", "search_index"): ("deny", "allow"),
        ("reservation", "ai_input"): ("allow", "deny"),
    }
    policy = (lab.policies / "crawl-policy.toml").read_text()
    for (profile, purpose), verdicts in expected.items():
        chosen = f'profile = "{profile}"\npurpose = "{purpose}"\n'
        profiles = '\n[profiles.reservation]\nunknown = "allow"\n[profiles.consent]\nunknown = "deny"\n'
        (lab.policies / "crawl-policy.toml").write_text(chosen + policy + profiles)
        out = lab.folder / f"{profile}-{purpose}"
        ended = lab.crawl(lab.seeds(pages), out=out)
        assert ended.code == 0, ended.text
        rows = by_url(out)
        assert tuple(rows[page]["verdict"] for page in pages) == verdicts, (profile, purpose)
        assert {row["purpose"] for row in rows.values()} == {purpose}
