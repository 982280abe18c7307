"""What a connection of HTTP/2 starts with: our settings, the windows and tables that bound what it may hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.settings import SettingCodes, Settings

if TYPE_CHECKING:
    from crawler.policy.document import Limits

STREAM_WINDOW = 1 << 20
"""Octets that a server may send ahead on one stream; each frame is acknowledged as it comes."""
CONNECTION_WINDOW = 1 << 22
"""The same for all streams of a connection together."""
TABLE = 4096
"""Octets of the table that we compress by, however large the peer would have it."""
_OVERHEAD = 32
"""Octets that each field counts besides its own (RFC 9113 section 6.5.2)."""


def new_state(limits: Limits) -> H2Connection:
    """The library's state of a new connection."""
    size = limits.header_bytes + _OVERHEAD * limits.header_lines
    state = H2Connection(H2Configuration(validate_inbound_headers=False, normalize_inbound_headers=False))
    state.local_settings = Settings(
        client=True,
        initial_values={
            SettingCodes.ENABLE_PUSH: 0,
            SettingCodes.INITIAL_WINDOW_SIZE: STREAM_WINDOW,
            SettingCodes.MAX_HEADER_LIST_SIZE: size,
        },
    )
    state.decoder.max_header_list_size = size
    return state


def name_of(code: object) -> str:
    """An error code in words (RFC 9113 section 7)."""
    return next((one.name for one in ErrorCodes if one == code), str(code))
