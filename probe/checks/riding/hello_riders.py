"""Which questions ride on the hellos of which series? Only those of parts that the visit asks."""

from __future__ import annotations

from collections.abc import Sequence

from model.protocol_version import ProtocolVersion
from model.registry import CipherSuite
from probe.checks.answered_offers import accepted_suites
from probe.checks.certificates.stapling import stapling_rider
from probe.checks.features.alpn import alpn_rider
from probe.checks.features.chacha20_first import chacha20_rider
from probe.checks.features.hello_features import feature_rider
from probe.checks.features.tolerance import newer_version_rider
from probe.checks.part import Part
from probe.checks.prober import Prober
from probe.checks.riding.riders import Rider, Riders
from probe.checks.versions_and_suites.tls12_groups import curve_rider
from probe.checks.visit_facts import VisitFacts

_TLSV1_2 = ProtocolVersion.TLSV1_2


def tls12_riders(
    prober: Prober, facts: VisitFacts, suites: Sequence[CipherSuite], *, is_first: bool
) -> Riders:
    """The riders of the hellos that strike out the signature schemes with these suites.

    There is one such series for each kind of key. What may depend on the suite rides with the suites that the server
    prefers, and what does not with the first series.
    """
    riders: list[Rider | None] = []
    if Part.REVOCATION in facts.riding_parts:
        riders.append(stapling_rider())
    if Part.GROUPS in facts.riding_parts:
        riders.append(curve_rider(prober, facts, _TLSV1_2, suites))
    code_points = [suite.code_point for suite in suites]
    if Part.FEATURES in facts.riding_parts:
        if accepted_suites(facts, _TLSV1_2)[0] in code_points:
            riders += [alpn_rider(), chacha20_rider(code_points)]
        if is_first:
            riders += [feature_rider(facts), newer_version_rider()]
    return Riders(*(rider for rider in riders if rider is not None))


def tls13_riders(facts: VisitFacts, suites: Sequence[int]) -> Riders:
    """The riders of the hellos that strike out the groups of TLS 1.3 with these suites."""
    chacha20 = chacha20_rider(suites) if Part.FEATURES in facts.riding_parts else None
    return Riders() if chacha20 is None else Riders(chacha20)
