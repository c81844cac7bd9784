"""What does the server make of the name in server_name (RFC 6066, section 3)?

The same hello is sent without a name, and with one that cannot be the server's. An alert in place
of a hello is a name that is needed, or an unknown one refused; another leaf in the flight is a
certificate chosen by name. Up to TLS 1.2 the flight shows both; where only TLS 1.3 is spoken
the leaf stays encrypted, and is left to handshakes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from model.protocol_version import ProtocolVersion
from model.verdict import Fact, Verdict
from probe.checks.interview import Interview, side_by_side
from probe.checks.known import answered_offer, newest_in_clear, newest_version
from probe.checks.learnt import Learnt
from probe.tls.answer import ServerFlight
from probe.tls.exchange import Exchange

_UNKNOWN_NAME: Final = "unknown-name.invalid"
"""RFC 6761, section 6.4: no such name exists."""

SERVER_NAME_FEATURES: Final = (
    "server_name_required",
    "unknown_server_name_refused",
    "server_name_selects_certificate",
)


async def learn_server_name(interview: Interview, learnt: Learnt) -> None:
    """Fills those of ``SERVER_NAME_FEATURES`` that apply.

    Not asked where hellos to this server carry no name.
    """
    version = newest_in_clear(learnt) or newest_version(learnt)
    if version is None or version is ProtocolVersion.SSLV3:
        return
    named = answered_offer(learnt, version)
    if named.shape.server_name is None:
        return
    without, unknown = await side_by_side(
        *(
            interview.ask(replace(named, shape=replace(named.shape, server_name=name)))
            for name in (None, _UNKNOWN_NAME)
        )
    )
    learnt.features["server_name_required"] = _refusal(without)
    learnt.features["unknown_server_name_refused"] = _refusal(unknown)
    if version < ProtocolVersion.TLSV1_3:
        known = _leaves(interview.exchanges, version, named.shape.server_name)
        learnt.features["server_name_selects_certificate"] = _selection(known, (without, unknown))


def _refusal(exchange: Exchange) -> Fact:
    name = exchange.offer.shape.server_name
    asked = "a hello without a name" if name is None else f"the name {name}"
    if exchange.version is not None:
        return exchange.fact(Verdict.NO, f"{exchange.summary} to {asked}")
    verdict = Verdict.YES if exchange.is_refusal else Verdict.UNKNOWN
    return exchange.fact(verdict, f"{exchange.summary} to {asked}")


def _leaf(exchange: Exchange) -> bytes | None:
    answer = exchange.answer
    if isinstance(answer, ServerFlight) and answer.certificates:
        return answer.certificates[0]
    return None


def _leaves(
    exchanges: Iterable[Exchange], version: ProtocolVersion, name: str
) -> dict[int, set[bytes]]:
    """The leaves served for the name, by cipher suite, for another may call for another key."""
    found: dict[int, set[bytes]] = {}
    for exchange in exchanges:
        leaf = _leaf(exchange)
        is_named = exchange.offer.shape.server_name == name and exchange.version is version
        if is_named and leaf is not None and exchange.hello is not None:
            found.setdefault(exchange.hello.cipher_suite, set()).add(leaf)
    return found


def _selection(known: Mapping[int, set[bytes]], others: tuple[Exchange, ...]) -> Fact:
    compared = []
    for other in others:
        leaf = _leaf(other)
        leaves = known.get(other.hello.cipher_suite if other.hello else -1)
        if leaf is None or leaves is None:
            continue
        if leaf not in leaves:
            name = other.offer.shape.server_name or "a hello without a name"
            return other.fact(Verdict.YES, f"another certificate for {name}")
        compared.append(other)
    if len(compared) == len(others):
        return compared[0].fact(Verdict.NO, "the same certificate whatever the name")
    return others[0].fact(Verdict.UNKNOWN, "no two certificates to compare")
