"""HTTP to servers that the tests start, without TLS.

A client of httpx reads Mozilla's trust store when it is made, which takes 40 ms of CPU: a loop that waits for
a server would use most of a processor.
"""

from __future__ import annotations

import ssl
from typing import Final

import httpx

TRUSTS_NO_CA: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For ``verify`` of a client that uses no TLS; it would accept no server."""


def get(url: str, *, timeout: float = 30) -> httpx.Response:
    """The answer to a request on a connection of its own."""
    return httpx.get(url, verify=TRUSTS_NO_CA, trust_env=False, timeout=timeout)
