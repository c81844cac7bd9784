"""A hello that carries an encrypted one, and what its answer proves (RFC 9849, sections 6.1 and 7.2).

The signal of acceptance is derived from the random of the inner hello, which no one can know without the private
key of the configuration. So one hello proves that the server has the key.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from model.frozen import frozen
from probe.crypto.hpke import AEADS, KDFS, X25519_HKDF_SHA256, SenderContext, sealed_length
from probe.crypto.tls13_keys import digest_of, expand_label
from probe.dialogue.answer import Answer, RetryRequest, ServerFlight
from probe.dialogue.offer import Offer
from probe.tls.ech import (
    CONFIRMATION_LENGTH,
    EchConfig,
    HpkeSuite,
    inner_extension,
    outer_extension,
    outer_extensions,
)
from probe.tls.extensions import Extension, ExtensionType
from probe.tls.hello import ClientHello, ServerHello
from probe.tls.record import ContentType, HandshakeType, encode_handshake, encode_record

_OF_INNER: Final = frozenset({ExtensionType.SERVER_NAME, ExtensionType.ENCRYPTED_CLIENT_HELLO})
"""The extensions, the first and the last of an inner hello, that differ from those of the outer one."""

_PUBLIC_VALUE_LENGTH: Final = 32
_RANDOM: Final = 4 + 2
"""Where the random of a ServerHello begins: after the message's header and legacy_version."""

_RANDOM_LENGTH: Final = 32
_MESSAGE_HASH: Final = b"\xfe\x00\x00"
"""The header of the message that replaces the first hello in a transcript, without its last byte (RFC 9846, 4.4.1)."""


@frozen
class _Keys:
    """A configuration with the cipher suite that is used of it."""

    config: EchConfig
    suite: HpkeSuite


class EchHello:
    """An outer hello for the public name, and in it ``asked`` with the server name that it has.

    ``offered`` is the record; ``config`` is the first configuration that can be used here. The keys are derived from
    the visit's nonce, so that a recorded answer can be read again.
    """

    def __init__(self, asked: Offer, keys: _Keys, nonce: bytes) -> None:
        config = self.config = keys.config
        self._inner = _inner(asked, nonce)
        context = SenderContext(
            config.public_key,
            b"tls ech\0" + config.raw,
            kdf=keys.suite[0],
            aead=keys.suite[1],
            ephemeral=_derived(nonce, b"ephemeral key"),
        )
        plaintext = self._encoded_inner(asked)
        shape = replace(asked.shape, server_name=config.public_name.decode("ascii"))

        def outer(payload: bytes) -> ClientHello:
            own = outer_extension(keys.suite, config.config_id, context.encapsulated, payload)
            return _with(replace(asked, shape=shape), own).hello(nonce)

        associated = outer(bytes(sealed_length(len(plaintext)))).encode()
        message = encode_handshake(
            HandshakeType.CLIENT_HELLO, outer(context.seal(associated, plaintext)).encode()
        )
        self.offered = encode_record(ContentType.HANDSHAKE, 0x0301, message)

    def _encoded_inner(self, asked: Offer) -> bytes:
        """The EncodedClientHelloInner (section 5.1): without what the server takes from the outer hello."""
        own, common = list[Extension](), list[Extension]()
        for one in self._inner.extensions or ():
            (own if one.code_point in _OF_INNER else common).append(one)
        own.insert(-1, outer_extensions(tuple(one.code_point for one in common)))
        encoded = replace(self._inner, session_id=b"", extensions=tuple(own)).encode()
        name = asked.shape.server_name
        length = None if name is None else len(name)
        return encoded + bytes(self.config.inner_padding(len(encoded), length))

    def is_accepted_by(self, answer: Answer) -> bool:
        """Whether the answer proves that the server decrypted the inner hello and answered it."""
        if not isinstance(answer, ServerFlight | RetryRequest):
            return False
        digest = digest_of(answer.hello.cipher_suite)
        if digest is None:
            return False
        message = encode_handshake(HandshakeType.CLIENT_HELLO, self._inner.encode())
        if isinstance(answer, RetryRequest):
            hashed = hashlib.new(digest, message).digest()
            first = _MESSAGE_HASH + bytes((len(hashed),)) + hashed
            return self._confirms(answer, digest, first, b"hrr ech accept confirmation")
        return self._confirms(answer, digest, message, b"ech accept confirmation")

    def _confirms(
        self, answer: ServerFlight | RetryRequest, digest: str, before: bytes, label: bytes
    ) -> bool:
        start = _signal_start(answer.hello)
        if start is None:
            return False
        end = start + CONFIRMATION_LENGTH
        zeroed = answer.raw[:start] + bytes(CONFIRMATION_LENGTH) + answer.raw[end:]
        zeros = bytes(hashlib.new(digest).digest_size)
        secret = hmac.digest(zeros, self._inner.random, digest)
        transcript = hashlib.new(digest, before + zeroed).digest()
        signal = expand_label(digest, secret, label, transcript, CONFIRMATION_LENGTH)
        return hmac.compare_digest(signal, answer.raw[start:end])


def ech_hello(asked: Offer, configs: Sequence[EchConfig], nonce: bytes) -> EchHello | None:
    """The hello with the first of the ``configs`` that a client with this HPKE can use; None if there is none."""
    for config in configs:
        suite = _usable_suite(config)
        if suite is not None:
            try:
                return EchHello(asked, _Keys(config=config, suite=suite), nonce)
            except ValueError:  # a public value of low order
                continue
    return None


def is_usable(config: EchConfig) -> bool:
    """Whether this HPKE can encrypt for the configuration, and clients may use it (section 6.1)."""
    return _usable_suite(config) is not None


def _usable_suite(config: EchConfig) -> HpkeSuite | None:
    """Its first cipher suite that is known here; None if clients must ignore the configuration (section 6.1)."""
    is_key = config.kem == X25519_HKDF_SHA256 and len(config.public_key) == _PUBLIC_VALUE_LENGTH
    if not is_key or config.is_mandatory or not config.has_host_name:
        return None
    return next((one for one in config.suites if one[0] in KDFS and one[1] in AEADS), None)


def _inner(asked: Offer, nonce: bytes) -> ClientHello:
    """The inner hello. It needs no padding of its own: the encoded one is padded."""
    hello = _with(asked, inner_extension()).hello(nonce)
    extensions = (one for one in hello.extensions or () if one.code_point != ExtensionType.PADDING)
    random = _derived(nonce, b"inner random")
    return replace(hello, random=random, extensions=tuple(extensions))


def _with(asked: Offer, extension: Extension) -> Offer:
    changes = replace(asked.changes, extensions=(*asked.changes.extensions, extension))
    return replace(asked, changes=changes)


def _derived(nonce: bytes, purpose: bytes) -> bytes:
    return hashlib.sha256(b"tlsprobe ech " + purpose + nonce).digest()


def _signal_start(hello: ServerHello) -> int | None:
    """Where the signal is in the message (section 7.2); None if a HelloRetryRequest has none of the right length."""
    if not hello.is_retry_request:
        return _RANDOM + _RANDOM_LENGTH - CONFIRMATION_LENGTH
    # The session id with its length, the suite, the compression method, and the length of the extensions.
    at = _RANDOM + _RANDOM_LENGTH + 1 + len(hello.session_id) + 2 + 1 + 2
    for one in hello.extensions:
        if one.code_point == ExtensionType.ENCRYPTED_CLIENT_HELLO:
            return at + 4 if len(one.body) == CONFIRMATION_LENGTH else None
        at += one.length
    return None
