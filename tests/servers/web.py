"""A scriptable web on loopback in a thread of its own: many hosts behind a few ports, any behaviour, a full log."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Self

from tests.servers.http2 import Conversation, is_spoken
from tests.servers.log import RequestLog
from tests.servers.replies import Reply, Request

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable
    from pathlib import Path

Script = Reply | Sequence[Reply] | Callable[[Request], Reply]
"""An answer; answers one after the other, the last one for good; or a function."""

_HEAD_LIMIT = 1024 * 1024
TICK = 0.01


class Host:
    """The script of one virtual host."""

    def __init__(self, fallback: Script) -> None:
        """Answer with the fallback where no path is scripted."""
        self._paths: dict[str, Script] = {}
        self.fallback = fallback

    def set(self, path: str, script: Script) -> Self:
        """Script a target with its query, or a path for all its queries."""
        self._paths[path] = script
        return self

    def reply(self, request: Request) -> Reply:
        """Choose the answer: target, else path, else fallback."""
        script = self._paths.get(request.target, self._paths.get(request.path, self.fallback))
        if isinstance(script, Reply):
            return script
        if callable(script):
            return script(request)
        return script[min(request.number, len(script) - 1)]


class ScriptedWeb:
    """Serves while its ``with`` block runs; hosts may be scripted before and during it."""

    def __init__(
        self,
        *,
        addresses: Iterable[str] = ("127.0.0.1",),
        port: int = 0,
        tls: ssl.SSLContext | None = None,
        log_file: Path | None = None,
        unknown_host: Script | None = None,
    ) -> None:
        """Listen on the same port of all addresses; port 0 picks a free one on the first."""
        self.addresses = tuple(addresses)
        self.port = port
        self.log = RequestLog(log_file)
        self._tls = tls
        self._unknown = Host(unknown_host or Reply(status=421, body=b"no such host here"))
        self._hosts: dict[str, Host] = {}
        self._numbers: Counter[tuple[str, str]] = Counter()
        self._connections = itertools.count(1)
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="scripted-web", daemon=True)

    def host(self, name: str, fallback: Script | None = None) -> Host:
        """Give the script of a host; a new one answers 404 where nothing is scripted."""
        if name not in self._hosts:
            self._hosts[name] = Host(fallback or Reply(status=404, body=b"not found"))
        elif fallback is not None:
            self._hosts[name].fallback = fallback
        return self._hosts[name]

    def url(self, host: str, path: str = "/") -> str:
        """Absolute URL on this server's port."""
        return f"{'https' if self._tls else 'http'}://{host}:{self.port}{path}"

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        if self._failure:
            raise self._failure
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self.log.close()

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        except OSError as error:
            self._failure = error
        finally:
            self._ready.set()
            self._loop.close()

    async def _serve(self) -> None:
        servers = []
        for address in self.addresses:
            server = await asyncio.start_server(
                self._accept, address, self.port, ssl=self._tls, limit=_HEAD_LIMIT, backlog=1024
            )
            self.port = server.sockets[0].getsockname()[1]
            servers.append(server)
        self._ready.set()
        ticking = asyncio.ensure_future(self._tick())
        await self._stop.wait()
        ticking.cancel()
        for server in servers:
            server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _tick(self) -> None:
        """Say how often this thread gets to look: what the log calls the start of a request may be that much late."""
        while True:
            self.log.looked()
            await asyncio.sleep(TICK)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        # A client that goes away is no fault of the server; its exchange stays without an end.
        with contextlib.suppress(
            OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError
        ):
            connection = next(self._connections)
            if is_spoken(writer.get_extra_info("ssl_object")):
                address = "{}:{}".format(*writer.get_extra_info("sockname"))
                await Conversation(reader, writer, partial(self._answer, address, connection)).run()
                return
            while await self._exchange(reader, writer, connection):
                pass
        writer.transport.abort() if writer.transport.is_closing() else writer.close()

    def _answer(self, address: str, connection: int, asked: Request) -> tuple[Reply, Callable[[], None]]:
        """Answer a request of HTTP/2."""
        number = self._numbers[asked.host, asked.target]
        self._numbers[asked.host, asked.target] += 1
        request = replace(asked, connection=connection, number=number)
        exchange = self.log.begin(request, address)
        reply = self._hosts.get(request.host, self._unknown).reply(request)
        exchange.status = reply.status
        return reply, partial(self.log.end, exchange)

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: int) -> bool:
        request = await self._read(reader, connection)
        address = "{}:{}".format(*writer.get_extra_info("sockname"))
        exchange = self.log.begin(request, address)
        reply = self._hosts.get(request.host, self._unknown).reply(request)
        exchange.status = reply.status
        keep = await _send(reply, request, reader, writer)
        if reply.action == "answer":
            self.log.end(exchange)
        return keep

    async def _read(self, reader: asyncio.StreamReader, connection: int) -> Request:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *rest = head[:-4].split("\r\n")
        method, target, _ = first.split(" ", 2)
        headers = tuple((name.strip(), value.strip()) for name, _, value in (line.partition(":") for line in rest))
        fields = {name.lower(): value for name, value in headers}
        host = fields.get("host", "").rsplit(":", 1)[0].lower()
        body = await reader.readexactly(int(fields.get("content-length", "0")))
        number = self._numbers[host, target]
        self._numbers[host, target] += 1
        return Request(
            host=host, method=method, target=target, headers=headers, body=body, connection=connection, number=number
        )


