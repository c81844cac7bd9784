"""What does a ServerHello agree to up to TLS 1.2: extensions, tickets, heartbeats, compression?

One hello offers them all. If the server accepts CBC suites, the hello offers only these, because servers
answer encrypt-then-MAC (RFC 7366) with CBC suites only. A server that agrees answers with the extension in
its hello; a hello without it means no. CRIME (CVE-2012-4929) is another name for compression.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Final

from model.frozen import frozen
from model.protocol_version import ProtocolVersion
from model.verdict import Fact, Verdict
from probe.checks.answered_offers import answered_offer, cbc_suites, newest_version
from probe.checks.combined_extensions import (
    ExtensionProbe,
    extending,
    probe_combined,
    with_all,
)
from probe.checks.prober import Prober, in_turn
from probe.checks.riding.riders import OnceRider, Rider
from probe.checks.visit_facts import VisitFacts
from probe.dialogue.exchange import Exchange
from probe.dialogue.offer import Offer
from probe.tls.extensions import Extension, ExtensionType
from probe.tls.hello import ServerHello

_COMPRESSION_METHODS: Final = {1: "DEFLATE", 64: "LZS"}
"""RFC 3749 and RFC 3943."""

_LONGEST_RECORD = (2**14).to_bytes(2, "big")
_MOST_NAMES_LENGTH: Final = 200


@frozen
class _Agreement:
    """Something offered, and a function that returns its value from a ServerHello that agrees, or None."""

    addition: ExtensionProbe
    value: Callable[[ServerHello], str | None]


def _extension(
    name: str, kind: ExtensionType, body: bytes, value: Callable[[ServerHello], str]
) -> _Agreement:
    def answered(hello: ServerHello) -> str | None:
        return value(hello) if hello.has(kind) else None

    add = extending(Extension(code_point=kind, body=body))
    return _Agreement(addition=ExtensionProbe(name=name, add=add), value=answered)


def _no_value(_: ServerHello) -> str:
    return ""


def _record_size_limit(hello: ServerHello) -> str:
    return "" if hello.record_size_limit is None else str(hello.record_size_limit)


def _next_protocols(hello: ServerHello) -> str:
    names = (name.decode("ascii", "backslashreplace") for name in hello.next_protocols)
    return ",".join(names)[:_MOST_NAMES_LENGTH]


def _offer_compression(asked: Offer) -> Offer:
    methods = bytes((*_COMPRESSION_METHODS, 0))
    return replace(asked, changes=replace(asked.changes, compression_methods=methods))


def _compression(hello: ServerHello) -> str | None:
    if not hello.compression_method:
        return None
    return _COMPRESSION_METHODS.get(hello.compression_method, str(hello.compression_method))


_ENCRYPT_THEN_MAC: Final = _extension(
    "encrypt_then_mac", ExtensionType.ENCRYPT_THEN_MAC, b"", _no_value
)
_COMPRESSION: Final = _Agreement(
    addition=ExtensionProbe(name="compression", add=_offer_compression), value=_compression
)
_AGREEMENTS: Final = (
    # RFC 5077
    _extension("session_tickets", ExtensionType.SESSION_TICKET, b"", _no_value),
    # RFC 6520, in mode 1: peer_allowed_to_send
    _extension("heartbeat", ExtensionType.HEARTBEAT, b"\x01", _no_value),
    _extension("npn", ExtensionType.NEXT_PROTOCOL_NEGOTIATION, b"", _next_protocols),
    # RFC 8449
    _extension(
        "record_size_limit", ExtensionType.RECORD_SIZE_LIMIT, _LONGEST_RECORD, _record_size_limit
    ),
    _COMPRESSION,
)

HELLO_FEATURES: Final = (
    *(agreement.addition.name for agreement in _AGREEMENTS),
    _ENCRYPT_THEN_MAC.addition.name,
)


def feature_rider(facts: VisitFacts) -> Rider | None:
    """Offers them all with one hello of a series at TLS 1.2; None if they need suites in CBC mode.

    NPN gives way to ALPN, so no hello offers both.
    """
    if _newest_with_cbc(facts) is not None:
        return None
    additions = [agreement.addition for agreement in _AGREEMENTS]
    alpn = ExtensionType.APPLICATION_LAYER_PROTOCOL_NEGOTIATION
    return OnceRider(partial(with_all, additions=additions), never_with=alpn)


async def check_hello_features(prober: Prober, facts: VisitFacts) -> None:
    """Fills the features named in ``HELLO_FEATURES`` and the vulnerability ``crime``."""
    newest = newest_version(facts, ProtocolVersion.TLSV1_2)
    if newest is None:
        return
    agreements = list(_AGREEMENTS) if newest > ProtocolVersion.SSLV3 else [_COMPRESSION]
    with_cbc = _newest_with_cbc(facts)
    suites: tuple[int, ...] = ()
    steps = []
    if with_cbc is newest:
        agreements.append(_ENCRYPT_THEN_MAC)
        suites = cbc_suites(facts, newest)
    elif with_cbc is not None:
        cbc = cbc_suites(facts, with_cbc)
        steps.append(_ask(prober, facts, with_cbc, cbc, [_ENCRYPT_THEN_MAC]))
    await in_turn(*steps, _ask(prober, facts, newest, suites, agreements))
    facts.vulnerabilities["crime"] = facts.features["compression"]


def _newest_with_cbc(facts: VisitFacts) -> ProtocolVersion | None:
    in_plaintext = [one for one in facts.spoken if one > ProtocolVersion.SSLV3]
    return max((version for version in in_plaintext if cbc_suites(facts, version)), default=None)


async def _ask(
    prober: Prober,
    facts: VisitFacts,
    version: ProtocolVersion,
    suites: tuple[int, ...],
    agreements: list[_Agreement],
) -> None:
    answers = await probe_combined(
        prober,
        answered_offer(facts, version, suites),
        [agreement.addition for agreement in agreements],
    )
    for agreement in agreements:
        name = agreement.addition.name
        facts.features[name] = _fact(answers[name], agreement)


def _fact(exchange: Exchange, agreement: _Agreement) -> Fact:
    name = agreement.addition.name
    if exchange.hello is None or exchange.version is None:
        verdict = Verdict.NO if exchange.is_refusal else Verdict.UNKNOWN
        return exchange.fact(verdict, f"{exchange.summary} to a hello with {name}")
    value = agreement.value(exchange.hello)
    if value is None:
        return exchange.fact(Verdict.NO, f"ServerHello without {name}")
    return exchange.fact(Verdict.YES, f"ServerHello agrees to {name}", value or None)
