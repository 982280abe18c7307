"""The process from which ``tests.starting`` forks: ``python forking.py SOCKET PACKAGE...`` imports, then serves.

A request is its length (4 octets, with the descriptors for input, output, errors and status), then JSON. A keeper of
each process writes its number and, when it has ended, its wait status, 4 octets each; by this file it is the parent.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import pkgutil
import runpy
import signal
import socket
import sys
import warnings
from typing import Any

EARLIER = list(sys.path[1:])
"""Where modules are found; the first is the folder of this file."""


def main() -> None:
    """Serve; in a forked process, run the module it is for, as ``python -m`` does."""
    ended: list[int] = []
    atexit.register(leave, ended)  # the first registered runs last
    for name in sys.argv[2:]:
        preload(name)
    if "twisted.internet.reactor" in sys.modules:
        sys.exit("a reactor is installed: each process needs its own")
    command = serve(socket.socket(fileno=int(sys.argv[1])))
    sys.argv = command
    try:
        runpy.run_module(command[0], run_name="__main__", alter_sys=True)
    except SystemExit as end:
        ended.append(end.code if isinstance(end.code, int) else int(end.code is not None))
        raise
    except Exception:
        ended.append(1)
        raise
    ended.append(0)


def leave(ended: list[int]) -> None:
    """End without the interpreter's last collection of what was imported, which takes longer than many a command."""
    if ended:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(ended[0] & 0xFF)


def preload(name: str) -> None:
    """Import a module, and of a package named without a dot all that is below it."""
    module = importlib.import_module(name)
    if "." not in name:
        for found in pkgutil.walk_packages(module.__path__, f"{name}."):
            if not found.name.endswith("__main__"):
                importlib.import_module(found.name)


def serve(channel: socket.socket) -> list[str]:
    """Fork for each request until the other side is gone; returns in the forked processes alone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks for the keepers
    warnings.simplefilter("ignore", DeprecationWarning)  # a library's idle threads do not matter
    gc.collect()
    gc.freeze()
    while True:
        head, descriptors, _, _ = socket.recv_fds(channel, 4, 4)
        if not head:
            os._exit(0)
        request = json.loads(_whole(channel, int.from_bytes(head, "big")))
        if os.fork() == 0:
            channel.close()
            keep(descriptors)
            return become(request, descriptors)
        for one in descriptors:
            os.close(one)


def _whole(channel: socket.socket, length: int) -> bytes:
    octets = b""
    while len(octets) < length:
        octets += channel.recv(length - len(octets))
    return octets


def keep(descriptors: list[int]) -> None:
    """Fork once more and wait; returns in the new process alone."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    status = descriptors[-1]
    number = os.fork()
    if number == 0:
        os.close(status)
        return
    for one in (0, 1, 2, *descriptors[:-1]):
        os.close(one)
    os.write(status, number.to_bytes(4, "big"))
    os.write(status, os.waitpid(number, 0)[1].to_bytes(4, "big"))
    os._exit(0)


def become(request: dict[str, Any], descriptors: list[int]) -> list[str]:
    """Take up streams, folder, environment and path of modules; answer the module's name and its arguments."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    warnings.resetwarnings()
    for standard, one in enumerate(descriptors[:-1]):
        os.dup2(one, standard)
        os.close(one)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["environment"])
    further = [place for place in request["environment"].get("PYTHONPATH", "").split(os.pathsep) if place]
    sys.path[:] = [request["cwd"], *further, *(place for place in EARLIER if place not in further)]
    command: list[str] = request["command"]
    return command


if __name__ == "__main__":
    main()
