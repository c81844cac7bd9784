"""What counts as worse after a change."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pytest

from model.claims import Claim, ClaimedRule
from model.observation import Observation, State
from model.protocol_version import ProtocolVersion
from model.verdict import Fact, Verdict
from policy.assess import assess
from service.remediation.effect import Look, Seen, what_is_worse
from tests.policy.observed import AT, policy
from tests.service.samples import modern

HOUSE: Final = policy(
    "house",
    {
        "protocol_versions": {"allowed": ["TLSv1.2", "TLSv1.3"]},
        "protocol_versions_required": {"versions": ["TLSv1.3"]},
    },
)


def answering(status: int, **protocols: Verdict) -> Observation:
    """An endpoint with this HTTP status; ``protocols`` replace what it accepts."""
    seen = modern()
    facts = {ProtocolVersion[name]: Fact(verdict=found) for name, found in protocols.items()}
    return replace(
        seen,
        protocols={**seen.protocols, **facts},
        http={"status": Fact(verdict=Verdict.YES, value=str(status))},
    )


def look(**endpoints: Observation) -> Look:
    """The endpoints by name, judged by the house's policy."""
    return {
        name: Seen(observation=seen, assessment=assess(seen, [HOUSE], AT))
        for name, seen in endpoints.items()
    }


WEAK: Final = answering(200, TLSV1_1=Verdict.YES)
SILENT: Final = replace(
    modern(), state=State.UNREACHABLE, reason="refused", protocols={}, cipher_suites={}, groups={}
)


@pytest.mark.parametrize(
    ("after", "problem"),
    [
        (answering(200), None),
        (answering(404), None),
        (WEAK, None),
        (answering(502), "answers HTTP with status 502"),
        (answering(200, TLSV1_3=Verdict.NO), "TLS 1.3"),
        (answering(200, TLSV1_3=Verdict.UNKNOWN), None),
        (SILENT, "does not answer any more (refused)"),
    ],
)
def test_an_endpoint_is_worse_if_it_fails_what_it_did_before(
    after: Observation, problem: str | None
) -> None:
    found = what_is_worse(look(one=WEAK, other=WEAK), look(one=WEAK, other=after))
    assert (found is None) is (problem is None)
    assert found is None or found.startswith("other: ")
    assert found is None or (problem or "") in found


def test_an_endpoint_that_did_not_answer_before_is_never_worse() -> None:
    assert what_is_worse(look(one=SILENT), look(one=SILENT)) is None


def test_a_claim_about_the_earlier_setting_does_not_count() -> None:
    claim = Claim(
        name="elb_security_policy",
        statement="the listener offers TLS 1.1 too",
        source="AWS DescribeListeners",
        resource="arn:listener",
        rules=(
            ClaimedRule(rule="protocol_versions_required", parameters={"versions": ["TLSv1.1"]}),
        ),
    )

    def claiming(seen: Observation) -> Observation:
        target = replace(seen.endpoint.target, claims=(claim,))
        return replace(seen, endpoint=replace(seen.endpoint, target=target))

    assert what_is_worse(look(one=claiming(WEAK)), look(one=claiming(answering(200)))) is None
