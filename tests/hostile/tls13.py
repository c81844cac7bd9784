"""The server's half of a TLS 1.3 handshake (RFC 8446): the encrypted content may be anything.

It has one suite, TLS_AES_128_GCM_SHA256, and one group, x25519. The key schedule is implemented here again,
from section 7.1, so that it does not share a fault with the code that it attacks.
"""

from __future__ import annotations

import functools
import hmac
from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Final, TypeAlias

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tests.hostile.self_signed import leaf, leaf_key
from tests.probe.programmable import wire
from tests.probe.programmable.client_hello import ClientHello, is_sslv2_hello, read_client_hello
from tests.probe.programmable.server import Behaviour, Connection

SUITE: Final = 0x1301
APPLICATION_DATA: Final = 23
MESSAGE_HASH: Final = 254
_LONGEST: Final = 16_384
_NOTHING: Final = bytes(32)


def expand_label(secret: bytes, label: bytes, context: bytes, length: int) -> bytes:
    """HKDF-Expand-Label for at most 32 bytes: one block of HKDF-Expand is enough."""
    info = wire.uint16(length) + wire.vector(1, b"tls13 " + label) + wire.vector(1, context)
    return hmac.digest(secret, info + b"\x01", "sha256")[:length]


class Sealer:
    """Encrypts records under one traffic secret (section 5.2)."""

    def __init__(self, secret: bytes) -> None:
        self._aead = AESGCM(expand_label(secret, b"key", b"", 16))
        self._iv = int.from_bytes(expand_label(secret, b"iv", b"", 12), "big")
        self._number = 0

    def seal(self, kind: int, content: bytes, *, piece: int = _LONGEST) -> bytes:
        """``content`` in records of at most ``piece`` bytes; at least one record, even if it is empty."""
        return b"".join(
            self._one(kind, content[at : at + piece])
            for at in range(0, max(1, len(content)), piece)
        )

    def _one(self, kind: int, content: bytes) -> bytes:
        inner = content + bytes([kind])
        header = bytes([APPLICATION_DATA, 3, 3]) + wire.uint16(len(inner) + 16)
        nonce = (self._iv ^ self._number).to_bytes(12, "big")
        self._number += 1
        return header + self._aead.encrypt(nonce, inner, header)


class Half:
    """A handshake after its ServerHello: everything sent from here on is encrypted."""

    def __init__(self, connection: Connection, hello: ClientHello, transcript: bytes) -> None:
        self.connection = connection
        self.hello = hello
        self._transcript = transcript
        private = x25519.X25519PrivateKey.generate()
        public = private.public_key().public_bytes_raw()
        peer = x25519.X25519PublicKey.from_public_bytes(hello.key_shares[wire.X25519])
        self.server_hello = wire.server_hello_tls13(
            SUITE, wire.X25519, public, session_id=hello.session_id
        )
        self._transcript += self.server_hello
        early = hmac.digest(_NOTHING, _NOTHING, "sha256")
        derived = expand_label(early, b"derived", sha256().digest(), 32)
        self._secret = hmac.digest(derived, private.exchange(peer), "sha256")
        self._server = self._derived(self._secret, b"s hs traffic")
        self.sealer = Sealer(self._server)

    def _derived(self, secret: bytes, label: bytes) -> bytes:
        return expand_label(secret, label, sha256(self._transcript).digest(), 32)

    async def say(self, *messages: bytes, piece: int = _LONGEST) -> None:
        """Sends handshake messages, encrypted."""
        block = b"".join(messages)
        self._transcript += block
        await self.connection.send(self.sealer.seal(wire.HANDSHAKE, block, piece=piece))

    async def finish(self) -> None:
        """EncryptedExtensions to Finished with a certificate of our own; then the application keys."""
        await self.say(ENCRYPTED_EXTENSIONS, certificate13(leaf()))
        covered = b" " * 64 + b"TLS 1.3, server CertificateVerify\0"
        covered += sha256(self._transcript).digest()
        signature = leaf_key().sign(covered, ec.ECDSA(hashes.SHA256()))
        await self.say(wire.handshake(15, wire.uint16(0x0403) + wire.vector(2, signature)))
        finished_key = expand_label(self._server, b"finished", b"", 32)
        digest = sha256(self._transcript).digest()
        await self.say(wire.handshake(20, hmac.digest(finished_key, digest, "sha256")))
        derived = expand_label(self._secret, b"derived", sha256().digest(), 32)
        main_secret = hmac.digest(derived, _NOTHING, "sha256")
        self.sealer = Sealer(self._derived(main_secret, b"s ap traffic"))
        # The client's Finished: only its arrival matters.
        await self.connection.receive()


ENCRYPTED_EXTENSIONS: Final = wire.handshake(8, wire.vector(2, b""))


def certificate13(*ders: bytes, extensions: bytes = b"") -> bytes:
    """A Certificate of TLS 1.3 (section 4.4.2), with the extensions in its first entry."""
    entries = [wire.vector(3, der) + wire.vector(2, b"") for der in ders[1:]]
    first = wire.vector(3, ders[0]) + wire.vector(2, extensions)
    return wire.handshake(11, wire.vector(1, b"") + wire.vector(3, first + b"".join(entries)))


Answer: TypeAlias = Callable[[Half], Awaitable[None]]


def tls13(answer: Answer) -> Behaviour:
    """Refuses every hello except those of TLS 1.3; requests x25519 if there was no share of it."""

    async def behave(connection: Connection) -> None:
        first, raw = await _hello(connection, b"")
        if first is None:
            return
        if wire.TLSV1_3 not in first.versions or SUITE not in first.cipher_suites:
            await connection.send(wire.alert(wire.FATAL, wire.PROTOCOL_VERSION))
            return
        hello, transcript = first, raw
        if wire.X25519 not in first.key_shares:
            retry = wire.hello_retry_request(SUITE, wire.X25519, session_id=first.session_id)
            await connection.send(wire.record(wire.HANDSHAKE, wire.TLSV1_2, retry))
            second, raw = await _hello(connection, b"")
            if second is None or wire.X25519 not in second.key_shares:
                return
            hello = second
            transcript = wire.handshake(MESSAGE_HASH, sha256(transcript).digest()) + retry + raw
        half = Half(connection, hello, transcript)
        await connection.send(wire.record(wire.HANDSHAKE, wire.TLSV1_2, half.server_hello))
        await answer(half)
        await connection.until_closed()

    return behave


async def _hello(connection: Connection, received: bytes) -> tuple[ClientHello | None, bytes]:
    """A hello and its message; records before it that are not handshake (ChangeCipherSpec) are dropped."""
    while some := await connection.receive():
        received += some
        if is_sslv2_hello(received):
            return None, b""
        while len(received) > 5 and received[0] == 20:
            received = received[5 + int.from_bytes(received[3:5], "big") :]
        if not received:
            continue
        if received[0] != wire.HANDSHAKE:
            return None, b""
        if hello := read_client_hello(received):
            return hello, received[5 : hello.wire_length]
    return None, b""


@functools.cache
def ticket(lifetime_seconds: int = 3600) -> bytes:
    """A NewSessionTicket (section 4.6.1)."""
    body = lifetime_seconds.to_bytes(4, "big") + bytes(4) + wire.vector(1, b"\0")
    return wire.handshake(4, body + wire.vector(2, bytes(64)) + wire.vector(2, b""))
