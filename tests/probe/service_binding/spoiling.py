"""Answers with a wrong signal of acceptance."""

from __future__ import annotations

from dataclasses import replace

from probe.dialogue.answer import RetryRequest, ServerFlight
from probe.tls.extensions import ExtensionType
from probe.tls.hello import ServerHello


def spoiled(answer: ServerFlight | RetryRequest) -> ServerFlight | RetryRequest:
    """The answer with one bit of its signal changed; without a signal, with one of its random."""
    hello, raw = answer.hello, bytearray(answer.raw)
    signal = hello.extension(ExtensionType.ENCRYPTED_CLIENT_HELLO)
    at = raw.rindex(signal) if signal else 4 + 2 + 31
    raw[at] ^= 1
    return replace(answer, raw=bytes(raw), hello=ServerHello.decode(bytes(raw[4:])))
