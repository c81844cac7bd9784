"""Does the server still speak a draft of TLS 1.3, older than RFC 8446?

One hello lists only drafts in supported_versions: 18 to 28 and Facebook's own versions of 23 to 28. Any
answer that names one of them means yes: a ServerHello or a HelloRetryRequest, also in the form used before
draft 22, in which ServerHello had no session id and HelloRetryRequest was a message of type 6
(draft-ietf-tls-tls13-21, section 4.1.4). The hello carries key_share under both its numbers, 40 and, from
draft 23 on, 51, with public values, because old stacks had no HelloRetryRequest.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from model.protocol_version import ProtocolVersion
from model.verdict import Fact, Verdict
from pki.byte_reader import DecodeError
from probe.checks.prober import Prober
from probe.checks.visit_facts import VisitFacts
from probe.dialogue.answer import Malformed
from probe.dialogue.exchange import Exchange
from probe.dialogue.offer import SECP256R1, X25519, Changes, key_shares, offer
from probe.tls.extensions import Extension, key_share, supported_versions
from probe.tls.record import HandshakeType, MessageReader, RecordReader

NAMES: Final = {
    **{0x7F00 + number: f"draft-{number}" for number in range(28, 17, -1)},
    **{0xFB00 + number: f"facebook-draft-{number}" for number in range(28, 22, -1)},
}
"""The newest first, as a client lists them."""

_KEY_SHARE_BEFORE_DRAFT_23: Final = 40
_SUITES: Final = (0x1301, 0x1302, 0x1303, 0x1304, 0x1305)
_GROUPS: Final = (X25519, SECP256R1, 0x0018, 0x0019)
_OLD_ANSWERS: Final = {HandshakeType.SERVER_HELLO, HandshakeType.DRAFT_HELLO_RETRY_REQUEST}


async def check_tls13_drafts(prober: Prober, facts: VisitFacts) -> None:
    """Fills the feature ``tls13_drafts``; not asked if the server speaks nothing newer than SSL 3.0."""
    newest = max(facts.spoken, default=ProtocolVersion.SSLV3)
    if newest is ProtocolVersion.SSLV3:
        return
    shares = key_share(key_shares(_GROUPS))
    changes = Changes(
        extensions=(
            supported_versions(tuple(NAMES)),
            shares,
            Extension(code_point=_KEY_SHARE_BEFORE_DRAFT_23, body=shares.body),
        )
    )
    shape = replace(facts.shape_at(newest), sends_key_shares=True)
    asked = offer(ProtocolVersion.TLSV1_3, _SUITES, shape, _GROUPS, changes)
    exchange = await prober.ask_once(asked)
    if _chosen(exchange) not in NAMES:
        exchange = await prober.make_sure(exchange)
    facts.features["tls13_drafts"] = _fact(exchange)


def _fact(exchange: Exchange) -> Fact:
    chosen = _chosen(exchange)
    if chosen in NAMES:
        name = NAMES[chosen]
        proof = exchange.evidence(f"answered in {name}")
        return Fact(verdict=Verdict.YES, evidence=proof, value=name)
    if exchange.hello is not None:
        note = f"{exchange.summary} of version 0x{exchange.hello.version:04X} instead"
        return Fact(verdict=Verdict.NO, evidence=exchange.evidence(note))
    verdict = Verdict.NO if exchange.is_refusal else Verdict.UNKNOWN
    return Fact(verdict=verdict, evidence=exchange.evidence())


def _chosen(exchange: Exchange) -> int:
    """The version that the answer names, or 0."""
    if exchange.hello is not None:
        return exchange.hello.version
    if isinstance(exchange.answer, Malformed):
        return _version_in_old_form(exchange.answer.raw)
    return 0


def _version_in_old_form(received: bytes) -> int:
    """The version at the beginning of the first message, if its type has one there; else 0."""
    records, messages = RecordReader(), MessageReader()
    records.feed(received)
    try:
        while (record := records.next_record()) is not None:
            messages.feed(record.fragment)
            message = messages.next_message()
            if message is not None:
                message_type, body = message
                return int.from_bytes(body[:2], "big") if message_type in _OLD_ANSWERS else 0
    except DecodeError:
        pass
    return 0
