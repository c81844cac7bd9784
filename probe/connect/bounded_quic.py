"""aioquic's connection with a bound on CRYPTO frames. Needs aioquic, an optional package.

aioquic stores out-of-order frames in a list that it scans for each new frame. A server that sends single
bytes with gaps between them therefore costs time that grows with the square of their number.
"""

from __future__ import annotations

import logging

from aioquic._buffer import Buffer
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection, QuicConnectionError, QuicReceiveContext
from aioquic.quic.packet import QuicErrorCode
from aioquic.tls import SessionTicketHandler

from probe.tls.limits import MAX_CRYPTO_FRAMES

# aioquic logs warnings with text that the server chooses, as often as the server likes.
logging.getLogger("quic").setLevel(logging.CRITICAL)


class BoundedQuicConnection(QuicConnection):
    """Closes the connection after more than MAX_CRYPTO_FRAMES (RFC 9000, section 7.5)."""

    def __init__(
        self,
        configuration: QuicConfiguration,
        session_ticket_handler: SessionTicketHandler | None = None,
    ) -> None:
        super().__init__(configuration=configuration, session_ticket_handler=session_ticket_handler)
        self._crypto_frame_count = 0

    @property
    def is_flooded(self) -> bool:
        """Whether the server sent more frames than that."""
        return self._crypto_frame_count > MAX_CRYPTO_FRAMES

    def _handle_crypto_frame(
        self, context: QuicReceiveContext, frame_type: int, buf: Buffer
    ) -> None:
        self._crypto_frame_count += 1
        if self.is_flooded:
            raise QuicConnectionError(
                error_code=QuicErrorCode.CRYPTO_BUFFER_EXCEEDED,
                frame_type=frame_type,
                reason_phrase="too many CRYPTO frames",
            )
        super()._handle_crypto_frame(context, frame_type, buf)
