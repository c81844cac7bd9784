"""Offer all, strike what the server picks, offer the rest, until it refuses.

k accepted names cost k + 1 questions, and the last refusal proves that there is no other. What
is struck may be a cipher suite or a named group.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from model.protocol_version import ProtocolVersion
from probe.tls.exchange import Exchange

UNASSIGNED: Final = 0x0A0A
"""A GREASE value (RFC 8701), for suites and groups: a server that picks it accepts anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    """One name that the server chose, and the exchange that shows it."""

    code_point: int
    exchange: Exchange


@dataclass(frozen=True, slots=True, kw_only=True)
class Struck:
    """The server's picks in the order made; complete when ``last`` is a refusal."""

    picks: tuple[Pick, ...]
    last: Exchange

    @property
    def is_complete(self) -> bool:
        """Whether the refusal of everything else was heard."""
        return self.last.is_refusal


async def strike_out(
    ask: Callable[[tuple[int, ...]], Awaitable[Exchange]],
    picked: Callable[[Exchange], int | None],
    candidates: tuple[int, ...],
    first: Exchange | None = None,
) -> Struck:
    """The picks among ``candidates``; ``first`` is the answer to all of them, where known.

    It stops at a pick that was not offered (yaSSL #793), for nothing that such a server says
    of a list can be believed. A pick at a lower version is struck and not counted: the server
    may have other names left for this version (nmap's ssl-enum-ciphers).
    """
    left = candidates
    picks: list[Pick] = []
    exchange = first or await ask(left)
    while (pick := picked(exchange)) is not None and pick in left:
        if exchange.version is exchange.offer.version:
            picks.append(Pick(code_point=pick, exchange=exchange))
        left = tuple(one for one in left if one != pick)
        exchange = await ask(left or (UNASSIGNED,))
    return Struck(picks=tuple(picks), last=exchange)


def picked_cipher_suite(exchange: Exchange) -> int | None:
    """The suite in the server's hello, if it sent one for a version that was offered."""
    return exchange.hello.cipher_suite if exchange.hello and exchange.version else None


def picked_group(exchange: Exchange) -> int | None:
    """The group that a TLS 1.3 server asks for or uses, if it sent a hello of that version."""
    if exchange.hello is None or exchange.version is not ProtocolVersion.TLSV1_3:
        return None
    return exchange.hello.key_share_group
