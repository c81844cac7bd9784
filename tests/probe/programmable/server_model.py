"""A server as a function: its configuration and a ClientHello in, a Reply out.

``ServerModel.reply`` needs no socket, so properties can be checked on thousands of servers. The same model
behind a port is ``tests.probe.programmable.server``. Each flight has one certificate for all suites; its
ServerKeyExchange follows the suite's key exchange and authentication.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from model.registry import CipherSuite, cipher_suite_by_code_point, signature_scheme_name
from probe.dialogue.preference import is_aes_gcm, is_chacha20
from tests.probe.programmable import wire
from tests.probe.programmable.client_hello import ClientHello, is_sslv2_hello, read_client_hello
from tests.probe.programmable.primes import FFDHE_CODE_POINTS, prime_bytes

FIRST_FFDHE, LAST_FFDHE = 0x0100, 0x01FF
"""RFC 7919, section 2: each of these means that a client knows finite-field groups."""

_FIELDS = {code_point: name for name, code_point in FFDHE_CODE_POINTS.items()}
_LAST_CURVE = 0x00FF
_SIGNERS = {"RSA": ("rsa_",), "ECDSA": ("ecdsa_", "ed"), "DSS": ("dsa_",)}
"""Prefixes of the names of schemes with which a key of that kind signs."""

_UNSIGNED = frozenset({"anon", "PSK"})


class Then(Enum):
    """What a server does with the connection after its bytes."""

    WAIT = "wait"
    CLOSE = "close"
    RESET = "reset"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The bytes that a server sends, and what it does then."""

    sent: bytes = b""
    then: Then = Then.CLOSE


