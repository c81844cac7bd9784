"""When bytes pass the proxy: half a round trip late, and never before TCP could send any.

Pure functions of the given times. On a real path a client cannot send its first byte until one round trip after its
SYN, because of TCP's handshake (RFC 9293, 3.5). On loopback the kernel accepts at once, so that round trip is
added here.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """A path with the given round trip time in seconds."""

    round_trip_seconds: float

    def to_server_at(self, accepted_at: float, sent_at: float) -> float:
        """When the client's bytes from ``sent_at`` arrive at the server."""
        connected_at = accepted_at + self.round_trip_seconds
        return max(sent_at, connected_at) + self.round_trip_seconds / 2

    def to_client_at(self, sent_at: float) -> float:
        """When the server's bytes from ``sent_at`` arrive at the client."""
        return sent_at + self.round_trip_seconds / 2
