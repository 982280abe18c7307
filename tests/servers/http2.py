"""HTTP/2 for the scripted web: the same answers to the same requests, each on a stream of its own."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import ConnectionTerminated, RequestReceived
from h2.exceptions import H2Error

from tests.servers.replies import Request

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from tests.servers.replies import Reply

    Answer = Callable[[Request], tuple[Reply, Callable[[], None]]]
    """Chooses the reply, and gives what is called when it went out in full."""

PROTOCOLS = ["h2", "http/1.1"]
"""For ``SSLContext.set_alpn_protocols``."""
_WITHOUT_BODY = (204, 304)


def is_spoken(connection: ssl.SSLObject | None) -> bool:
    """Whether the handshake agreed on HTTP/2."""
    return connection is not None and connection.selected_alpn_protocol() == "h2"


class Conversation:
    """One connection. Of a reply status, fields, body, delays and cuts count; framing is HTTP/2's own."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: Answer) -> None:
        self._reader = reader
        self._writer = writer
        self._answer = answer
        self._state = H2Connection(H2Configuration(client_side=False, header_encoding="latin-1"))
        self._moved = asyncio.Event()
        """Something came: a window may be open, a stream closed."""

    async def run(self) -> None:
        """Answer until the client goes."""
        self._state.initiate_connection()
        async with asyncio.TaskGroup() as tasks:
            while data := await self._flushed_and_read():
                for event in self._state.receive_data(data):
                    if isinstance(event, RequestReceived):
                        tasks.create_task(self._reply(event))
                    elif isinstance(event, ConnectionTerminated):
                        return
                self._moved.set()
            self._moved.set()

    async def _flushed_and_read(self) -> bytes:
        self._writer.write(self._state.data_to_send())
        return await self._reader.read(65536)

    async def _reply(self, event: RequestReceived) -> None:
        stream = event.stream_id
        reply, ended = self._answer(_request(event))
        await asyncio.sleep(reply.delay)
        try:
            if reply.action != "answer":
                self._state.reset_stream(stream, ErrorCodes.REFUSED_STREAM)
                return
            is_empty = reply.status in _WITHOUT_BODY
            self._state.send_headers(stream, _fields(reply), end_stream=is_empty)
            if not is_empty:
                await self._send(stream, reply.body[: reply.cut_after])
                if reply.cut_after is not None:
                    self._state.reset_stream(stream, ErrorCodes.INTERNAL_ERROR)
                    return
                self._state.end_stream(stream)
            ended()
        except H2Error:
            pass  # the client gave the stream up
        finally:
            self._writer.write(self._state.data_to_send())

    async def _send(self, stream: int, content: bytes) -> None:
        while content:
            room = min(self._state.local_flow_control_window(stream), self._state.max_outbound_frame_size)
            if room <= 0:
                self._moved.clear()
                await self._moved.wait()
                continue
            self._state.send_data(stream, content[:room])
            content = content[room:]
            self._writer.write(self._state.data_to_send())


def _request(event: RequestReceived) -> Request:
    fields = [(str(name), str(value)) for name, value in event.headers or ()]
    told = dict(fields)
    return Request(
        host=told[":authority"].rsplit(":", 1)[0].lower(),
        method=told[":method"],
        target=told[":path"],
        headers=tuple(field for field in fields if not field[0].startswith(":")),
        body=b"",
        connection=0,
        number=0,
    )


def _fields(reply: Reply) -> list[tuple[str, str]]:
    fields = [(":status", str(reply.status)), *((name.lower(), value) for name, value in reply.headers)]
    length = len(reply.body) if reply.content_length is None else reply.content_length
    if reply.framing == "length" and reply.status not in _WITHOUT_BODY:
        fields.append(("content-length", str(length)))
    return fields
