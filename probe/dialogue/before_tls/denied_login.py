"""How a connection ends where the server counts every end without a login as an error of our address."""

from __future__ import annotations

from collections.abc import Callable

from model.frozen import frozen


@frozen
class DeniedLogin:
    """A login without a password, which the server denies: it does not count such an end.

    ``after_greeting`` makes it for a connection without TLS, from the greeting; empty if that is not a
    greeting. ``in_tls`` follows a finished handshake. ``answer`` is what must follow the server's reply so
    far; mostly nothing.
    """

    after_greeting: Callable[[bytes], bytes]
    in_tls: bytes
    answer: Callable[[bytes], bytes]
