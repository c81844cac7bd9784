"""What else do the hellos show that strike out the signature schemes of TLS 1.2?

There is one series for each kind of key, with the accepted suites for that key. They are the longest series of
whole flights in a visit.
"""

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
from probe.checks.prober import Prober
from probe.checks.riders import Riders
from probe.checks.versions_and_suites.tls12_groups import curve_rider
from probe.checks.visit_facts import VisitFacts

_TLSV1_2 = ProtocolVersion.TLSV1_2


def tls12_riders(
    prober: Prober, facts: VisitFacts, suites: Sequence[CipherSuite], *, is_first: bool
) -> Riders:
    """The riders of the series with these suites.

    What may depend on the suite rides with the suites that the server prefers, and what does not with the first series.
    """
    code_points = [suite.code_point for suite in suites]
    riders = [stapling_rider(), curve_rider(prober, facts, _TLSV1_2, suites)]
    if accepted_suites(facts, _TLSV1_2)[0] in code_points:
        riders += [alpn_rider(), chacha20_rider(code_points)]
    if is_first:
        riders += [feature_rider(facts), newer_version_rider()]
    return Riders(*(rider for rider in riders if rider is not None))
