"""A loopback server that speaks HTTP/2 over TLS by the library ``h2``, and any frame that a test makes up besides."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import RequestReceived, StreamReset
from h2.exceptions import H2Error
from h2.settings import SettingCodes, Settings

from tests.network.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.network.wire import Connection

    Fields = list[tuple[bytes, bytes]]

OK: Fields = [(b":status", b"200"), (b"content-type", b"text/html")]


def frame(kind: int, payload: bytes = b"", *, flags: int = 0, stream: int = 0) -> bytes:
    """Any frame, well-formed or not."""
    return len(payload).to_bytes(3) + bytes([kind, flags]) + stream.to_bytes(4) + payload


@dataclass(slots=True)
class Session:
    """One connection of the server."""

    wire: H2Wire
    connection: Connection
    state: H2Connection
    resets: list[tuple[int, object]] = field(default_factory=list)
    """Streams that the client gave up, and why."""

    def flush(self) -> None:
        """Send what the library has made."""
        self.connection.send(self.state.data_to_send())

    def raw(self, octets: bytes) -> None:
        """Send octets past the library."""
        self.flush()
        self.connection.send(octets)

    def head(self, stream: int, fields: Fields = OK, *, ends: bool = False) -> None:
        """Send a header block."""
        self.state.send_headers(stream, fields, end_stream=ends)
        self.flush()

    def data(self, stream: int, content: bytes, *, ends: bool = True) -> None:
        """Send content, no more than fits into one frame and the windows."""
        self.state.send_data(stream, content, end_stream=ends)
        self.flush()

    def reply(self, stream: int, content: bytes = b"hi", fields: Fields = OK) -> None:
        """Send a whole reply."""
        self.head(stream, fields)
        self.data(stream, content)

    def reset(self, stream: int, code: ErrorCodes = ErrorCodes.REFUSED_STREAM) -> None:
        """Give a stream up."""
        self.state.reset_stream(stream, code)
        self.flush()


@dataclass(slots=True)
class H2Wire(Wire):
    """The server. ``script(session, stream, fields)`` answers each request; returning ``False`` closes."""

    answer: Callable[[Session, int, Fields], bool | None] = lambda session, stream, _: session.reply(stream)
    opening: Callable[[Session], None] | None = None
    """Sends what comes first, instead of the settings."""
    at_once: int = 100
    """SETTINGS_MAX_CONCURRENT_STREAMS."""
    asked: list[dict[bytes, bytes]] = field(default_factory=list)
    """Fields of every request."""
    sessions: list[Session] = field(default_factory=list)

    def _serve(self, connection: Connection) -> None:
        try:
            self._converse(connection)
        except OSError:
            pass
        except H2Error:
            if not connection.stopping.is_set():  # shut down by another thread, the socket reads past TLS
                raise
        finally:
            connection.socket.close()

    def _converse(self, connection: Connection) -> None:
        self.tls.set_alpn_protocols(["h2", "http/1.1"])
        connection.socket = self.tls.wrap_socket(connection.socket, server_side=True)
        assert connection.socket.selected_alpn_protocol() == "h2"
        checked_by_none = {
            "validate_outbound_headers": False,
            "normalize_outbound_headers": False,
        }
        state = H2Connection(H2Configuration(client_side=False, header_encoding=None, **checked_by_none))
        state.local_settings = Settings(False, {SettingCodes.MAX_CONCURRENT_STREAMS: self.at_once})
        state.initiate_connection()
        session = Session(self, connection, state)
        self.sessions.append(session)
        if self.opening is not None:
            self.opening(session)
        else:
            session.flush()
        while data := connection.socket.recv(65536):
            for event in state.receive_data(data):
                if isinstance(event, StreamReset):
                    session.resets.append((event.stream_id, event.error_code))
                elif isinstance(event, RequestReceived):
                    self.asked.append(dict(event.headers))
                    self.requests.append(dict(event.headers)[b":path"])
                    if self.answer(session, event.stream_id, list(event.headers)) is False:
                        return
            session.flush()
