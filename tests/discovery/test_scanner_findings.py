"""Findings of Prowler, Checkov, Security Hub and AWS Config become claims about the targets of other sources."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.attach import attached
from discovery.scanners.formats import FormatError, read_findings
from discovery.scanners.source import claim_of, known_checks, read_scanner_files
from discovery.source import DiscoveryUpdate, SourceError
from model.claims import Claim, ClaimVerdict
from model.claims.resource_claim import ResourceClaim
from model.protocol_version import ProtocolVersion
from model.target import Target
from pki.net_guard.gate import SocketGate
from policy.assess import held_claims
from policy.claims import check_claim
from service.config.scanners.findings import ScannerFindingsSettings
from service.config.sources import SourceContext
from service.sources.source_results import all_targets, find_once, results_lines
from service.sources.target_sources import RuledSource
from tests.policy.observed import AT, YES, endpoint, speaking

BALANCER: Final = (
    "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/web/50dc6c495c0c9188"
)
LISTENER: Final = f"{BALANCER.replace(':loadbalancer/', ':listener/')}/f2f7dc8efc522ab2"


def ocsf(check: str, status: str = "FAIL", **changes: Any) -> dict[str, Any]:
    """A finding of Prowler 4, as its class ``OCSF`` writes it."""
    return {
        "class_uid": 2004,
        "metadata": {"event_code": check, "product": {"name": "Prowler", "uid": "prowler"}},
        "finding_info": {"title": "a title", "uid": "prowler-aws-1"},
        "status": "New",
        "status_code": status,
        "resources": [{"uid": BALANCER, "name": "web", "type": "AwsElbv2LoadBalancer"}],
        **changes,
    }


def asff(control: str, status: str = "FAILED", **changes: Any) -> dict[str, Any]:
    """A finding as ``aws securityhub get-findings`` prints it."""
    return {
        "SchemaVersion": "2018-10-08",
        "Id": "arn:aws:securityhub:eu-west-1:123456789012:security-control/ELB.1/finding/1",
        "ProductArn": "arn:aws:securityhub:eu-west-1::product/aws/securityhub",
        "GeneratorId": f"security-control/{control}",
        "Compliance": {"Status": status, "SecurityControlId": control},
        "Resources": [{"Type": "AwsElbv2LoadBalancer", "Id": BALANCER}],
        "Workflow": {"Status": "NEW"},
        "RecordState": "ACTIVE",
        **changes,
    }


def evaluation(rule: str, status: str = "NON_COMPLIANT") -> dict[str, Any]:
    """One result as ``aws configservice get-compliance-details-by-config-rule`` prints it."""
    return {
        "EvaluationResultIdentifier": {
            "EvaluationResultQualifier": {
                "ConfigRuleName": rule,
                "ResourceType": "AWS::ElasticLoadBalancingV2::LoadBalancer",
                "ResourceId": BALANCER,
            },
            "OrderingTimestamp": "2026-11-30T12:00:00+00:00",
        },
        "ComplianceType": status,
        "ResultRecordedTime": "2026-11-30T12:00:01+00:00",
    }


def checkov(check: str) -> dict[str, Any]:
    """One result of Checkov for Terraform."""
    return {
        "check_id": check,
        "check_name": "a name",
        "resource": "aws_lb_listener.front_end",
        "file_path": "/main.tf",
        "file_line_range": [3, 14],
    }


CSV: Final = (
    "TIMESTAMP;CHECK_ID;STATUS;MUTED;RESOURCE_UID\n"
    f"now;elbv2_ssl_listeners;FAIL;False;{BALANCER}\n"
    f"now;elbv2_ssl_listeners;FAIL;True;{BALANCER}\n"
    f"now;elbv2_ssl_listeners;MANUAL;False;{BALANCER}\n"
)


@pytest.mark.parametrize(
    ("text", "scanner", "check", "is_failed"),
    [
        (json.dumps([ocsf("elbv2_ssl_listeners")]), "prowler", "elbv2_ssl_listeners", True),
        (json.dumps([ocsf("elb_ssl_listeners", "PASS")]), "prowler", "elb_ssl_listeners", False),
        (CSV, "prowler", "elbv2_ssl_listeners", True),
        (json.dumps({"Findings": [asff("ELB.1")]}), "security_hub", "ELB.1", True),
        (json.dumps([asff("ELB.1", "PASSED")]), "security_hub", "ELB.1", False),
        (
            json.dumps([asff("x", GeneratorId="prowler-elbv2_ssl_listeners")]),
            "prowler",
            "elbv2_ssl_listeners",
            True,
        ),
        (
            json.dumps({"EvaluationResults": [evaluation("alb-http-to-https-redirection-check")]}),
            "aws_config",
            "ALB_HTTP_TO_HTTPS_REDIRECTION_CHECK",
            True,
        ),
        (
            json.dumps(
                {
                    "AggregateEvaluationResults": [
                        evaluation("securityhub-elb-tls-https-listeners-only-1a2b3c4d", "COMPLIANT")
                    ]
                }
            ),
            "aws_config",
            "ELB_TLS_HTTPS_LISTENERS_ONLY",
            False,
        ),
    ],
)
def test_each_form_is_recognized(text: str, scanner: str, check: str, is_failed: bool) -> None:
    (found,) = read_findings(text)
    assert (found.scanner, found.check, found.is_failed) == (scanner, check, is_failed)
    assert found.resource == BALANCER


def test_checkov_has_passed_and_failed_checks_with_their_lines() -> None:
    one = {"passed_checks": [checkov("CKV_AWS_2")], "failed_checks": [checkov("CKV_AWS_103")]}
    for value in ({"check_type": "terraform", "results": one}, [{"results": one}]):
        failed, passed = read_findings(json.dumps(value))
        assert (failed.check, failed.is_failed) == ("CKV_AWS_103", True)
        assert (passed.check, passed.is_failed) == ("CKV_AWS_2", False)
        assert failed.resource == "aws_lb_listener.front_end"
        assert failed.place == "/main.tf, line 3"


@pytest.mark.parametrize(
    "text",
    [
        json.dumps([ocsf("x", status="Suppressed"), ocsf("x", "MANUAL")]),
        json.dumps([asff("x", Workflow={"Status": "SUPPRESSED"}), asff("x", "NOT_AVAILABLE")]),
        json.dumps([asff("x", RecordState="ARCHIVED")]),
        json.dumps({"EvaluationResults": [evaluation("x", "NOT_APPLICABLE")]}),
        "[]",
    ],
)
def test_what_is_muted_or_undecided_is_left_out(text: str) -> None:
    assert list(read_findings(text)) == []


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{]", "is not valid JSON"),
        ("{}", "results is missing"),
        ("[3]", "[0] has another form"),
        (json.dumps([{"metadata": {}}]), "[0] lacks 'event_code'"),
        (json.dumps({"Findings": [{"Compliance": {"Status": "FAILED"}}]}), "Findings[0] lacks"),
        (json.dumps({"Findings": {}}), "Findings must be a list"),
        (json.dumps({"EvaluationResults": [{}]}), "EvaluationResults[0] lacks 'ComplianceType'"),
        (json.dumps({"results": {"failed_checks": [{}]}}), "results.failed_checks[0] lacks"),
        ("A;B\n1;2\n", "line 1 has no column CHECK_ID"),
        ("CHECK_ID;STATUS;RESOURCE_UID\nx\n", "line 2 has too few columns"),
    ],
)
def test_a_file_of_another_form_is_one_sentence_with_the_place(text: str, sentence: str) -> None:
    with pytest.raises(FormatError) as raised:
        list(read_findings(text))
    assert sentence in str(raised.value)
    assert len(str(raised.value).splitlines()) == 1


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "Findings",
                    "EvaluationResults",
                    "results",
                    "resources",
                    "metadata",
                    "ProductArn",
                    "x",
                ]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


@given(_JSON.map(json.dumps) | st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(FormatError):
        assert all(one.check is not None for one in read_findings(text))


def test_every_check_of_the_table_names_rules_that_exist_or_says_why_none_does() -> None:
    assert len(known_checks()) > 40
    for (scanner, check), known in known_checks().items():
        assert known.rules or known.unprovable, check
        claim = Claim(name=check, statement="", source=scanner, resource="", rules=known.rules)
        check_claim(claim)


def claim(text: dict[str, Any]) -> Claim:
    (found,) = read_findings(json.dumps([text]))
    made = claim_of(found)
    assert made is not None
    return made


def verdict(made: Claim, *, has_tls_1_0: bool) -> ClaimVerdict:
    versions = ("TLSV1_0", "TLSV1_2") if has_tls_1_0 else ("TLSV1_2",)
    seen = endpoint(protocols=speaking({ProtocolVersion[one]: YES for one in versions}))
    target = replace(seen.endpoint.target, claims=(made,))
    held = held_claims(replace(seen, endpoint=replace(seen.endpoint, target=target)), AT)
    return held[0].verdict


def test_a_failed_check_is_disproved_and_a_passed_one_contradicted_by_the_wire() -> None:
    failed, passed = claim(ocsf("elbv2_insecure_ssl_ciphers")), claim(asff("ELB.17", "PASSED"))
    assert verdict(failed, has_tls_1_0=False) is ClaimVerdict.CONTRADICTED
    assert verdict(failed, has_tls_1_0=True) is ClaimVerdict.PROVED
    assert verdict(passed, has_tls_1_0=True) is ClaimVerdict.CONTRADICTED


def test_what_rules_show_in_part_only_is_not_disproved() -> None:
    failed = claim(asff("ELB.17"))
    assert verdict(failed, has_tls_1_0=False) is ClaimVerdict.UNPROVABLE
    assert failed.unprovable == "several security policies look the same on the wire"


def target(**labels: str) -> Target:
    return Target(host="a.test", port=443, server_name="a.test", labels=labels)


async def test_a_claim_goes_to_the_targets_with_its_resource() -> None:
    reported = [
        ResourceClaim(resource=BALANCER, claim=claim(ocsf("elbv2_ssl_listeners"))),
        ResourceClaim(resource="arn:other", claim=claim(asff("ELB.1"))),
    ]
    own = claim(asff("ELB.3"))
    listener = replace(target(), claims=(replace(own, resource=LISTENER),))
    found = await attached([target(), target(arn=BALANCER), listener], reported)
    assert [len(one.claims) for one in found.targets] == [0, 1, 2]
    assert found.unmatched == ("arn:other",)
    assert found.resource_claims == (reported[1],)
    assert (await attached(found.targets, reported)).targets == found.targets


async def test_files_are_read_as_a_source_and_nothing_is_lost_silently(tmp_path: Path) -> None:
    path = tmp_path / "prowler.ocsf.json"
    path.write_text(
        json.dumps(
            [
                ocsf("elbv2_ssl_listeners"),
                ocsf("elbv2_deletion_protection"),
                ocsf("elb_ssl_listeners", resources=[{"uid": "arn:aws:x"}]),
            ]
        )
    )
    settings = ScannerFindingsSettings(type="scanner_findings", paths=(path,))

    class Fixed:
        name = "fixed"

        async def watch(self) -> Any:
            yield DiscoveryUpdate(targets=(target(arn=BALANCER),), error=None)

    gate = SocketGate()
    source = settings.source(SourceContext(gate=gate, statuses=tuple))
    results = await find_once([RuledSource(source=Fixed()), RuledSource(source=source)], gate)
    merged = await all_targets(results)
    (only,) = merged.targets
    assert [one.name for one in only.claims] == ["elbv2_ssl_listeners"]
    lines = list(results_lines(results, merged))
    shown = "\n".join(lines)
    assert "1 findings are of checks that no rule is about: elbv2_deletion_protection" in shown
    assert "1 resources with claims of scanners or bills of materials are of no target" in shown
    assert lines[-1] == "total: 1 target, 1 claim, 1 claim about resources without a target"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(None, "cannot be read"), (b"\xff", "is not a text file"), (b"[3]", "[0] has another form")],
)
async def test_a_bad_file_fails_the_source_with_its_name(
    tmp_path: Path, content: bytes | None, sentence: str
) -> None:
    path = tmp_path / "findings.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SourceError, match=r"findings\.json") as raised:
        await read_scanner_files([path], "scanner")
    assert sentence in str(raised.value)
