"""What does the QUIC side of a web server accept?

Suites and groups by strike-out, as over TCP: the hello goes into Initial packets, whose keys are public (RFC 9001,
section 5.2), and the answer is a ServerHello, a HelloRetryRequest or CONNECTION_CLOSE with an alert. One hello has
a key share, and its flight is decrypted: it shows ALPN, the chain, and whether a client certificate is requested.
QUIC has TLS 1.3 only (RFC 9001, section 4.2). Silence proves nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Final

from model.frozen import frozen
from model.registry import NAMED_GROUPS, cipher_suite_name, named_group_name
from model.verdict import Evidence, Fact, Verdict
from pki.byte_reader import DecodeError
from probe.checks.prober import Prober
from probe.checks.quic.asking import SUITES, QuicAsker
from probe.checks.quic.compared import compare_with_tcp
from probe.checks.versions_and_suites.strike_out import (
    Struck,
    picked_cipher_suite,
    picked_group,
    strike_out,
)
from probe.checks.visit_facts import VisitFacts
from probe.crypto.quic_question import QuicReply
from probe.crypto.tls13_keys import OPENED_SUITES, SHARED_GROUPS, KeyShareSecret
from probe.dialogue.answer import TlsAlert
from probe.dialogue.exchange import Exchange
from probe.dialogue.offer import TLS13_GROUPS
from probe.quic.packet import VERSION_2
from probe.tls.extensions import ExtensionType, body_of, decode_protocol_name

_POST_QUANTUM: Final = frozenset(group.code_point for group in NAMED_GROUPS if group.post_quantum)
_NO_RETRY_REQUEST: Final = (
    "the server answers only hellos with a key share, and we have some groups only"
)


@frozen
class _Lists:
    suites: Struck
    groups: Struck


async def fill_quic_facts(prober: Prober, facts: VisitFacts) -> None:
    """Fills ``quic`` of a server whose UDP port has answered."""
    found = facts.quic
    asker = QuicAsker(prober, facts.inputs.server_name)
    first = await _first_answer(asker, found)
    found["quic_v2"] = _version_fact(*await asker.ask(version=VERSION_2))
    if first is None:
        return
    found["quic_retry"] = _retry(asker, first)
    lists = await _lists(asker, first)
    found["quic_cipher_suites"] = _listed(lists.suites, cipher_suite_name)
    found["quic_groups"] = _listed(lists.groups, named_group_name)
    found["quic_post_quantum"] = _post_quantum(lists.groups)
    found |= await _flight_facts(asker, lists)
    found |= compare_with_tcp(found, facts)


async def _first_answer(asker: QuicAsker, found: dict[str, Fact]) -> Exchange | None:
    """The hello that all others are derived from; with real key shares if the server needs them."""
    for sends_key_shares in (False, True):
        asker.use_key_shares(sends_key_shares)
        exchange, reply = await asker.ask()
        found["quic_v1"] = _version_fact(exchange, reply)
        if exchange.hello is not None:
            return exchange
        if found["quic_v1"].verdict is not Verdict.YES:
            return None
    return None


def _version_fact(exchange: Exchange, reply: QuicReply | None) -> Fact:
    """Yes if TLS answered in this version; no if Version Negotiation came, which does not list it."""
    if exchange.hello is not None or isinstance(exchange.answer, TlsAlert):
        return exchange.fact(Verdict.YES)
    if reply is not None and reply.versions is not None:
        return exchange.fact(Verdict.NO, "Version Negotiation without this version")
    return exchange.fact(Verdict.UNKNOWN)


def _retry(asker: QuicAsker, first: Exchange) -> Fact:
    """A server under load may begin to send Retry: no is about this visit."""
    if asker.retry is None or asker.retry.retry is None:
        return first.fact(Verdict.NO, "the hello was answered without a Retry")
    note = "Retry with a valid integrity tag (RFC 9001, section 5.8)"
    return Fact(
        verdict=Verdict.YES,
        evidence=Evidence(offer=asker.retry.offered, answer=asker.retry.retry, note=note),
    )


async def _lists(asker: QuicAsker, first: Exchange) -> _Lists:
    async def ask_suites(suites: tuple[int, ...], _: bool) -> Exchange:
        return (await asker.ask(suites=suites))[0]

    async def ask_groups(groups: tuple[int, ...], _: bool) -> Exchange:
        return (await asker.ask(groups=groups))[0]

    suites = await strike_out(ask_suites, picked_cipher_suite, SUITES, first)
    groups = await strike_out(ask_groups, picked_group, TLS13_GROUPS, first)
    if asker.shape.sends_key_shares:
        groups = Struck(picks=groups.picks, last=groups.last, hides=_NO_RETRY_REQUEST)
    return _Lists(suites=suites, groups=groups)


def _listed(struck: Struck, name: Callable[[int], str]) -> Fact:
    """Yes with all names if a refusal proves that there is no other; else unknown with those found."""
    names = ", ".join(map(name, struck.order))
    verdict = Verdict.YES if struck.picks and struck.is_complete else Verdict.UNKNOWN
    return struck.last.fact(verdict, struck.hides, names or None)


def _post_quantum(groups: Struck) -> Fact:
    """Whether the server asks for a post-quantum group; it does not prove a finished handshake."""
    named = [pick for pick in groups.picks if pick.code_point in _POST_QUANTUM]
    if named:
        value = ", ".join(named_group_name(pick.code_point) for pick in named)
        return named[0].exchange.fact(Verdict.YES, value=value)
    verdict = Verdict.NO if groups.is_complete else Verdict.UNKNOWN
    return groups.last.fact(verdict, groups.hides)


async def _flight_facts(asker: QuicAsker, lists: _Lists) -> Mapping[str, Fact]:
    """What the encrypted flight shows, if the server has a group and a suite that can be decrypted."""
    group = next((one for one in SHARED_GROUPS if one in lists.groups.order), None)
    suites = tuple(one for one in lists.suites.order if one in OPENED_SUITES)
    if group is None or not suites:
        return {}
    secret = KeyShareSecret(group, asker.nonce)
    exchange, reply = await asker.ask(suites=suites, groups=(group,), secret=secret)
    flight = None if reply is None else reply.flight
    if flight is None:
        return {}
    found: dict[str, Fact] = {}
    if flight.certificates:
        digests = ", ".join(hashlib.sha256(one.der).hexdigest() for one in flight.certificates)
        found["quic_certificates"] = exchange.fact(Verdict.YES, value=digests)
    if flight.is_whole:
        is_requested = Verdict.YES if flight.requested is not None else Verdict.NO
        found["quic_client_certificate_requested"] = exchange.fact(is_requested)
        body = body_of(flight.extensions, ExtensionType.APPLICATION_LAYER_PROTOCOL_NEGOTIATION)
        found["quic_alpn"] = _alpn(exchange, body)
    return found


def _alpn(exchange: Exchange, body: bytes | None) -> Fact:
    if body is None:
        return exchange.fact(Verdict.NO, "no ALPN in EncryptedExtensions")
    try:
        chosen = decode_protocol_name(body).decode("ascii", "replace")
    except DecodeError:
        return exchange.fact(Verdict.UNKNOWN, "malformed ALPN in EncryptedExtensions")
    return exchange.fact(Verdict.YES, value=chosen)
