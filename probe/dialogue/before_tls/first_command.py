"""A harmless command that a client may send inside TLS before it logs in.

Under TLS 1.3 the client finishes its handshake before the server has seen its certificate, and some servers
refuse a certificate only in their own protocol. The answer to a command shows whether the server serves the
client.
"""

from __future__ import annotations

import re

from model.frozen import frozen


@frozen
class FirstCommand:
    """``served`` matches the beginning of an answer, or of a greeting, that only a served client gets.

    ``may_verify_later`` is true if servers of the protocol let any client in and look at its certificate at
    the login, or when it sends mail.
    """

    words: bytes
    served: re.Pattern[bytes]
    may_verify_later: bool = False


def first_command(words: bytes, served: bytes, *, may_verify_later: bool = False) -> FirstCommand:
    """A FirstCommand with the pattern compiled."""
    pattern = re.compile(served, re.DOTALL | re.IGNORECASE)
    return FirstCommand(words=words, served=pattern, may_verify_later=may_verify_later)
