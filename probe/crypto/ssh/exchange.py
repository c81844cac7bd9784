"""One key exchange with an SSH server, up to the proof of its host key, as a Dialogue.

Nothing is encrypted and no user is authenticated: after the server's reply, the client disconnects.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from model.frozen import frozen
from model.verdict import Evidence
from pki.byte_reader import DecodeError
from probe.crypto.ssh.host_key_proof import flaw_of_signature
from probe.crypto.ssh.shared_secret import METHODS, Method, PrivateHalf
from probe.dialogue.answer import Ending, conversation_evidence
from probe.ssh.host_key import CERTIFICATE_SUFFIX, HostKey, decode_host_key
from probe.ssh.messages import (
    BY_APPLICATION,
    Disconnect,
    KexInit,
    KexReply,
    Message,
    decode_disconnect,
    decode_kex_reply,
    decode_kexinit,
    encode_disconnect,
    encode_kexinit,
    string,
)
from probe.ssh.stream import Identification, SshStream, packet_of

IDENTIFICATION: Final = b"SSH-2.0-tlsprobe"
_MARKERS: Final = ("ext-info-c", "kex-strict-c-v00@openssh.com")
"""Clients say by these names that they know RFC 8308 and strict key exchange (OpenSSH's PROTOCOL, 1.10)."""

_MOST_HEARD: Final = 2**14
"""Bytes of the server that are stored as proof: a long KEXINIT and a reply with an RSA key of 16,384 bits."""


@frozen
class SshOffer:
    """What our KEXINIT offers; the lists of both directions are the same."""

    methods: tuple[str, ...]
    host_keys: tuple[str, ...]
    ciphers: tuple[str, ...]
    macs: tuple[str, ...]
    compressions: tuple[str, ...]

    @property
    def lists(self) -> tuple[tuple[str, ...], ...]:
        """The lists of SSH_MSG_KEXINIT."""
        ciphers, macs, compressions = self.ciphers, self.macs, self.compressions
        named = (ciphers, ciphers, macs, macs, compressions, compressions)
        return ((*self.methods, *_MARKERS), self.host_keys, *named, (), ())


@dataclass(slots=True)
class SshAnswer:
    """What one conversation showed.

    ``flaw`` is why the server's bytes could not be read further. ``unproved`` is why the ``host_key`` is not
    proved; None if its signature over the exchange hash was verified. ``ending`` is how the connection ended
    before the exchange was complete.
    """

    said: bytes = b""
    heard: bytes = b""
    is_cut: bool = False
    identification: Identification | None = None
    kexinit: KexInit | None = None
    method: str | None = None
    host_key: HostKey | None = None
    unproved: str | None = None
    disconnect: Disconnect | None = None
    flaw: str | None = None
    ending: Ending | None = None

    def evidence(self, note: str) -> Evidence:
        """The conversation as proof."""
        return conversation_evidence(self.said, self.heard, note, is_cut=self.is_cut)

    @property
    def outcome(self) -> str:
        """How the conversation ended, in words."""
        if self.disconnect is not None:
            return f"the server disconnects: {self.disconnect.description or self.disconnect.code}"
        if self.flaw is not None:
            return f"the server sent a malformed {self.flaw}"
        return f"{self.ending or 'no end'} before the exchange was complete"


class SshExchange:
    """The Dialogue. ``seed`` (64 random bytes) makes the cookie and our private key."""

    def __init__(self, offer: SshOffer, seed: bytes) -> None:
        self._offer = offer
        self._seed = hashlib.sha512(b"tlsprobe SSH" + seed).digest()
        self._stream = SshStream()
        self._send: Callable[[bytes], None] | None = None
        self._own_kexinit = encode_kexinit(self._seed, offer.lists)
        self._half: PrivateHalf | None = None
        self._algorithm = ""
        self._skips_one = False
        self._answer = SshAnswer()

    def begin(self, send: Callable[[bytes], None]) -> None:
        """Sends our identification and KEXINIT, without waiting for the server's."""
        self._send = send
        self._say(IDENTIFICATION + b"\r\n" + packet_of(self._own_kexinit))

    def feed(self, received: bytes) -> SshAnswer | None:
        """Takes the server's bytes; returns the answer once nothing more is needed."""
        answer = self._answer
        room = _MOST_HEARD - len(answer.heard)
        answer.heard += received[:room]
        answer.is_cut = answer.is_cut or len(received) > room
        try:
            is_over = any(map(self._takes, self._stream.feed(received)))
        except DecodeError as error:
            answer.flaw = error.what
            is_over = True
        identification = answer.identification = self._stream.identification
        is_other = identification is not None and not identification.speaks_version_2
        return self._leave() if is_over or is_other else None

    def end(self, ending: Ending) -> SshAnswer:
        """The answer if nothing more will come."""
        self._answer.ending = ending
        return self._answer

    def _takes(self, payload: bytes) -> bool:
        """Takes one message; returns whether it is the last one that is needed."""
        match payload[0]:
            case Message.DISCONNECT:
                self._answer.disconnect = decode_disconnect(payload)
                return True
            case Message.KEXINIT if self._answer.kexinit is None:
                return not self._begins_exchange(decode_kexinit(payload))
            case Message.IGNORE | Message.DEBUG | Message.UNIMPLEMENTED:
                return False
            case _ if self._skips_one:
                self._skips_one = False
                return False
            case Message.KEX_REPLY if self._half is not None:
                self._finish(decode_kex_reply(payload), self._half)
                return True
            case _:
                raise DecodeError("key exchange, a message out of order,", 0)

    def _begins_exchange(self, server: KexInit) -> bool:
        """Whether both sides agree on a method and a host key algorithm; then our public value is sent."""
        self._answer.kexinit = server
        methods = server.named("kex_algorithms")
        host_keys = server.named("server_host_key_algorithms")
        method = _first_common(self._offer.methods, methods)
        algorithm = _first_common(self._offer.host_keys, host_keys)
        if method is None or algorithm is None:
            return False
        guess = (self._offer.methods[0], self._offer.host_keys[0])
        self._skips_one = server.first_packet_follows and guess != (methods[0], host_keys[0])
        self._half = METHODS[method].private_half(self._seed)
        self._answer.method = method
        self._algorithm = algorithm.removesuffix(CERTIFICATE_SUFFIX)
        self._say(packet_of(bytes((Message.KEX_INIT,)) + self._half.public))
        return True

    def _finish(self, reply: KexReply, half: PrivateHalf) -> None:
        answer = self._answer
        answer.host_key = key = decode_host_key(reply.host_key)
        try:
            signed = self._exchange_hash(reply, half, METHODS[answer.method or ""])
        except ValueError as error:
            answer.unproved = f"the key exchange cannot be finished: {error}"
        else:
            answer.unproved = flaw_of_signature(key, self._algorithm, reply.signature, signed)

    def _exchange_hash(self, reply: KexReply, half: PrivateHalf, method: Method) -> bytes:
        """H of RFC 4253, section 8. Raises ValueError if the server's public value is not valid."""
        kexinit, identification = self._answer.kexinit, self._stream.identification
        if kexinit is None or identification is None:
            raise ValueError("the server's KEXINIT is missing")
        parts = (
            string(IDENTIFICATION),
            string(identification.line),
            string(self._own_kexinit),
            string(kexinit.payload),
            string(reply.host_key),
            half.public,
            string(reply.public),
            half.secret(reply.public),
        )
        return hashlib.new(method.digest, b"".join(parts)).digest()

    def _leave(self) -> SshAnswer:
        if self._answer.disconnect is None and self._answer.kexinit is not None and self._send:
            self._send(packet_of(encode_disconnect(BY_APPLICATION, "tlsprobe has finished")))
        return self._answer

    def _say(self, outgoing: bytes) -> None:
        self._answer.said += outgoing
        if self._send is not None:
            self._send(outgoing)


def _first_common(ours: tuple[str, ...], theirs: tuple[str, ...]) -> str | None:
    """The first name of the client that the server has too (RFC 4253, section 7.1)."""
    return next((name for name in ours if name in theirs), None)
