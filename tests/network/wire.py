"""A loopback server whose every octet a test writes itself, with a log of what really arrived."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

REPLY = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


@dataclass(slots=True)
class Connection:
    """One accepted connection, as the script sees it."""

    socket: socket.socket
    stopping: threading.Event
    sent: int = 0
    """Octets that the kernel took."""

    def send(self, data: bytes) -> None:
        """Send, and count what was really taken: a closed peer ends it with ``OSError``."""
        for start in range(0, len(data), 65536):
            part = data[start : start + 65536]
            self.socket.sendall(part)
            self.sent += len(part)

    def pause(self, seconds: float) -> None:
        """Wait, unless the test is over."""
        self.stopping.wait(seconds)


@dataclass(slots=True)
class Wire:
    """The server. ``script(connection, request)`` answers each request; returning ``False`` closes."""

    script: Callable[[Connection, bytes], bool | None]
    tls: ssl.SSLContext | None = None
    requests: list[bytes] = field(default_factory=list)
    connections: list[Connection] = field(default_factory=list)
    port: int = 0
    _listener: socket.socket | None = None
    _stopping: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.1)
        self.port = self._listener.getsockname()[1]
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for connection in self.connections:
            with suppress(OSError):
                connection.socket.shutdown(socket.SHUT_RDWR)  # wakes the thread that reads
        for thread in self._threads:
            thread.join(5)
        if self._listener is not None:
            self._listener.close()

    @property
    def sent(self) -> int:
        """Octets that all connections together got rid of."""
        return sum(connection.sent for connection in self.connections)

    def _start(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                accepted, _ = self._listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            accepted.settimeout(10)
            connection = Connection(accepted, self._stopping)
            self.connections.append(connection)
            self._start(self._serve, connection)

    def _serve(self, connection: Connection) -> None:
        try:
            if self.tls is not None:
                connection.socket = self.tls.wrap_socket(connection.socket, server_side=True)
            while (request := self._read(connection.socket)) and not self._stopping.is_set():
                self.requests.append(request)
                if self.script(connection, request) is False:
                    break
        except OSError:
            pass
        finally:
            connection.socket.close()

    @staticmethod
    def _read(connection: socket.socket) -> bytes:
        request = b""
        while not request.endswith(b"\r\n\r\n"):
            part = connection.recv(65536)
            if not part:
                return b""
            request += part
        return request


def always(reply: bytes, *, close: bool = False) -> Callable[[Connection, bytes], bool]:
    """Answer every request with the same octets."""

    def script(connection: Connection, _: bytes) -> bool:
        connection.send(reply)
        return not close

    return script
