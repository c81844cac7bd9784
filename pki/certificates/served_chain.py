"""One served chain, from the bytes as sent to the ServedChain that is reported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from model.certificates.certificate import Problem, Revocation, RevocationMethod, ServedChain
from model.protocol_version import ProtocolVersion
from model.verdict import Verdict
from pki.certificates.hostname import matches
from pki.certificates.parse import parse_certificate
from pki.certificates.problems import problems
from pki.certificates.trust import TrustStore

MOST_CERTIFICATES: Final = 32
"""Certificates of one chain that are kept; no path that a client takes has as many."""


def deployment(
    chain_der: Sequence[bytes],
    *,
    versions: tuple[ProtocolVersion, ...],
    served_with_server_name: bool,
    host: str | None,
    at: datetime,
    stores: Mapping[str, TrustStore],
) -> ServedChain:
    """The ServedChain of a chain that was served, leaf first.

    ``host`` is the server name that was asked for, or absent that the target's host or address, None
    where the chain was served for other names only, in which it is not looked for;
    ``at`` the aware time to judge by; ``stores`` the trust stores by their names. Of a chain
    longer than MOST_CERTIFICATES the rest is dropped, and reported as surplus.

    Raises:
        ValueError: if the chain is empty, which is no deployment.
    """
    if not chain_der:
        raise ValueError("a chain has at least the server's own certificate")
    chain = tuple(parse_certificate(der) for der in chain_der[:MOST_CERTIFICATES])
    hostname_matches = matches(chain[0], host) if host is not None else Verdict.UNKNOWN
    found = problems(chain, at=at, server_name_matches=hostname_matches, stores=stores)
    if len(chain_der) > MOST_CERTIFICATES:
        found = tuple(each for each in Problem if each in {*found, Problem.SURPLUS})
    return ServedChain(
        key_type=chain[0].key_type,
        chain=chain,
        versions=versions,
        served_with_server_name=served_with_server_name,
        problems=found,
        trust={name: store.verify(chain, at) for name, store in stores.items()},
        hostname_matches=hostname_matches,
    )


def with_revocations(
    found: ServedChain, revocations: Sequence[Revocation], *, was_asked: bool = True
) -> ServedChain:
    """The ServedChain with what was learnt of its revocation, and the problems that follow from it.

    A certificate that demands a staple lacks it where none that counts came with it, if the server
    ``was_asked`` for one.
    """
    problems = set(found.problems) - {Problem.REVOKED, Problem.STAPLE_MISSING}
    if any(one.is_revoked is Verdict.YES for one in revocations):
        problems.add(Problem.REVOKED)
    has_staple = any(
        one.method is RevocationMethod.STAPLE and one.is_revoked is not Verdict.UNKNOWN
        for one in revocations
    )
    if found.leaf.must_staple and was_asked and not has_staple:
        problems.add(Problem.STAPLE_MISSING)
    return replace(
        found,
        revocations=tuple(revocations),
        problems=tuple(each for each in Problem if each in problems),
    )


def judged_again(
    known: ServedChain,
    *,
    host: str,
    judged_at: datetime,
    at: datetime,
    stores: Mapping[str, TrustStore],
) -> ServedChain | None:
    """The same chain judged as of ``at``, where it was judged at ``judged_at`` before.

    Without the certificates' bytes it stays as it was judged; None where it cannot, because the
    validity of one of them began or ended in between.
    """
    chain = [certificate.der for certificate in known.chain if certificate.der is not None]
    if len(chain) == len(known.chain):
        again = deployment(
            chain,
            versions=known.versions,
            served_with_server_name=known.served_with_server_name,
            host=host if known.is_own else None,
            at=at,
            stores=stores,
        )
        was_asked = Problem.STAPLE_MISSING in known.problems
        again = with_revocations(again, known.revocations, was_asked=was_asked)
        return replace(again, names=known.names, scts=known.scts, transparency=known.transparency)
    turns = (
        turn
        for certificate in known.chain
        for turn in (certificate.not_before, certificate.not_after)
    )
    if any(turn is None or judged_at <= turn <= at for turn in turns):
        return None
    return known
