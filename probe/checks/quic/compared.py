"""Does QUIC accept the same as TLS 1.3 over TCP on the same port?

Owners often configure one of the two only. A difference is proved once both sides are known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from model.observation import AcceptedSet, ClientAuthMode
from model.protocol_version import ProtocolVersion
from model.verdict import Evidence, Fact, Verdict
from probe.checks.visit_facts import VisitFacts

_TLSV1_3: Final = ProtocolVersion.TLSV1_3


def compare_with_tcp(quic: Mapping[str, Fact], facts: VisitFacts) -> Mapping[str, Fact]:
    """The facts ``quic_same_…``: yes if both sides agree, with the differences as the value if they do not.

    A side that was not asked gives no fact.
    """
    return dict(_compared(quic, facts))


def _compared(quic: Mapping[str, Fact], facts: VisitFacts) -> Iterator[tuple[str, Fact]]:
    for noun, tcp in (("cipher_suites", facts.cipher_suites), ("groups", facts.groups)):
        if noun_fact := quic.get(f"quic_{noun}"):
            over_tcp = tcp.get(_TLSV1_3)
            if over_tcp is not None:
                yield f"quic_same_{noun}", _same_names(noun_fact, over_tcp)
    requested = quic.get("quic_client_certificate_requested")
    auth = facts.client_auth.get(_TLSV1_3)
    if requested is not None and auth is not None and auth.mode is not ClientAuthMode.UNKNOWN:
        is_over_tcp = auth.mode is not ClientAuthMode.NONE
        is_same = (requested.verdict is Verdict.YES) is is_over_tcp
        where = "only over TCP" if is_over_tcp else "only over QUIC"
        yield (
            "quic_same_client_certificate_request",
            _fact(requested.evidence, is_same=is_same, difference=where),
        )


def _same_names(quic: Fact, tcp: AcceptedSet) -> Fact:
    """A name on one side only is a difference if the list of the other side is complete."""
    over_quic = frozenset((quic.value or "").split(", ")) - {""}
    over_tcp = frozenset(tcp.accepted)
    is_whole = quic.verdict is Verdict.YES
    only_quic = sorted(over_quic - over_tcp) if tcp.complete else []
    only_tcp = sorted(over_tcp - over_quic) if is_whole else []
    parts = [
        f"only over {side}: {', '.join(names)}"
        for side, names in (("QUIC", only_quic), ("TCP", only_tcp))
        if names
    ]
    if not parts and not (is_whole and tcp.complete):
        note = "one of the two lists is not complete"
        return Fact(verdict=Verdict.UNKNOWN, evidence=Evidence(note=note))
    return _fact(quic.evidence, is_same=not parts, difference="; ".join(parts))


def _fact(evidence: Evidence | None, *, is_same: bool, difference: str) -> Fact:
    if is_same:
        return Fact(verdict=Verdict.YES, evidence=evidence)
    return Fact(verdict=Verdict.NO, evidence=evidence, value=difference)
