"""Starts ``python -m crawler`` and ``python -m scrapy`` for tests: real processes, forked from one that has imported.

The start of the interpreter and its imports, a second or two of CPU for each of many hundred commands, are paid once a
worker. Any other command, an environment that the interpreter itself reads otherwise, and what no test starts but a
benchmark, which measures a process as a user has it, starts as usual.
"""

from __future__ import annotations

import inspect
import json
import os
import select
import socket
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parents[1]
PRELOADED = {
    "crawler": ("crawler", "scrapy.cmdline", "twisted.web.client"),
    "scrapy": ("scrapy.cmdline", "twisted.web.client", "pyarrow.parquet", "duckdb"),
}
"""What the parent of each command has imported: that of ``scrapy`` nothing of ours, which a project may do without."""
READ_AT_START = ("PYTHON", "LC_", "LANG", "TZ", "LD_", "MALLOC_")
"""Beginnings of the names that the interpreter or a library reads once; but ``PYTHONPATH`` can be taken up later."""
_CHILDS = ("p2cread", "c2pwrite", "errwrite")
_ENDS = ("p2cread", "p2cwrite", "c2pread", "c2pwrite", "errread", "errwrite")


def start(command: list[str], *, env: Mapping[str, str], **options: Any) -> subprocess.Popen[str]:
    """``subprocess.Popen`` with text; what cannot be forked is started."""
    is_known = "PYTEST_VERSION" in os.environ and command[:2] == [sys.executable, "-m"] and command[2] in PRELOADED
    if is_known and _read_at_start(env) == _read_at_start(os.environ) and not _is_customised(env):
        return Forked(parent(command[2]), command, env=env, **options)
    return subprocess.Popen(command, env=env, text=True, **options)  # noqa: S603 - commands of tests


def run(
    *arguments: str,
    module: str = "crawler",
    cwd: Path = ROOT,
    timeout: float = 120,
    env: Mapping[str, str] = os.environ,
) -> subprocess.CompletedProcess[str]:
    """Run ``python -m MODULE`` to its end, without a terminal."""
    command = [sys.executable, "-m", module, *arguments]
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with start(command, cwd=cwd, env=env, **pipes) as process:
        try:
            out, err = process.communicate(timeout=timeout)
        finally:
            process.kill()
    return subprocess.CompletedProcess(command, process.returncode, out, err)


def _read_at_start(environment: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value for name, value in environment.items() if name.startswith(READ_AT_START) and name != "PYTHONPATH"
    }


def _is_customised(environment: Mapping[str, str]) -> bool:
    places = environment.get("PYTHONPATH", "").split(os.pathsep)
    return any((Path(place) / "sitecustomize.py").exists() for place in places if place)


@cache
def parent(module: str) -> Parent:
    """The one of this worker."""
    return Parent(module)


class Parent:
    """A process that has imported, and forks on demand. It ends with the process that started it."""

    def __init__(self, module: str) -> None:
        self._channel, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter
                [sys.executable, str(ROOT / "tests" / "forking.py"), str(theirs.fileno()), *PRELOADED[module]],
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stdin=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
            )

    def fork(self, request: dict[str, Any], streams: list[int]) -> tuple[int, int]:
        """Answer the process's number, and a descriptor from which its wait status can be read once it has ended."""
        status, theirs = os.pipe()
        octets = json.dumps(request).encode()
        try:
            socket.send_fds(self._channel, [len(octets).to_bytes(4, "big")], [*streams, theirs])
            self._channel.sendall(octets)
        finally:
            os.close(theirs)
        return int.from_bytes(os.read(status, 4), "big"), status


class Forked(subprocess.Popen[str]):
    """A process that another one forked for us; its status comes through a pipe, all else is as with any."""

    def __init__(self, parent: Parent, command: list[str], **options: Any) -> None:
        self._parent = parent
        super().__init__(command, text=True, **options)

    def _execute_child(self, *given: Any) -> None:
        named = inspect.signature(subprocess.Popen._execute_child).bind(self, *given).arguments
        streams = [
            named[end] if named[end] != -1 else number for number, end in enumerate(("p2cread", "c2pwrite", "errwrite"))
        ]
        request = {
            "command": named["args"][2:],
            "cwd": str(Path(named["cwd"] or ".").absolute()),
            "environment": dict(named["env"]),
        }
        try:
            self.pid, self._status = self._parent.fork(request, streams)
        finally:
            self._close_pipe_fds(*(named[end] for end in _ENDS))
        self._child_created = True

    def _try_wait(self, flags: int) -> tuple[int, int]:
        waiting = select.poll()
        waiting.register(self._status)
        if not waiting.poll(0 if flags & os.WNOHANG else None):
            return 0, 0
        told = os.read(self._status, 4)
        os.close(self._status)
        return self.pid, int.from_bytes(told, "big")

    def _internal_poll(self, *_: Any, **__: Any) -> int | None:
        if self.returncode is None and self._waitpid_lock.acquire(blocking=False):
            try:
                number, status = self._try_wait(os.WNOHANG)
                if number:
                    self._handle_exitstatus(status)
            finally:
                self._waitpid_lock.release()
        return self.returncode
