"""Builds the reported ServedChain from the certificates as sent."""

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
"""Certificates stored per chain; no path that clients accept is this long."""


def deployment(
    chain_der: Sequence[bytes],
    *,
    versions: tuple[ProtocolVersion, ...],
    served_with_server_name: bool,
    host: str | None,
    at: datetime,
    stores: Mapping[str, TrustStore],
) -> ServedChain:
    """The ServedChain of a chain as served, leaf first.

    ``host`` is the requested server name, or else the target's host or address; None if the chain was served
    only for other names, so that its host name is not checked. ``at`` is the aware time of the verification;
    ``stores`` are the trust stores by name. Of a chain longer than MOST_CERTIFICATES the rest is dropped and
    reported as surplus.

    Raises:
        ValueError: if the chain is empty.
    """
    if not chain_der:
        raise ValueError("a chain must contain at least the server's own certificate")
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
    """The ServedChain with its revocation results, and the problems that follow from them.

    A must-staple certificate counts as unstapled if it came without a valid staple although the server
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
    """The same chain verified as of ``at``, when it was verified at ``judged_at`` before.

    Without the certificates' bytes the old result is returned; None if the validity of a certificate began or
    ended in between, so that the old result may be wrong.
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
