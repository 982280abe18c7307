"""Connections to an address over several processes: never more than the policy permits, and none lost with the dead."""

from __future__ import annotations

import subprocess
import sys
from tempfile import TemporaryFile

from crawler.workers.addresses import SharedSlots
from tests.shared import ROOT

ADDRESS = "192.0.2.1"
WORKER = """
import sys
from crawler.workers.addresses import SharedSlots
slots = SharedSlots(int(sys.argv[1]), 2)
for line in sys.stdin:
    command, address = line.split()
    print(getattr(slots, command)(address), flush=True)
"""


class Worker:
    """Another process with the same file."""

    def __init__(self, file: int) -> None:
        self.process = subprocess.Popen(  # noqa: S603 - our own interpreter
            [sys.executable, "-c", WORKER, str(file)],
            pass_fds=[file], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
        )  # fmt: skip

    def ask(self, command: str, address: str = ADDRESS) -> str:
        """What it answers."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{command} {address}\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def end(self) -> None:
        """Kill it."""
        self.process.kill()
        self.process.communicate()


def test_two_processes_share_the_slots_of_an_address() -> None:
    """Two connections in all, whoever opens them; another address has its own; a killed process holds none."""
    with TemporaryFile() as file:
        own, other = SharedSlots(file.fileno(), 2), Worker(file.fileno())
        try:
            assert own.take(ADDRESS)
            assert other.ask("take") == "True"
            assert (own.has_room(ADDRESS), own.take(ADDRESS)) == (False, False)
            assert (other.ask("has_room"), other.ask("take")) == ("False", "False")
            assert own.take("192.0.2.2")
            own.free(ADDRESS)
            own.free(ADDRESS)
            assert (other.ask("has_room"), other.ask("take")) == ("True", "True")
            assert not own.has_room(ADDRESS)
            other.ask("free")
            assert own.has_room(ADDRESS)
            assert own.take(ADDRESS)
            assert not own.has_room(ADDRESS)
        finally:
            other.end()
        assert own.take(ADDRESS)
        assert not own.take(ADDRESS)
