"""When bytes pass the proxy: half a round trip late, and none before TCP could send any.

Pure: the times are given. On a real path a client may send its first byte one round trip after its
SYN, for that long TCP's handshake takes (RFC 9293, 3.5). On loopback the kernel accepts at once,
so that round trip is added here.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """A path of so many seconds there and back."""

    round_trip_seconds: float

    def to_server_at(self, accepted_at: float, sent_at: float) -> float:
        """When what the client sent at ``sent_at`` reaches the server."""
        connected_at = accepted_at + self.round_trip_seconds
        return max(sent_at, connected_at) + self.round_trip_seconds / 2

    def to_client_at(self, sent_at: float) -> float:
        """When what the server sent at ``sent_at`` reaches the client."""
        return sent_at + self.round_trip_seconds / 2
