"""All hostile modes, by layer. A new one takes one function and one row in its layer's module."""

from __future__ import annotations

from typing import Final

from tests.hostile.mode import Mode
from tests.hostile.servers import certificate, dtls, handshake, http, quic, record, starttls

LAYERS: Final = {
    "record": record.MODES,
    "handshake": handshake.MODES,
    "certificate": certificate.MODES,
    "HTTP": http.MODES,
    "STARTTLS": starttls.MODES,
    "DTLS": dtls.MODES,
    "QUIC": quic.MODES,
}

MODES: Final[tuple[Mode, ...]] = tuple(mode for modes in LAYERS.values() for mode in modes)
