"""Who caused a Change: what is asked of CloudTrail, and which of its events counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import botocore.session
import pytest

from discovery.cloud.aws.operation import Feature
from discovery.cloud.aws.operations import OPERATIONS, iam_policy
from discovery.cloud.aws.scope import AwsScope
from discovery.cloud.aws.trail.arn import Arn
from discovery.cloud.aws.trail.lookup import ChangeTrail
from discovery.cloud.aws.trail.write_calls import WRITES, Cause, cause_of, resource_of
from discovery.source import SourceError
from model.claims import Claim
from model.comparisons.attribution import Attribution, RecordedCall, Unattributed
from model.sections import SECTIONS
from model.target import Target
from pki.net_guard.gate import SocketGate
from tests.discovery.aws.reading import ACCOUNT, REGION
from tests.support.aws_server import AwsServer, Call, Fault
from tests.support.cloud_trail import event, record_events

NOW: Final = datetime.now(UTC).replace(microsecond=0)
"""The event history ends 90 days ago, by the clock of this machine."""
AT: Final = NOW - timedelta(hours=2)
BEFORE: Final = AT - timedelta(hours=1)
CALLED: Final = AT - timedelta(minutes=20)
LISTENER: Final = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:listener/app/web/1/2"
DATABASE: Final = f"arn:aws:rds:{REGION}:{ACCOUNT}:db:orders"
DISTRIBUTION: Final = f"arn:aws:cloudfront::{ACCOUNT}:distribution/E1"
PROTOCOL: Final = "protocols.TLSv1.0"


def target(resource: str) -> Target:
    claim = Claim(name="c", statement="s", source="AWS DescribeListeners", resource=resource)
    return Target(
        host="web.example", port=443, server_name="web.example", labels={}, claims=(claim,)
    )


def changed(resource: str = LISTENER, *facts: str) -> Unattributed:
    return Unattributed(
        endpoint_key="web.example:443@192.0.2.7",
        target=target(resource),
        at=AT,
        since=BEFORE,
        facts=dict(enumerate(facts or (PROTOCOL,), 1)),
    )


@pytest.fixture
def trail(aws: AwsServer) -> ChangeTrail:
    aws.answers["sts", "GetCallerIdentity"] = {
        "Account": ACCOUNT,
        "UserId": "u",
        "Arn": f"arn:aws:iam::{ACCOUNT}:user/u",
    }
    found = ChangeTrail(AwsScope(regions=(REGION,), endpoint_url=aws.url), SocketGate())
    found.begin(NOW)
    return found


def asked(aws: AwsServer) -> list[Call]:
    return [call for call in aws.calls if call.operation == "LookupEvents"]


def only(found: Mapping[int, Attribution]) -> Attribution:
    (one,) = found.values()
    return one


def call_of(found: Mapping[int, Attribution]) -> RecordedCall:
    call = only(found).call
    assert call is not None
    return call


def test_the_newest_write_between_two_visits_is_the_cause(
    aws: AwsServer, trail: ChangeTrail
) -> None:
    record_events(
        aws,
        [
            event("ModifyListener", CALLED, LISTENER),
            event("ModifyListener", CALLED - timedelta(minutes=10), LISTENER),
            event("ModifyListener", AT + timedelta(minutes=1), LISTENER),
            event("ModifyListener", BEFORE - timedelta(hours=1), LISTENER),
            event("ModifyListener", AT, LISTENER + "0"),
        ],
    )
    assert only(trail.attributions(changed())) == Attribution(
        call=RecordedCall(
            name="ModifyListener",
            at=CALLED,
            event_id=f"00000000-0000-0000-0000-{int(CALLED.timestamp()):012d}",
            principal="arn:aws:sts::123456789012:assumed-role/admin/alice",
            source_address="192.0.2.1",
            others=1,
        )
    )
    assert [call.region for call in asked(aws)] == [REGION]


def test_the_changes_of_one_visit_take_one_question(aws: AwsServer, trail: ChangeTrail) -> None:
    record_events(
        aws,
        [
            event("SetSecurityGroups", CALLED, LISTENER),
            event("AddListenerCertificates", CALLED - timedelta(minutes=1), LISTENER),
            event("ModifyRule", CALLED - timedelta(minutes=2), LISTENER),
        ],
    )
    found = trail.attributions(changed(LISTENER, "certificates.rsa.leaf", "http.hsts", "state"))
    assert [one.call and one.call.name for one in found.values()] == [
        "AddListenerCertificates",
        "AddListenerCertificates",
        "SetSecurityGroups",
    ]
    assert len(asked(aws)) == 1


@pytest.mark.parametrize(
    "one",
    [
        pytest.param(
            {**event("ModifyListener", CALLED, LISTENER), "ReadOnly": "true"}, id="reads only"
        ),
        pytest.param(
            event("ModifyListener", CALLED, LISTENER, errorCode="AccessDenied"), id="refused"
        ),
        pytest.param(event("AddTags", CALLED, LISTENER), id="alters something else"),
    ],
)
def test_an_event_that_cannot_have_caused_the_change_leaves_it_unknown(
    aws: AwsServer, trail: ChangeTrail, one: dict[str, Any]
) -> None:
    record_events(aws, [one])
    found = only(trail.attributions(changed()))
    assert found.call is None
    assert found.unknown == (
        f"CloudTrail has no call on {LISTENER} between the two probes that alters its settings"
    )


def test_calls_of_tlsprobe_are_marked(aws: AwsServer, trail: ChangeTrail) -> None:
    agent = "Botocore/1.44.8 md/Python tlsprobe/1.0"
    record_events(aws, [event("ModifyListener", CALLED, LISTENER, userAgent=agent)])
    assert call_of(trail.attributions(changed())).is_own


def test_a_service_of_aws_that_calls_is_the_principal(aws: AwsServer, trail: ChangeTrail) -> None:
    invoked = {"type": "AWSService", "invokedBy": "acm.amazonaws.com"}
    record_events(aws, [event("ModifyListener", CALLED, LISTENER, userIdentity=invoked)])
    assert call_of(trail.attributions(changed())).principal == "acm.amazonaws.com"


def test_a_record_that_is_not_json_still_names_the_user(aws: AwsServer, trail: ChangeTrail) -> None:
    record_events(aws, [{**event("ModifyListener", CALLED, LISTENER), "CloudTrailEvent": "<html>"}])
    call = call_of(trail.attributions(changed()))
    assert (call.principal, call.source_address, call.is_own) == ("alice", "", False)


def test_a_resource_is_also_asked_for_by_its_short_name(aws: AwsServer, trail: ChangeTrail) -> None:
    record_events(aws, [event("ModifyDBInstance", CALLED, "orders")])
    assert call_of(trail.attributions(changed(DATABASE))).name == "ModifyDBInstance"
    names = [call.json["LookupAttributes"][0]["AttributeValue"] for call in asked(aws)]
    assert names == [DATABASE, "orders"]


def test_services_without_regions_have_their_events_in_one(
    aws: AwsServer, trail: ChangeTrail
) -> None:
    record_events(aws, [event("UpdateDistribution", CALLED, DISTRIBUTION)])
    assert call_of(trail.attributions(changed(DISTRIBUTION))).name == "UpdateDistribution"
    assert [call.region for call in asked(aws)] == ["us-east-1"]


@pytest.mark.parametrize(
    "resource",
    [
        "elbv2.tf:12",
        "arn:aws:elasticloadbalancing:eu-west-1:210987654321:listener/app/web/1/2",
        "arn:aws:ec2:eu-west-1:123456789012:vpc/vpc-1",
    ],
)
def test_no_question_is_asked_about_other_resources_and_accounts(
    aws: AwsServer, trail: ChangeTrail, resource: str
) -> None:
    assert trail.attributions(changed(resource)) == {}
    assert asked(aws) == []


def test_a_label_may_name_the_resource() -> None:
    found = resource_of(replace(target("file:1"), labels={"arn": LISTENER}))
    assert found is not None
    assert found.text == LISTENER


def test_a_missing_permission_names_the_action_and_is_asked_for_once_in_a_round(
    aws: AwsServer, trail: ChangeTrail
) -> None:
    aws.answers["cloudtrail", "LookupEvents"] = Fault(code="AccessDeniedException")
    for _ in range(2):
        with pytest.raises(SourceError, match=r"^cloudtrail:LookupEvents: not permitted: allow"):
            trail.attributions(changed())
    assert len(asked(aws)) == 1
    record_events(aws, [event("ModifyListener", CALLED, LISTENER)])
    trail.begin(NOW)
    assert call_of(trail.attributions(changed())).name == "ModifyListener"


def test_a_throttled_question_is_repeated(aws: AwsServer, trail: ChangeTrail) -> None:
    found = {"Events": [event("ModifyListener", CALLED, LISTENER)]}
    aws.answers["cloudtrail", "LookupEvents"] = [Fault(code="ThrottlingException"), found]
    assert call_of(trail.attributions(changed())).name == "ModifyListener"


def test_only_lookup_is_called_and_permitted(aws: AwsServer, trail: ChangeTrail) -> None:
    record_events(aws, [])
    trail.attributions(changed(DATABASE))
    called = {OPERATIONS[f"{one.service}.{one.operation}"].action for one in aws.calls}
    (statement,) = iam_policy({Feature.ATTRIBUTION})["Statement"]
    # The account of the credentials needs no permission.
    assert called - {"sts:GetCallerIdentity"} == set(statement["Action"])


_MODELS: Final = {
    "elasticloadbalancing": ("elbv2", "elb"),
    "apigateway": ("apigateway", "apigatewayv2"),
    "es": ("opensearch",),
}


@pytest.mark.parametrize("service", sorted(WRITES))
def test_every_write_call_is_an_operation_of_its_service(service: str) -> None:
    session = botocore.session.Session()
    names = {
        name
        for model in _MODELS.get(service, (service,))
        for name in session.get_service_model(model).operation_names
    }
    listed = {name for cause in Cause for name in WRITES[service].of(cause)}
    assert listed
    assert listed <= names
    assert not any(name.startswith(("Describe", "Get", "List")) for name in listed)


def test_every_section_of_an_observation_has_its_cause() -> None:
    """What a section shows is altered by settings, but for the certificates; a state is about the address."""
    causes = {section.name: cause_of(f"{section.name}.x") for section in SECTIONS}
    assert causes.pop("certificates") is Cause.CERTIFICATE
    assert set(causes.values()) == {Cause.SETTINGS}
    assert cause_of("state") is Cause.REACHABILITY


def test_an_arn_is_read_by_its_parts() -> None:
    found = Arn.of(DATABASE)
    assert found is not None
    assert (found.service, found.region, found.account) == ("rds", REGION, ACCOUNT)
    assert found.short_name == "orders"
    for text in ("", "arn:aws:s3", "arn:aws::eu-west-1:1:x", "https://web.example/", "a:b:c:d:e:f"):
        assert Arn.of(text) is None
    china = Arn.of("arn:aws-cn:cloudfront::1:distribution/E1")
    assert china is not None
    assert china.event_region == "cn-northwest-1"
