"""What doctor says of working copies, keys, lists, settings and reverse DNS; and that it sends nothing unasked."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from crawler.doctor.findings import State
from crawler.doctor.outside import reverse_names
from crawler.policy.reading import read_policy
from tests.demo_run import clearcrawl
from tests.shared import ROOT
from tests.starting import run

if TYPE_CHECKING:
    from pathlib import Path

    from tests.demo_run import DemoRun

WHO = ("--operator", "Example AI", "--contact", "https://ai.example/bot", "--token", "ExampleBot")


def _examine(folder: Path, *arguments: str, **environment: str) -> tuple[int, dict[str, dict[str, Any]]]:
    done = clearcrawl("doctor", str(folder), "--json", *arguments, timeout=120, **environment)
    assert "Traceback" not in done.stderr
    found = json.loads(done.stdout)
    worst = sorted(found["findings"], key=lambda one: [*State].index(one["state"]))
    return done.returncode, {one["part"]: one for one in worst}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A working copy that says who asks."""
    folder = tmp_path / "copy"
    assert clearcrawl("init", str(folder), *WHO).returncode == 0
    return folder


def test_working_copy(copy: Path) -> None:
    """Nothing is wrong with a new one; each part has a line."""
    code, found = _examine(copy)
    wrong = {name: one for name, one in found.items() if one["state"] in {"warning", "problem"}}
    assert set(wrong) <= {"disk", "open files", "resolver", "python"}, wrong  # of the machine under the tests
    assert code == bool(wrong)
    assert set(found) >= {
        "python", "packages", "settings", "policy", "identity", "blocklists", "key", "feed", "disk", "folder", "clock",
        "open files", "trust store", "resolver",
    }  # fmt: skip


def test_fresh_install(tmp_path: Path) -> None:
    """Without a working copy the shipped policy is looked at: nobody is named yet."""
    code, found = _examine(tmp_path)
    assert code == 1
    assert found["identity"]["state"] == "warning"
    assert "clearcrawl init" in found["identity"]["advice"]


def test_what_is_wrong_is_named(copy: Path) -> None:
    """Mistakes of the policy, weakened settings, unknown variables, a damaged register: each with what to do."""
    (copy / "policies" / "crawl-policy.toml").write_text('version = "1"\nsurprise = "\\u001b[2J"\n')
    project = copy / "project.py"
    project.write_text(project.read_text() + "\nTELNETCONSOLE_ENABLED = True\nCLEARCRAWL_OUTT = 'x'\n")
    code, found = _examine(copy, CLEARCRAWL_KEY="x")
    assert code == 1
    assert "surprise" in found["policy"]["told"]
    assert "TELNETCONSOLE_ENABLED is True, must be False" in found["settings"]["told"]
    assert "CLEARCRAWL_OUTT is no setting" in found["settings"]["told"]
    assert "CLEARCRAWL_KEY" in found["environment"]["told"]
    printed = clearcrawl("doctor", str(copy)).stdout
    assert "\x1b" not in printed


def test_open_key(copy: Path, tmp_path: Path) -> None:
    """A key that others may read is a problem."""
    keys = tmp_path / "keys"
    assert clearcrawl("keys", "new", CLEARCRAWL_KEYS=str(keys)).returncode == 0
    next(keys.glob("*.key")).chmod(0o644)
    code, found = _examine(copy, CLEARCRAWL_KEYS=str(keys))
    assert (code, found["key"]["state"]) == (1, "problem")
    assert "chmod 600" in found["key"]["told"]


def test_folder_of_a_crawl(demo: DemoRun, copy: Path) -> None:
    """Says how the crawl ended; its own copies of policies start nothing: those of the working directory do."""
    _, found = _examine(demo.folder)
    assert found["crawl"]["state"] == "fine"
    assert found["identity"]["state"] == "warning"
    done = run("doctor", str(demo.folder), "--json", cwd=copy)
    told = {one["part"]: one["state"] for one in json.loads(done.stdout)["findings"]}
    assert (told["identity"], told["crawl"]) == ("fine", "fine")


def test_few_open_files(copy: Path) -> None:
    """A low limit is a problem, with the command that raises it."""
    command = f"ulimit -n 128; {sys.executable} -m crawler doctor {copy} --json"
    done = subprocess.run(["sh", "-c", command], cwd=ROOT, capture_output=True, check=False)  # noqa: S603, S607 - ours
    (found,) = [one for one in json.loads(done.stdout)["findings"] if one["part"] == "open files"]
    assert found["state"] == "problem"
    assert "ulimit -n" in found["advice"]


def test_no_folder(tmp_path: Path) -> None:
    """Misuse."""
    assert clearcrawl("doctor", str(tmp_path / "none")).returncode == 2


@pytest.mark.parametrize(
    ("names", "addresses", "state", "words"),
    [
        (["a.crawl.example."], ["192.0.2.1"], "fine", "and back"),
        (["A.Crawl.Example"], ["2001:db8::1", "192.0.2.1"], "fine", "and back"),
        (["a.crawl.example"], ["192.0.2.9"], "problem", "does not lead back"),
        (["acrawl.example"], ["192.0.2.1"], "problem", "not one of"),
        (["crawl.example.evil.example"], ["192.0.2.1"], "problem", "not one of"),
        (None, [], "problem", "no name"),
    ],
)
def test_reverse_names(names: list[str] | None, addresses: list[str], state: str, words: str) -> None:
    """Forward-confirmed, label by label: only a name below ours that leads back counts."""
    text = b'version="1"\n[publication]\nip_ranges=["192.0.2.1/32"]\nreverse_dns=["crawl.example"]\n'
    policy = read_policy({"crawl-policy.toml": text}, tool_version="1")
    (found,) = reverse_names(policy, names_of=lambda _: names, addresses_of=lambda _: addresses)
    assert (found.state, words in found.told) == (state, True), found


def test_large_networks_are_sampled() -> None:
    """A /8 asks for 64 names, not for millions; a range without names is a warning."""
    text = b'version="1"\n[publication]\nip_ranges=["10.0.0.0/8"]\nreverse_dns=["crawl.example"]\n'
    asked: list[str] = []

    def names_of(address: str) -> list[str]:
        asked.append(address)
        return ["x.crawl.example"]

    policy = read_policy({"crawl-policy.toml": text}, tool_version="1")
    (found,) = reverse_names(policy, names_of=names_of, addresses_of=lambda _: [])
    assert len(asked) == 64
    assert "and 61 more" in found.told
    policy = read_policy({"crawl-policy.toml": text.replace(b'"crawl.example"', b"")}, tool_version="1")
    (found,) = reverse_names(policy, names_of=names_of, addresses_of=lambda _: [])
    assert found.state is State.WARNING
