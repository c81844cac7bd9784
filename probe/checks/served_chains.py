"""Which certificate chains does the server send, and at which versions?

Up to TLS 1.2 every flight that proved a cipher suite carries its chain in clear, so nothing is
asked twice. TLS 1.3 encrypts it: one full handshake shows the chain that the server prefers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from model.protocol_version import ProtocolVersion
from probe.checks.interview import Interview
from probe.checks.learnt import Learnt, ServedChain
from probe.tls.answer import ServerFlight
from probe.tls.exchange import Exchange
from probe.tls.handshake import Handshake, HandshakeEnd, HandshakeOffer


async def learn_tls13_handshake(interview: Interview, learnt: Learnt) -> None:
    """Fills ``handshakes`` at TLS 1.3, where that version is spoken."""
    if ProtocolVersion.TLSV1_3 in learnt.spoken:
        await finish_handshake(interview, learnt, ProtocolVersion.TLSV1_3)


async def finish_handshake(
    interview: Interview, learnt: Learnt, version: ProtocolVersion
) -> Handshake:
    """A handshake at ``version``, tried once more where it came to nothing."""
    offer = HandshakeOffer(version=version, server_name=learnt.shape_at(version).server_name)
    handshake = await interview.handshake(offer)
    if handshake.end is HandshakeEnd.UNFINISHED:
        again = await interview.handshake(offer)
        if again.end is not HandshakeEnd.UNFINISHED or again.certificates:
            handshake = again
    learnt.handshakes[version] = handshake
    return handshake


async def learn_served_chains(interview: Interview, learnt: Learnt) -> None:
    """Fills ``chains`` from all answers that came; asks nothing."""
    seen: dict[tuple[tuple[bytes, ...], bool], set[ProtocolVersion]] = {}
    for chain, version, server_name in (
        *_chains_in_clear(interview.exchanges),
        *_chains_of_handshakes(learnt.handshakes.values()),
    ):
        seen.setdefault((chain, server_name is not None), set()).add(version)
    learnt.chains = tuple(
        ServedChain(
            chain=chain, versions=tuple(sorted(versions)), served_with_server_name=with_name
        )
        for (chain, with_name), versions in seen.items()
    )


def _chains_in_clear(
    exchanges: Sequence[Exchange],
) -> Iterator[tuple[tuple[bytes, ...], ProtocolVersion, str | None]]:
    for exchange in exchanges:
        answer, version = exchange.answer, exchange.version
        if isinstance(answer, ServerFlight) and answer.certificates and version is not None:
            yield answer.certificates, version, exchange.offer.shape.server_name


def _chains_of_handshakes(
    handshakes: Iterable[Handshake],
) -> Iterator[tuple[tuple[bytes, ...], ProtocolVersion, str | None]]:
    for handshake in handshakes:
        if handshake.certificates:
            yield handshake.certificates, handshake.offer.version, handshake.offer.server_name