async def _send(reply: Reply, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """Send the answer; whether the connection may be used again."""
    await asyncio.sleep(reply.delay)
    if reply.action == "hang":
        await reader.read()
        return False
    if reply.action == "reset":
        raw_socket = writer.get_extra_info("socket")
        raw_socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
        return False
    if reply.action == "close":
        return False
    if reply.raw is not None:
        writer.write(reply.raw)
        await writer.drain()
        return False
    keep = reply.keep_alive and reply.framing != "close" and (request.header("connection") or "").lower() != "close"
    writer.write(_head(reply, keep=keep))
    if request.method == "HEAD" or reply.status in (204, 304):
        await writer.drain()
        return keep
    if reply.body_delay:
        await writer.drain()
        await asyncio.sleep(reply.body_delay)
    is_whole = await _send_body(reply, writer)
    return keep and is_whole and reply.content_length is None


def _head(reply: Reply, *, keep: bool) -> bytes:
    given = {name.lower() for name, _ in reply.headers}
    lines = [f"HTTP/1.1 {reply.status} {reply.reason}", *(f"{name}: {value}" for name, value in reply.headers)]
    if reply.framing == "chunked":
        lines.append("Transfer-Encoding: chunked")
    elif reply.framing == "length" and "content-length" not in given and reply.status not in (204, 304):
        claimed = len(reply.body) if reply.content_length is None else reply.content_length
        lines.append(f"Content-Length: {claimed}")
    if not keep and "connection" not in given:
        lines.append("Connection: close")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


async def _send_body(reply: Reply, writer: asyncio.StreamWriter) -> bool:
    """Send the body; false where the reply says to cut it off."""
    size, pause = reply.drip or (64 * 1024, 0.0)
    source = reply.parts() if reply.parts else (reply.body,)
    left = reply.cut_after
    for part in source:
        for at in range(0, len(part), size):
            piece = part[at : at + size] if left is None else part[at : at + min(size, left)]
            if piece:
                writer.write(b"%x\r\n%b\r\n" % (len(piece), piece) if reply.framing == "chunked" else piece)
                await writer.drain()
            if left is not None:
                left -= len(piece)
                if left <= 0:
                    return False
            if pause:
                await asyncio.sleep(pause)
    if reply.framing == "chunked":
        writer.write(b"0\r\n\r\n")
    await writer.drain()
    return True