SILENCE = Reply(then=Then.WAIT)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerModel:
    """One server.

    ``cipher_suites`` has, for each version it speaks, its suites in its order of preference. ``most_suites``
    closes on longer offers, ``hangs_at_lengths`` does not answer hellos of those lengths on the wire,
    ``silence`` is the share of hellos that it never answers.

    Up to TLS 1.2, ECDHE uses the curves among ``groups``. DHE uses ``prime``; if that is None, it uses the
    ffdhe groups among ``groups`` (RFC 7919). ``signature_schemes`` are those of TLS 1.2; if there are none,
    it signs without checking the client's list. ``ignores_groups`` and ``ignores_schemes``: if there is no
    common value, it uses its own first one. A server that ``alerts_behind_hello`` checks this only after its
    certificate, as Java does. ``certificate_curve`` must be offered to get an ECDSA suite. With
    ``fresh_keys``, public values never repeat. One that ``chooses_key_first`` uses its ECDSA key, if it has
    one, for every client that offers a suite for it up to TLS 1.2, as HAProxy does. One that
    ``wants_aes_first`` puts ChaCha20 before its own order for a client that does not begin with AES-GCM, as Go does.
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
    prime: bytes | None = field(default_factory=lambda: prime_bytes("RFC 3526 group 14"))
    signature_schemes: tuple[int, ...] = ()
    ignores_groups: bool = False
    ignores_schemes: bool = False
    alerts_behind_hello: bool = False
    certificate_curve: int | None = None
    fresh_keys: bool = False
    chooses_key_first: bool = False
    wants_aes_first: bool = False
    dice: random.Random = field(default_factory=lambda: random.Random(0), compare=False)

    def reply(self, received: bytes) -> Reply | None:
        """The answer to the bytes received so far; None if the hello is incomplete."""
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
        if version == wire.TLSV1_3:
            suite = self._choose(self._order(version, hello), hello.cipher_suites)
            group = self._choose(self.groups, hello.groups)
            return self._tls13(hello, suite, group)
        usable = [one for one in self._order(version, hello) if self._can_use(one, hello, version)]
        suite = self._choose(tuple(usable), hello.cipher_suites)
        if suite is None:
            return self._refusal(wire.HANDSHAKE_FAILURE)
        return self._flight(hello, version, suite)

    def _order(self, version: int, hello: ClientHello) -> tuple[int, ...]:
        own = self.cipher_suites[version]
        first = next((one for one in hello.cipher_suites if one in own), None)
        if not self.wants_aes_first or first is None or is_aes_gcm(first):
            return own
        return tuple(sorted(own, key=lambda suite: not is_chacha20(suite)))

    def _choose(self, mine: tuple[int, ...], theirs: tuple[int, ...]) -> int | None:
        first, second = (mine, theirs) if self.server_decides else (theirs, mine)
        return next((one for one in first if one in second), None)

    def _can_use(self, suite: int, hello: ClientHello, version: int) -> bool:
        row = cipher_suite_by_code_point(suite)
        if self.chooses_key_first and not self._fits_the_key(suite, hello, version):
            return False
        if row is None or self.alerts_behind_hello:
            return True
        return self._can_share_key(row, hello, version)

    def _fits_the_key(self, suite: int, hello: ClientHello, version: int) -> bool:
        takes_ecdsa = any(map(_is_by_ecdsa, self.cipher_suites[version])) and any(
            map(_is_by_ecdsa, hello.cipher_suites)
        )
        return _is_by_ecdsa(suite) is takes_ecdsa

    def _can_share_key(self, suite: CipherSuite, hello: ClientHello, version: int) -> bool:
        if suite.key_exchange == "ECDHE" and self._curve(suite, hello) is None:
            return False
        if suite.key_exchange == "DHE" and self._field(hello) is None:
            return False
        return not _is_signed(suite) or self._scheme(suite, hello, version) is not None

    def _curve(self, suite: CipherSuite, hello: ClientHello) -> int | None:
        curves = tuple(group for group in self.groups if group <= _LAST_CURVE)
        if not hello.groups:
            return wire.SECP256R1
        if suite.authentication == "ECDSA" and self.certificate_curve not in (None, *hello.groups):
            return None
        own = curves[0] if self.ignores_groups and curves else None
        return self._choose(curves, hello.groups) or own

    def _field(self, hello: ClientHello) -> bytes | None:
        """The prime; without ffdhe groups in the hello, it is the server's own choice."""
        if self.prime is not None:
            return self.prime
        offered = tuple(group for group in hello.groups if FIRST_FFDHE <= group <= LAST_FFDHE)
        fields = tuple(group for group in self.groups if group in _FIELDS)
        chosen = self._choose(fields, offered or fields)
        return prime_bytes(_FIELDS[chosen]) if chosen is not None else None

    def _scheme(self, suite: CipherSuite, hello: ClientHello, version: int) -> int | None:
        if not self.signature_schemes or version < wire.TLSV1_2:
            return wire.ECDSA_SHA256
        begins = _SIGNERS.get(suite.authentication, ("",))
        fitting = tuple(
            scheme
            for scheme in self.signature_schemes
            if signature_scheme_name(scheme).startswith(begins)
        )
        own = fitting[0] if self.ignores_schemes and fitting else None
        return self._choose(fitting, hello.signature_schemes) or own

    def _tls13(self, hello: ClientHello, suite: int | None, group: int | None) -> Reply:
        if suite is None or group is None:
            return self._refusal(wire.HANDSHAKE_FAILURE)
        session_id = hello.session_id
        if group in hello.key_shares:
            message = wire.server_hello_tls13(
                suite, group, wire.public_point(group), session_id=session_id
            )
        else:
            message = wire.hello_retry_request(suite, group, session_id=session_id)
        return Reply(sent=wire.records(wire.TLSV1_2, message), then=Then.WAIT)

    def _flight(self, hello: ClientHello, version: int, suite: int) -> Reply:
        extensions = [(0xFF01, b"\0")] if hello.extensions else None
        messages = [wire.server_hello(version, suite, session_id=b"", extensions=extensions)]
        if self.shows_certificate:
            messages.append(wire.certificate(wire.self_signed_certificate()))
        row = cipher_suite_by_code_point(suite)
        if row is not None and not self._can_share_key(row, hello, version):
            begun = wire.records(version, b"".join(messages))
            return Reply(sent=begun + wire.alert(wire.FATAL, wire.HANDSHAKE_FAILURE))
        if row is not None and row.key_exchange in {"ECDHE", "DHE"}:
            messages.append(self._key_exchange(row, hello, version))
        if self.asks_client_certificate:
            messages.append(wire.certificate_request(version))
        messages.append(wire.server_hello_done())
        return Reply(sent=wire.records(version, b"".join(messages)), then=Then.WAIT)

    def _key_exchange(self, suite: CipherSuite, hello: ClientHello, version: int) -> bytes:
        hint = wire.vector(2, b"") if suite.authentication == "PSK" else b""
        fresh = self.dice.randbytes(32) if self.fresh_keys else None
        if suite.key_exchange == "ECDHE":
            group = self._curve(suite, hello) or wire.SECP256R1
            point = fresh or wire.public_point(group)
            parameters = hint + wire.curve_parameters(group, point)
        else:
            prime = self._field(hello) or b""
            parameters = hint + wire.field_parameters(prime, fresh or b"\x02" * 32)
        if not _is_signed(suite):
            return wire.handshake(12, parameters)
        scheme = self._scheme(suite, hello, version)
        return wire.signed(version, parameters, scheme or wire.ECDSA_SHA256)

    def _refusal(self, description: int) -> Reply:
        if self.close_instead_of_alert:
            return Reply()
        return Reply(sent=wire.alert(wire.FATAL, description))


def _is_by_ecdsa(code_point: int) -> bool:
    suite = cipher_suite_by_code_point(code_point)
    return suite is not None and suite.authentication == "ECDSA"


def _is_signed(suite: CipherSuite) -> bool:
    """Whether its ServerKeyExchange has a signature (RFC 5246, 7.4.3; RFC 4279, 3; RFC 5489)."""
    return suite.key_exchange in {"ECDHE", "DHE"} and suite.authentication not in _UNSIGNED
