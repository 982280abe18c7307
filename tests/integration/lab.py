"""Crawls as a user starts them: a policy folder, a blocklist folder, and the command as a process with a time limit."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.shared import ROOT
from tests.starting import start

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

IDENTITY = {"operator": "Lab", "contact": "mailto:lab@lab.test", "product_token": "LabBot"}
SECTIONS: Mapping[str, Mapping[str, Any]] = {
    "identity": IDENTITY,
    "politeness": {"delay": 0.0, "connections": 8},
    "limits": {
        "wait_at_end": 0.0,
        "connect_timeout": 3.0,
        "first_byte_timeout": 3.0,
        "total_timeout": 10.0,
        "free_space_bytes": 0,
        "free_space_share": 0.0,
    },
    "network.test_hosts": {"*.test": "127.0.0.1"},
}
"""A policy that crawls ``*.test`` on loopback as fast as it answers."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A process that has ended."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """Everything that it printed."""
        return self.out + self.err


class Lab:
    """One folder with policies, blocklists and crawls; ends every process that it started."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.policies = folder / "policies"
        self.blocklists = folder / "blocklists"
        self.out = folder / "out"
        self.policies.mkdir(parents=True)
        shutil.copytree(ROOT / "blocklists", self.blocklists)
        self._running: list[subprocess.Popen[str]] = []
        self.policy()
        self.block()

    def policy(self, **changes: Mapping[str, Any] | None) -> None:
        """Write the policy: ``SECTIONS`` with keys of sections changed; ``__`` stands for a dot, None drops."""
        lines = ['version = "lab"']
        named = {name.replace("__", "."): keys for name, keys in changes.items()}
        for name in [*SECTIONS, *(name for name in named if name not in SECTIONS)]:
            given = named.get(name, {})
            if given is None:
                continue
            lines.append(f"[{name}]")
            lines += [f"{_key(key)} = {_value(value)}" for key, value in {**SECTIONS.get(name, {}), **given}.items()]
        (self.policies / "crawl-policy.toml").write_text("\n".join(lines) + "\n")

    def block(self, *domains: str) -> None:
        """Write the local blocklist."""
        (self.blocklists / "local.txt").write_text("".join(f"{domain}\n" for domain in domains))

    def seeds(self, urls: Iterable[str], name: str = "seeds.txt") -> str:
        """Write a seeds file; answer its path."""
        path = self.folder / name
        path.write_text("".join(f"{url}\n" for url in urls))
        return str(path)

    def command(self, *arguments: str, out: Path | None = None) -> list[str]:
        """Give the crawl command."""
        folders = ["-o", str(out or self.out), "--policies", str(self.policies), "--blocklists", str(self.blocklists)]
        return [sys.executable, "-m", "crawler", "crawl", *arguments, *folders]

    def start(self, *arguments: str, out: Path | None = None) -> subprocess.Popen[str]:
        """Start a crawl and go on."""
        return self.spawn(self.command(*arguments, out=out))

    def spawn(self, command: list[str], cwd: Path = ROOT, **environment: str) -> subprocess.Popen[str]:
        """Start any command, in the repository's root by default; it is killed with the lab."""
        process = start(
            command,
            cwd=cwd,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", **environment},
        )
        self._running.append(process)
        return process

    def crawl(self, *arguments: str, out: Path | None = None, timeout: float = 180) -> Ended:
        """Crawl to the end; a crawl that does not end in time fails the test."""
        return wait(self.start(*arguments, out=out), timeout)

    def close(self) -> None:
        """End what still runs, by its id."""
        for process in self._running:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
            process.communicate()


def wait(process: subprocess.Popen[str], timeout: float = 180) -> Ended:
    """Wait for the end of a process."""
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        raise AssertionError(f"still running after {timeout} s\n{out[-3000:]}\n{err[-3000:]}") from None
    return Ended(process.returncode, out, err)


def _key(key: str) -> str:
    return f'"{key}"' if "*" in key or "." in key else key


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    return f"[{', '.join(map(_value, value))}]" if isinstance(value, list | tuple) else str(value)
