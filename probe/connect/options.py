"""How one visit reaches its endpoint, fixed before its first connection."""

from __future__ import annotations

from typing import Final

from model.frozen import frozen
from probe.connect.route import STRAIGHT, Route
from probe.connect.starttls.application import DIRECT_TLS, Application
from probe.connect.starttls.peer import Peer
from probe.crypto.identity import ClientIdentity

NONCE_LENGTH: Final = 96
"""Number of bytes: 64 for the random and the session id of a visit's hellos, and 32 that are never sent, so that
no one else knows the keys that are derived from all of them."""


@frozen
class TransportOptions:
    """The endpoint and the way to it.

    ``address`` is an IP address and a port, ``peer`` the name of the server in the protocols. ``nonce`` is
    ``NONCE_LENGTH`` random bytes of this visit. ``application`` is the protocol in which TLS begins; if it is
    None, the server's greeting or its port shows it. ``identity`` is the user's client certificate for this
    endpoint, ``expired_identity`` one that has expired.
    """

    address: tuple[str, int]
    peer: Peer
    nonce: bytes
    route: Route = STRAIGHT
    application: Application | None = DIRECT_TLS
    identity: ClientIdentity | None = None
    expired_identity: ClientIdentity | None = None


@frozen
class ConversationOptions:
    """Which connection carries a Dialogue, and for how long in total.

    ``is_chained`` means that its answer will lead to another question. If ``is_upgraded`` is false, nothing
    has been sent on the connection, even if the protocol has a plaintext phase before TLS; only then may it
    go to another ``port``.
    """

    patience_seconds: float
    is_chained: bool = False
    is_upgraded: bool = True
    port: int | None = None
