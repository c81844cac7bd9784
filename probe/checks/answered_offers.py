"""Hellos that this server is known to answer. Further questions are built from them."""

from __future__ import annotations

from model.protocol_version import ProtocolVersion
from model.registry import CipherSuite, cipher_suite_by_code_point, cipher_suite_by_name
from probe.checks.visit_facts import VisitFacts
from probe.dialogue.offer import Offer, offer
from probe.dialogue.preference import with_chacha20_last


def newest_version(
    facts: VisitFacts, most: ProtocolVersion = ProtocolVersion.TLSV1_3
) -> ProtocolVersion | None:
    """The newest version up to ``most`` that the server speaks, without SSL 2.0."""
    return max((version for version in facts.spoken if version <= most), default=None)


def newest_in_plaintext(facts: VisitFacts) -> ProtocolVersion | None:
    """The newest of TLS 1.0 to 1.2, whose whole flight can be read; None if the server speaks none of them."""
    version = newest_version(facts, ProtocolVersion.TLSV1_2)
    return None if version is ProtocolVersion.SSLV3 else version


def accepted_suites(facts: VisitFacts, version: ProtocolVersion) -> tuple[int, ...]:
    """The suites accepted at ``version``; if they are not known, the suites that proved the version.

    They are in the server's order, with ChaCha20 last.
    """
    found = facts.cipher_suites.get(version)
    named = (cipher_suite_by_name(name) for name in (found.accepted if found else ()))
    known = with_chacha20_last([suite.code_point for suite in named if suite is not None])
    return known or facts.spoken[version].offer.cipher_suites


def cbc_suites(facts: VisitFacts, version: ProtocolVersion) -> tuple[int, ...]:
    """The accepted suites in CBC mode, for which encrypt-then-MAC matters."""
    return tuple(
        suite
        for suite in accepted_suites(facts, version)
        if _is_cbc(cipher_suite_by_code_point(suite)) and facts.cipher_suites.get(version)
    )


def answered_offer(
    facts: VisitFacts, version: ProtocolVersion, suites: tuple[int, ...] = ()
) -> Offer:
    """A hello of the accepted suites, or of ``suites``, that the server answers at ``version``."""
    asked = suites or accepted_suites(facts, version)
    return offer(version, asked, facts.shape_at(version))


def _is_cbc(suite: CipherSuite | None) -> bool:
    return suite is not None and suite.mode == "CBC"
