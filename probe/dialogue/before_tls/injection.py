"""Plaintext commands that a server may process as if they were sent inside TLS (CVE-2011-0411,
CVE-2021-23222).

They follow the command that begins TLS in the same packet. A server that still holds them after the handshake
and acts on them treats an attacker's commands as the client's.
"""

from __future__ import annotations

import re

from model.frozen import frozen


@frozen
class Injection:
    """``injected`` is sent in plaintext after ``command``; ``words`` are sent inside TLS.

    ``acted_on`` matches an answer to the injected commands. If it does not match, ``dropped`` matches an
    answer that shows that they were dropped.
    """

    command: bytes
    injected: bytes
    words: bytes
    acted_on: re.Pattern[bytes]
    dropped: re.Pattern[bytes]


def injection(
    command: bytes, injected: bytes, words: bytes, acted_on: bytes, dropped: bytes
) -> Injection:
    """An Injection with the patterns compiled; ``^`` matches at line starts."""
    return Injection(
        command=command,
        injected=injected,
        words=words,
        acted_on=re.compile(acted_on, re.MULTILINE),
        dropped=re.compile(dropped, re.MULTILINE),
    )
