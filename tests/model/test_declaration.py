"""What is declared compared with what is seen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from model.comparisons.declaration import (
    serves_declared_certificate,
    speaks_declared_protocols,
)
from model.observation import Observation
from model.protocol_version import ProtocolVersion
from model.target_labels import EXPECTED_CERTIFICATE, EXPECTED_PROTOCOLS
from model.verdict import Fact, Verdict
from tests.exporters.test_inventory import KNOWN

LEAVES = [deployment.leaf.sha256 for deployment in KNOWN.own_certificates]


def labelled(observation: Observation, **labels: str) -> Observation:
    target = replace(observation.endpoint.target, labels=labels)
    return replace(observation, endpoint=replace(observation.endpoint, target=target))


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("", None),
        (" , ", None),
        (",".join(LEAVES), Verdict.YES),
        (", ".join([*LEAVES, 64 * "a"]), Verdict.YES),
        (":".join(LEAVES).upper() if len(LEAVES) == 1 else ",".join(LEAVES).upper(), Verdict.YES),
        (64 * "a", Verdict.NO),
    ],
)
def test_the_served_certificate_is_compared_with_the_declared_one(
    text: str, verdict: Verdict | None
) -> None:
    assert serves_declared_certificate(labelled(KNOWN, **{EXPECTED_CERTIFICATE: text})) is verdict


def test_no_certificate_seen_is_unknown() -> None:
    silent = labelled(replace(KNOWN, certificates=()), **{EXPECTED_CERTIFICATE: 64 * "a"})
    assert serves_declared_certificate(silent) is Verdict.UNKNOWN


YES, NO, UNKNOWN = (Fact(verdict=one) for one in (Verdict.YES, Verdict.NO, Verdict.UNKNOWN))


@pytest.mark.parametrize(
    ("text", "old", "new", "verdict"),
    [
        ("", NO, YES, None),
        ("TLSv1.3", NO, YES, Verdict.YES),
        ("TLSv1.2,TLSv1.3", YES, YES, Verdict.YES),
        ("TLSv1.3", YES, YES, Verdict.NO),
        ("TLSv1.2,TLSv1.3", NO, YES, Verdict.NO),
        ("TLSv1.2, TLSv1.3", UNKNOWN, YES, Verdict.UNKNOWN),
        ("TLSv1.3", UNKNOWN, YES, Verdict.YES),
        ("TLSv1.2,TLSv1.3", UNKNOWN, NO, Verdict.NO),
    ],
)
def test_the_supported_protocols_are_compared_with_the_declared_ones(
    text: str, old: Fact, new: Fact, verdict: Verdict | None
) -> None:
    facts = {ProtocolVersion.TLSV1_2: old, ProtocolVersion.TLSV1_3: new}
    seen = labelled(replace(KNOWN, protocols=facts), **{EXPECTED_PROTOCOLS: text})
    assert speaks_declared_protocols(seen) is verdict
