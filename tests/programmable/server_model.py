"""A server as a function: what it accepts and dislikes in, a ClientHello in, a Reply out.

``ServerModel.reply`` needs no socket, so properties can be tried on thousands of servers; the
same model behind a port is ``tests.programmable.server``. Suites here are ECDHE-ECDSA-like: each
flight shows one certificate, and a ServerKeyExchange with a named curve.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from tests.programmable import wire
from tests.programmable.client_hello import ClientHello, is_sslv2_hello, read_client_hello

FIRST_ECDHE_SUITE = 0xC001
"""RFC 8422's suites and those after them; the models' older ones have RSA key exchange."""


class Then(Enum):
    """What a server does with the connection after its bytes."""

    WAIT = "wait"
    CLOSE = "close"
    RESET = "reset"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The bytes a server sends, and what it does then."""

    sent: bytes = b""
    then: Then = Then.CLOSE


SILENCE = Reply(then=Then.WAIT)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerModel:
    """One server.

    ``cipher_suites`` holds, for each version it speaks, its suites in its order of preference.
    ``most_suites`` closes on longer offers, ``hangs_at_lengths`` is silent at those lengths of a
    hello on the wire, ``silence`` is the share of hellos that it never answers.
    """

    cipher_suites: Mapping[int, tuple[int, ...]]
    groups: tuple[int, ...] = (wire.X25519, wire.SECP256R1)
    server_decides: bool = True
    most_suites: int | None = None
    hangs_at_lengths: range = range(0)
    intolerant_above: int | None = None
    close_instead_of_alert: bool = False
    asks_client_certificate: bool = False
    shows_certificate: bool = True
    silence: float = 0.0
    dice: random.Random = field(default_factory=lambda: random.Random(0), compare=False)

    def reply(self, received: bytes) -> Reply | None:
        """The answer to the bytes received so far; None while the hello is not whole."""
        if received and is_sslv2_hello(received):
            return self._refusal(wire.PROTOCOL_VERSION)
        hello = read_client_hello(received)
        if hello is None:
            return None
        if hello.wire_length - 5 in self.hangs_at_lengths:
            return SILENCE
        if self.silence and self.dice.random() < self.silence:
            return SILENCE
        if self.most_suites is not None and len(hello.cipher_suites) > self.most_suites:
            return Reply()
        if self.intolerant_above is not None and max(hello.versions) > self.intolerant_above:
            return self._refusal(wire.HANDSHAKE_FAILURE)
        return self._negotiate(hello)

    def _negotiate(self, hello: ClientHello) -> Reply:
        common = hello.versions & set(self.cipher_suites)
        if not common:
            return self._refusal(wire.PROTOCOL_VERSION)
        version = max(common)
        suite = self._choose(self.cipher_suites[version], hello.cipher_suites)
        group = self._choose(self.groups, hello.groups)
        if suite is None or (group is None and version > wire.SSLV3 and hello.groups):
            return self._refusal(wire.HANDSHAKE_FAILURE)
        if version == wire.TLSV1_3:
            return self._tls13(hello, suite, group)
        return self._flight(hello, version, suite, group or wire.SECP256R1)

    def _choose(self, mine: tuple[int, ...], theirs: tuple[int, ...]) -> int | None:
        first, second = (mine, theirs) if self.server_decides else (theirs, mine)
        return next((one for one in first if one in second), None)

    def _tls13(self, hello: ClientHello, suite: int, group: int | None) -> Reply:
        if group is None:
            return self._refusal(wire.HANDSHAKE_FAILURE)
        session_id = hello.session_id
        if group in hello.key_shares:
            message = wire.server_hello_tls13(
                suite, group, wire.public_point(group), session_id=session_id
            )
        else:
            message = wire.hello_retry_request(suite, group, session_id=session_id)
        return Reply(sent=wire.records(wire.TLSV1_2, message), then=Then.WAIT)

    def _flight(self, hello: ClientHello, version: int, suite: int, group: int) -> Reply:
        extensions = [(0xFF01, b"\0")] if hello.extensions else None
        messages = [wire.server_hello(version, suite, session_id=b"", extensions=extensions)]
        if self.shows_certificate:
            messages.append(wire.certificate(wire.self_signed_certificate()))
        if suite >= FIRST_ECDHE_SUITE:
            point = wire.public_point(group)
            messages.append(wire.server_key_exchange(version, group, point))
        if self.asks_client_certificate:
            messages.append(wire.certificate_request(version))
        messages.append(wire.server_hello_done())
        return Reply(sent=wire.records(version, b"".join(messages)), then=Then.WAIT)

    def _refusal(self, description: int) -> Reply:
        if self.close_instead_of_alert:
            return Reply()
        return Reply(sent=wire.alert(wire.FATAL, description))
