"""How does the server handle the name in server_name (RFC 6066, section 3)?

The same question is asked without a name, and with a name that cannot be the server's. An alert instead of a
hello means that the server requires a name, or refuses an unknown one. Another leaf means that the server
selects its certificate by name; it may ask for client certificates by name as well. Up to TLS 1.2 one flight
shows all of this; if the server speaks only TLS 1.3, which encrypts it, handshakes show it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from model.protocol_version import ProtocolVersion
from model.verdict import Fact, Verdict
from probe.checks.answered_offers import answered_offer, newest_in_plaintext, newest_version
from probe.checks.certificates.other_names import ask_other_keys, shake_for_other_keys
from probe.checks.prober import Prober, side_by_side
from probe.checks.visit_facts import VisitFacts
from probe.dialogue.answer import ServerFlight
from probe.dialogue.exchange import Exchange
from probe.dialogue.handshake import Handshake, HandshakeEnd

_UNKNOWN_NAME: Final = "unknown-name.invalid"
"""RFC 6761, section 6.4: no such name exists."""

_OTHER_NAMES: Final = (None, _UNKNOWN_NAME)

SERVER_NAME_FEATURES: Final = (
    "server_name_required",
    "unknown_server_name_refused",
    "server_name_selects_certificate",
    "server_name_selects_client_auth",
)


async def check_server_name(prober: Prober, facts: VisitFacts) -> None:
    """Fills those of ``SERVER_NAME_FEATURES`` that apply.

    Not asked if hellos to this server carry no name.
    """
    version = newest_in_plaintext(facts) or newest_version(facts)
    if version is None or version is ProtocolVersion.SSLV3:
        return
    named = answered_offer(facts, version)
    if named.shape.server_name is None:
        return
    if version is ProtocolVersion.TLSV1_3:
        await _check_by_handshakes(prober, facts)
        return
    without, unknown = others = await side_by_side(
        *(
            prober.ask(replace(named, shape=replace(named.shape, server_name=name)))
            for name in _OTHER_NAMES
        )
    )
    facts.features["server_name_required"] = _refusal(without)
    facts.features["unknown_server_name_refused"] = _refusal(unknown)
    known = _flights(prober.exchanges, version, named.shape.server_name)
    for feature, read in _SELECTED.items():
        facts.features[feature] = _selection(known, others, read)
    own = {_leaf(flight) for flights in known.values() for flight in flights}
    await ask_other_keys(prober, [one for one in others if _shows_another(one, own)])


async def _check_by_handshakes(prober: Prober, facts: VisitFacts) -> None:
    known = facts.first_handshake_at(ProtocolVersion.TLSV1_3)
    if known is None or not known.certificates:
        return
    without, unknown = others = await side_by_side(
        *(prober.handshake(replace(known.offer, server_name=name)) for name in _OTHER_NAMES)
    )
    facts.handshakes += others
    facts.features["server_name_required"] = _shaken_refusal(without)
    facts.features["unknown_server_name_refused"] = _shaken_refusal(unknown)
    leaves = {one.certificates[0] for one in facts.handshakes_for(known.offer.server_name)}
    facts.features["server_name_selects_certificate"] = _shaken_selection(
        others, lambda one: one.certificates[0] in leaves, "certificate"
    )
    facts.features["server_name_selects_client_auth"] = _shaken_selection(
        others,
        lambda one: one.certificate_requested is known.certificate_requested,
        "request for a client certificate",
    )
    elsewhere = [one for one in others if one.certificates and one.certificates[0] not in leaves]
    await shake_for_other_keys(prober, facts, elsewhere)


def _shaken_refusal(handshake: Handshake) -> Fact:
    if handshake.certificates:
        return handshake.fact(
            Verdict.NO, f"a certificate for {_asked(handshake.offer.server_name)}"
        )
    verdict = Verdict.YES if handshake.end is HandshakeEnd.DECLINED else Verdict.UNKNOWN
    return handshake.fact(verdict, f"{handshake.note}, for {_asked(handshake.offer.server_name)}")


def _shaken_selection(
    others: Sequence[Handshake], is_same: Callable[[Handshake], bool], what: str
) -> Fact:
    answered = [one for one in others if one.certificates]
    for other in answered:
        if not is_same(other):
            note = f"another {what} for {_asked(other.offer.server_name)}"
            return other.fact(Verdict.YES, note)
    if len(answered) == len(others):
        return others[0].fact(Verdict.NO, f"the same {what} for every name")
    return others[0].fact(Verdict.UNKNOWN, f"no two handshakes whose {what} can be compared")


def _asked(name: str | None) -> str:
    return "a hello without a name" if name is None else f"the name {name}"


def _refusal(exchange: Exchange) -> Fact:
    asked = _asked(exchange.offer.shape.server_name)
    if exchange.version is not None:
        return exchange.fact(Verdict.NO, f"{exchange.summary} to {asked}")
    verdict = Verdict.YES if exchange.is_refusal else Verdict.UNKNOWN
    return exchange.fact(verdict, f"{exchange.summary} to {asked}")


def _flight(exchange: Exchange) -> ServerFlight | None:
    """The answer if it has the server's certificate: only then may the server ask for a client certificate."""
    answer = exchange.answer
    return answer if isinstance(answer, ServerFlight) and answer.certificates else None


def _flights(
    exchanges: Iterable[Exchange], version: ProtocolVersion, name: str
) -> dict[int, list[ServerFlight]]:
    """The flights served for the name, by cipher suite, because another suite may need another key."""
    found: dict[int, list[ServerFlight]] = {}
    for exchange in exchanges:
        flight = _flight(exchange)
        is_named = exchange.offer.shape.server_name == name and exchange.version is version
        if is_named and flight is not None and exchange.hello is not None:
            found.setdefault(exchange.hello.cipher_suite, []).append(flight)
    return found


def _shows_another(exchange: Exchange, own: Collection[bytes]) -> bool:
    flight = _flight(exchange)
    return flight is not None and bool(own) and _leaf(flight) not in own


def _leaf(flight: ServerFlight) -> bytes:
    return flight.certificates[0] if flight.certificates else b""


def _asks_client(flight: ServerFlight) -> bool:
    return flight.certificate_request is not None


_SELECTED: Final[Mapping[str, Callable[[ServerFlight], bytes | bool]]] = {
    "server_name_selects_certificate": _leaf,
    "server_name_selects_client_auth": _asks_client,
}


def _selection(
    known: Mapping[int, list[ServerFlight]],
    others: Sequence[Exchange],
    read: Callable[[ServerFlight], bytes | bool],
) -> Fact:
    what = "certificate" if read is _leaf else "request for a client certificate"
    compared = []
    for other in others:
        flight = _flight(other)
        flights = known.get(other.hello.cipher_suite if other.hello else -1)
        if flight is None or flights is None:
            continue
        if read(flight) not in {read(one) for one in flights}:
            note = f"another {what} for {_asked(other.offer.shape.server_name)}"
            return other.fact(Verdict.YES, note)
        compared.append(other)
    if len(compared) == len(others):
        return compared[0].fact(Verdict.NO, f"the same {what} for every name")
    return others[0].fact(Verdict.UNKNOWN, f"no two flights whose {what} can be compared")
