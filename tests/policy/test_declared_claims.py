"""What files, secrets and labels declare about certificates and versions, compared with visits."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
from pydantic import ValidationError

from exporters.prometheus.families.claims import CLAIM_FAMILIES
from model.claims import ClaimVerdict
from model.claims.declared import certificate_claim, claims_of, protocols_claim
from model.findings.finding import Outcome
from model.observation import Observation, State
from model.protocol_version import ProtocolVersion
from model.snapshot import EndpointStatus
from model.target_labels import EXPECTED_CERTIFICATE, EXPECTED_PROTOCOLS
from model.verdict import Fact
from policy.assess import assess
from service.judging.held_claims import with_claims_held
from tests.policy.observed import AT, NO, UNKNOWN, YES, endpoint, ruling, speaking, unreached
from tests.service.samples import modern

(LEAF,) = {chain.leaf.sha256 for chain in modern().certificates}
OTHER = "cd" * 32
COLONS = ":".join(LEAF[at : at + 2] for at in range(0, 64, 2)).upper()


def labelled(observation: Observation, **labels: str) -> Observation:
    target = replace(observation.endpoint.target, labels=labels)
    return replace(observation, endpoint=replace(observation.endpoint, target=target))


def verdict(observation: Observation) -> ClaimVerdict:
    (held,) = assess(observation, (), AT).claims
    return held.verdict


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        (LEAF, ClaimVerdict.PROVED),
        (COLONS, ClaimVerdict.PROVED),
        (f"{OTHER}, {LEAF}", ClaimVerdict.PROVED),
        (OTHER, ClaimVerdict.CONTRADICTED),
    ],
)
def test_every_leaf_must_be_declared(declared: str, expected: ClaimVerdict) -> None:
    assert verdict(labelled(modern(), **{EXPECTED_CERTIFICATE: declared})) is expected


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        (modern().certificates[0].leaf.not_after, Outcome.PASS),
        (AT, Outcome.FAIL),
        (None, Outcome.UNKNOWN),
    ],
)
def test_a_leaf_may_be_declared_by_its_end(end: datetime | None, expected: Outcome) -> None:
    declared = modern().certificates[0].leaf.not_after
    assert declared is not None
    chain = modern().certificates[0]
    served = replace(chain, chain=(replace(chain.leaf, not_after=end), *chain.chain[1:]))
    seen = replace(modern(), certificates=(served,))
    ends = [declared.isoformat()]
    for found in (
        ruling("leaf_certificates", seen, not_after=ends),
        ruling("leaf_certificates", seen, not_after=ends, allowed=[OTHER]),
    ):
        assert found.outcome is expected
        assert ends[0] in found.required


def test_a_rule_on_leaves_that_declares_none_is_refused() -> None:
    with pytest.raises(ValidationError, match="declares no certificate"):
        ruling("leaf_certificates", modern())


def test_without_a_certificate_the_claim_stays_open() -> None:
    bare = replace(modern(), certificates=())
    assert verdict(labelled(bare, **{EXPECTED_CERTIFICATE: OTHER})) is ClaimVerdict.UNPROVABLE


@pytest.mark.parametrize(
    ("declared", "tls_1_2", "expected"),
    [
        ("TLSv1.3", NO, ClaimVerdict.PROVED),
        ("TLSv1.3", YES, ClaimVerdict.CONTRADICTED),
        ("TLSv1.3", UNKNOWN, ClaimVerdict.UNPROVABLE),
        ("TLSv1.2, TLSv1.3", YES, ClaimVerdict.PROVED),
        ("TLSv1.2,TLSv1.3", NO, ClaimVerdict.CONTRADICTED),
    ],
)
def test_exactly_the_declared_versions_must_be_accepted(
    declared: str, tls_1_2: Fact, expected: ClaimVerdict
) -> None:
    facts = speaking({ProtocolVersion.TLSV1_2: tls_1_2, ProtocolVersion.TLSV1_3: YES})
    seen = labelled(endpoint(protocols=facts), **{EXPECTED_PROTOCOLS: declared})
    assert verdict(seen) is expected


@pytest.mark.parametrize(
    ("declared", "expected"),
    [("DTLSv1.2", ClaimVerdict.PROVED), ("DTLSv1.0,DTLSv1.2", ClaimVerdict.CONTRADICTED)],
)
def test_versions_over_datagrams_are_declared_by_their_own_names(
    declared: str, expected: ClaimVerdict
) -> None:
    over = endpoint(protocols={ProtocolVersion.DTLSV1_2: YES, ProtocolVersion.DTLSV1_0: NO})
    assert verdict(labelled(over, **{EXPECTED_PROTOCOLS: declared})) is expected


def test_a_label_without_a_meaning_is_unprovable_and_says_why() -> None:
    (held,) = assess(labelled(modern(), **{EXPECTED_CERTIFICATE: "ab"}), (), AT).claims
    assert held.verdict is ClaimVerdict.UNPROVABLE
    assert "use SHA-256 hashes in hex" in held.observed


def test_a_label_of_an_untrusted_source_makes_no_claim() -> None:
    ignored = labelled(modern(), **{f"untrusted_{EXPECTED_CERTIFICATE}": OTHER})
    assert claims_of(ignored.endpoint.target) == ()


def samples(observation: Observation) -> dict[str, dict[tuple[str, ...], float]]:
    status = EndpointStatus(
        observation=observation,
        last_probe_at=AT,
        last_success_at=None,
        consecutive_failures=0,
        interval_seconds=60.0,
    )
    held = with_claims_held(status)
    return {family.name: dict(family.samples(held)) for family in CLAIM_FAMILIES}


def test_the_metrics_are_those_of_the_claims() -> None:
    target = replace(
        modern().endpoint.target,
        labels={EXPECTED_CERTIFICATE: LEAF},
        claims=(
            certificate_claim([OTHER], "nginx", "/etc/nginx/nginx.conf:3"),
            protocols_claim([ProtocolVersion.TLSV1_2, ProtocolVersion.TLSV1_3], "nginx", "x:3"),
        ),
    )
    seen = replace(modern(), endpoint=replace(modern().endpoint, target=target))
    assert samples(seen) == {
        "cert_as_declared": {(): 0.0},
        "protocols_as_declared": {(): 1.0},
        "claim_proved": {
            ("declared_certificate", "label", "declared"): 1.0,
            ("declared_certificate", "nginx", "declared"): 0.0,
            ("declared_protocols", "nginx", "declared"): 1.0,
        },
        "claims": {("contradicted", "declared"): 1.0, ("proved", "declared"): 2.0},
    }


def test_what_is_not_proved_has_no_metric_but_the_count() -> None:
    silent = labelled(unreached(State.TIMEOUT), **{EXPECTED_CERTIFICATE: LEAF})
    found = samples(silent)
    assert found.pop("claims") == {("not_reached", "declared"): 1.0}
    assert not any(found.values())
