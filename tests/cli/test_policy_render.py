"""``clearcrawl policy render`` and ``diff`` as people use them: what is printed, what is refused, and how it ends."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from crawler.demo.folders import write_folders
from crawler.storage.shipped import shipped
from tests.demo_run import clearcrawl

if TYPE_CHECKING:
    from pathlib import Path

    from tests.demo_run import DemoRun


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    """The demo's, free to be changed."""
    return write_folders(tmp_path)[0]


def test_render_and_diff(policies: Path, tmp_path: Path, demo: DemoRun) -> None:
    """A rule and a sentence change: both digests, both values, both lines, and what would come of the crawl."""
    out, archive = tmp_path / "policy.html", tmp_path / "archive"
    crawl = ("--crawl", str(demo.folder), "--archive", str(archive), "--json")
    done = clearcrawl("policy", "render", str(policies), "-o", str(out), *crawl)
    assert done.returncode == 0, done.stderr
    first = json.loads(done.stdout)
    assert first["is_new"]
    assert first["is_test"]
    assert not first["is_unverified"]
    assert "<h1>Copyright policy</h1>" in out.read_text("utf-8")
    done = clearcrawl("policy", "render", str(policies), "-o", str(tmp_path / "summary.md"), "--public", *crawl)
    assert json.loads(done.stdout)["digest"] == first["digest"]
    assert (tmp_path / "summary.md").read_text("utf-8").startswith("# Summary of the copyright policy")

    rules, text = policies / "crawl-policy.toml", policies / "texts" / "1.5-f.md"
    rules.write_text(rules.read_text("utf-8").replace('"reservation"', '"consent"'), "utf-8")
    text.write_text(text.read_text("utf-8").replace("The complaint mechanism", "Nothing here"), "utf-8")
    done = clearcrawl("policy", "diff", first["archive"], str(policies), "--crawl", str(demo.folder))
    assert done.returncode == 1
    told = " ".join(done.stdout.split())
    assert first["policy_digest"] in told
    assert "profile was 'reservation (unknown = allow, licence_duties = false)', is now 'consent" in told
    assert "-The complaint mechanism" in told
    assert "+Nothing here" in told
    assert "allow (unknown_allowed) would be deny (unknown_denied)" in told
    assert "Both call themselves version 'demo-1': raise version." in told
    done = clearcrawl("policy", "diff", first["archive"], str(policies), "--crawl", str(demo.folder), "--json")
    body = json.loads(done.stdout)
    assert body["new"]["policy_digest"] != first["policy_digest"]
    assert [one["key"] for one in body["keys"]] == ["profile"]
    assert "news.test" in body["effects"]["domains"]
    assert body["effects"]["changed"] == sum(one["rows"] for one in body["effects"]["counts"])

    done = clearcrawl("policy", "render", str(policies), "-o", str(tmp_path / "x.html"), "--crawl", str(demo.folder))
    assert done.returncode == 1
    assert first["policy_digest"] in done.stderr
    assert body["new"]["policy_digest"] in done.stderr
    assert not (tmp_path / "x.html").exists()


def test_nothing_differs(policies: Path) -> None:
    """The same folder twice: exit 0."""
    done = clearcrawl("policy", "diff", str(policies), str(policies))
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "Nothing differs.")


def test_what_ships_is_refused(tmp_path: Path) -> None:
    """Nobody has answered yet: exit 2, every key by name, nothing written; lint lists the same as open."""
    done = clearcrawl("policy", "render", str(shipped("policies")), "-o", str(tmp_path / "x.html"))
    assert done.returncode == 2
    for key in ("owner_oversight.role", "texts/1.5-f.md", "outputs.safeguards", "rightsholders.decide_days"):
        assert key in done.stderr
    assert list(tmp_path.iterdir()) == []
    listed = clearcrawl("policy", "lint", "--open", str(shipped("policies"))).stdout
    for key in ("owner_oversight.role", "texts/1.5-f.md", "outputs.safeguards", "rightsholders.decide_days"):
        assert key in listed


def test_lint_looks_at_texts_and_templates(policies: Path) -> None:
    """Mistakes there are errors with file and line; a missing text is an open question."""
    (policies / "texts" / "1.5-f.md").unlink()
    (policies / "texts" / "1.5-e.md").write_text("+++\nowned = 1\n+++\n", "utf-8")
    (policies / "templates" / "copyright-policy.md.j2").write_text("a\n{% if %}", "utf-8")
    (policies / "templates" / "policy-summary.md.j2").write_bytes(b"\xff")
    answer = json.loads(clearcrawl("policy", "lint", "--json", str(policies)).stdout)
    found = {(one["file"].removeprefix(f"{policies}/"), one["line"], one["level"]) for one in answer["remarks"]}
    assert found >= {
        ("texts/1.5-f.md", None, "note"),
        ("texts/1.5-e.md", 2, "error"),
        ("templates/copyright-policy.md.j2", 2, "error"),
        ("templates/policy-summary.md.j2", None, "error"),
    }


def test_misuse(policies: Path, tmp_path: Path, demo: DemoRun) -> None:
    """One message, exit 2, never a traceback."""
    folder = str(policies)
    cases = {
        ("render", str(tmp_path / "nowhere"), "-o", "x.html"): "no such folder",
        ("render", folder, "-o", str(tmp_path / "x.pdf")): "ends with .html, .md, .json or .docx",
        ("render", folder): "Missing option",
        ("render", folder, "-o", str(demo.folder / "x.html"), "--crawl", str(demo.folder)): "nothing is added to",
        ("render", folder, "-o", str(tmp_path / "x.html"), "--crawl", str(tmp_path)): "holds no crawl",
        ("render", folder, "-o", str(tmp_path / "x.html"), "--blocklists", str(tmp_path)): "catalog.toml: no such file",
        ("render", folder, "-o", str(tmp_path / "x.html"), "--archive", "/proc/x"): "--archive DIR",
        ("diff", folder, str(tmp_path / "nowhere")): "no such folder",
        ("diff", folder, str(tmp_path / "blocklists")): "crawl-policy.toml: is missing from the folder",
        ("diff", folder, folder, "--crawl", str(tmp_path)): "crawl",
    }
    for arguments, words in cases.items():
        done = clearcrawl("policy", *arguments)
        assert done.returncode == 2, (arguments, done.stderr)
        assert words in done.stderr, (arguments, done.stderr)
        assert "Traceback" not in done.stderr
