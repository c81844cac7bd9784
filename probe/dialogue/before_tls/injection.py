"""Words in clear that a server may take for words said behind TLS (CVE-2011-0411, CVE-2021-23222).

They follow the command that begins TLS in the same breath. A server that still holds them when the
handshake is over, and acts on them, takes an attacker's words for the client's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Injection:
    """``injected`` is said behind ``command``, in clear; ``words`` are said behind TLS.

    ``acted_on`` finds in the answer that the injected words were taken, ``dropped``, where that is not
    found, that they were not.
    """

    command: bytes
    injected: bytes
    words: bytes
    acted_on: re.Pattern[bytes]
    dropped: re.Pattern[bytes]


def injection(
    command: bytes, injected: bytes, words: bytes, acted_on: bytes, dropped: bytes
) -> Injection:
    """With the patterns compiled: lines are what ``^`` stands for."""
    return Injection(
        command=command,
        injected=injected,
        words=words,
        acted_on=re.compile(acted_on, re.MULTILINE),
        dropped=re.compile(dropped, re.MULTILINE),
    )
