"""A tunnel through a SOCKS 5 proxy (RFC 1928), with or without a user name and password (RFC 1929).

The request always contains the address that we resolved, so that the probed address is the one that was
looked up.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from enum import Enum, auto
from typing import Final

from pki.byte_reader import vector
from probe.connect.proxy.tunnel import TunnelEnd, TunnelFailed, TunnelOpen, ended
from probe.dialogue.answer import Ending, FailureKind

_VERSION: Final = 5
_NO_AUTHENTICATION: Final = 0
_PASSWORD: Final = 2
_CONNECT: Final = 1
_ADDRESS_TYPES: Final = {4: 1, 6: 4}
_DOMAIN_NAME: Final = 3
_ADDRESS_LENGTHS: Final = {1: 4, 4: 16}
_CONNECTION_REFUSED: Final = 5
_REPLIES: Final = {
    1: "general failure",
    2: "not allowed by its rules",
    3: "network unreachable",
    4: "host unreachable",
    5: "connection refused",
    6: "time to live expired",
    7: "it does not support CONNECT",
    8: "it does not support this kind of address",
}
"""RFC 1928, section 6."""


class _Stage(Enum):
    METHOD = auto()
    PASSWORD = auto()
    REPLY = auto()


class Socks5:
    """The first Dialogue on a connection to the proxy."""

    def __init__(self, address: str, port: int, credentials: tuple[str, str] | None) -> None:
        self._address = ipaddress.ip_address(address.partition("%")[0])
        self._port = port
        self._credentials = credentials
        self._stage = _Stage.METHOD
        self._buffer = b""
        self._send: Callable[[bytes], None] | None = None

    def begin(self, send: Callable[[bytes], None]) -> None:
        """Sends the authentication methods."""
        self._send = send
        methods = [_NO_AUTHENTICATION] if self._credentials is None else [_PASSWORD]
        send(bytes((_VERSION,)) + vector(bytes(methods), 1))

    def feed(self, received: bytes) -> TunnelEnd | None:
        """The outcome, once it is known."""
        self._buffer += received
        while True:
            before = self._stage
            outcome = self._advance()
            if outcome is not None or self._stage is before:
                return outcome

    def end(self, ending: Ending) -> TunnelEnd:
        """Fails: nothing more will come."""
        return ended(ending)

    def _advance(self) -> TunnelEnd | None:
        if self._buffer and self._stage is not _Stage.PASSWORD and self._buffer[0] != _VERSION:
            return TunnelFailed(FailureKind.UNREACHABLE, "the proxy does not speak SOCKS5")
        match self._stage:
            case _Stage.METHOD:
                return self._method()
            case _Stage.PASSWORD:
                return self._password()
            case _:
                return self._reply()

    def _method(self) -> TunnelEnd | None:
        if len(self._buffer) < 2:
            return None
        chosen, self._buffer = self._buffer[1], self._buffer[2:]
        if chosen == _PASSWORD and self._credentials is not None:
            user, password = (part.encode() for part in self._credentials)
            self._say(b"\x01" + vector(user, 1) + vector(password, 1))
            self._stage = _Stage.PASSWORD
            return None
        if chosen == _NO_AUTHENTICATION:
            self._ask()
            return None
        return TunnelFailed(
            FailureKind.UNREACHABLE, "the proxy requires another authentication method"
        )

    def _password(self) -> TunnelEnd | None:
        if len(self._buffer) < 2:
            return None
        status, self._buffer = self._buffer[1], self._buffer[2:]
        if status != 0:
            return TunnelFailed(
                FailureKind.UNREACHABLE, "the proxy refuses the user name or the password"
            )
        self._ask()
        return None

    def _ask(self) -> None:
        self._stage = _Stage.REPLY
        kind = _ADDRESS_TYPES[self._address.version]
        place = bytes((kind,)) + self._address.packed + self._port.to_bytes(2, "big")
        self._say(bytes((_VERSION, _CONNECT, 0)) + place)

    def _reply(self) -> TunnelEnd | None:
        if len(self._buffer) < 5:
            return None
        code, kind = self._buffer[1], self._buffer[3]
        if code != 0:
            reason = _REPLIES.get(code, f"reply {code}")
            is_refusal = code == _CONNECTION_REFUSED
            failure_kind = FailureKind.REFUSED if is_refusal else FailureKind.UNREACHABLE
            return TunnelFailed(failure_kind, f"the proxy did not connect: {reason}")
        length = 1 + self._buffer[4] if kind == _DOMAIN_NAME else _ADDRESS_LENGTHS.get(kind)
        if length is None:
            return TunnelFailed(FailureKind.UNREACHABLE, "the proxy does not speak SOCKS5")
        end = 4 + length + 2
        return TunnelOpen(surplus=self._buffer[end:]) if len(self._buffer) >= end else None

    def _say(self, words: bytes) -> None:
        if self._send is not None:
            self._send(words)
