"""Each action reads a setting of AWS, writes another value and the earlier one again, and changes nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

import pytest

from discovery.cloud.aws.operation import Feature
from discovery.cloud.aws.operations import iam_policy
from pki.net_guard.gate import SocketGate
from policy.remediation import Demands, Fix, ServerKind, Topic, demands_of
from policy.remediation.aws.classic_elb import negotiation
from service.config.clouds.remediation import RemediationSettings
from service.remediation.action import Action, RemediationError, State
from service.remediation.aws.api_gateway import DOMAIN_NAME_POLICY
from service.remediation.aws.calls import AwsCalls, calls_for
from service.remediation.aws.classic_load_balancers import CLASSIC_SECURITY_POLICY
from service.remediation.aws.cloudfront import HTTPS_REDIRECT, MINIMUM_PROTOCOL
from service.remediation.aws.load_balancers import HTTP_REDIRECT, SECURITY_POLICY
from service.remediation.aws.operations import CREATE_CLASSIC_POLICY, REMEDIATION
from service.remediation.catalogue import ACTIONS, action_of
from tests.discovery.aws.account import distribution
from tests.discovery.aws.reading import ACCOUNT, REGION
from tests.policy.observed import policy
from tests.service.remediation.world import NEW, OLD, ROLE, client, make_listener
from tests.support.aws_server import AwsServer, Call, Fault, Row

pytestmark = pytest.mark.filterwarnings("ignore:Exception.*does not match an error shape")

DOMAIN: Final = f"arn:aws:apigateway:{REGION}:{ACCOUNT}:/domainnames/api.example.com"
MODERN: Final = policy("modern", {"protocol_versions": {"allowed": ["TLSv1.2", "TLSv1.3"]}})
NEWEST: Final = policy("newest", {"protocol_versions": {"allowed": ["TLSv1.3"]}})


def demands(arn: str | None, of: Any = MODERN, **changes: Any) -> Demands:
    found = demands_of([of])
    assert found is not None
    return replace(found, resource=arn, **changes)


def calls(aws: AwsServer, arn: str) -> AwsCalls:
    settings = RemediationSettings(apply=True, role_arn=ROLE, endpoint_url=aws.url)
    return calls_for(arn, settings, SocketGate())


@pytest.fixture(scope="module")
def listener(started: AwsServer) -> str:
    return make_listener(started)


@pytest.fixture(scope="module")
def http_listener(started: AwsServer, listener: str) -> str:
    """The listener for HTTP of the same balancer, which answers by itself."""
    balancer = listener.replace(":listener/", ":loadbalancer/").rpartition("/")[0]
    (found,) = client(started, "elbv2").create_listener(
        LoadBalancerArn=balancer,
        Protocol="HTTP",
        Port=80,
        DefaultActions=[
            {
                "Type": "fixed-response",
                "FixedResponseConfig": {"StatusCode": "200", "ContentType": "text/plain"},
            }
        ],
    )["Listeners"]
    return str(found["ListenerArn"])


@pytest.fixture(scope="module")
def classic(started: AwsServer) -> str:
    """A Classic Load Balancer whose listener has an old security policy and one for stickiness."""
    elb = client(started, "elb")
    elb.create_load_balancer(
        LoadBalancerName="old",
        AvailabilityZones=[f"{REGION}a"],
        Listeners=[
            {"Protocol": "HTTPS", "LoadBalancerPort": port, "InstancePort": 8080}
            for port in (443, 8443)
        ],
    )
    elb.create_lb_cookie_stickiness_policy(LoadBalancerName="old", PolicyName="sticky")
    elb.create_load_balancer_policy(
        LoadBalancerName="old",
        PolicyName="everything",
        PolicyTypeName="SSLNegotiationPolicyType",
        PolicyAttributes=[{"AttributeName": "Protocol-TLSv1", "AttributeValue": "true"}],
    )
    for port in (443, 8443):
        elb.set_load_balancer_policies_of_listener(
            LoadBalancerName="old",
            LoadBalancerPort=port,
            PolicyNames=["sticky", "everything"],
        )
    return f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:loadbalancer/old"


class OneDistribution:
    """A distribution that allows TLS 1.0 and HTTP: it takes updates with its ETag alone, as CloudFront's reference says.

    moto takes any ETag, and says that every distribution has CloudFront's certificate.
    """

    arn: Final = f"arn:aws:cloudfront::{ACCOUNT}:distribution/E1"

    def __init__(self, aws: AwsServer) -> None:
        self.status = "Deployed"
        self.version = 1
        self.updates: list[str] = []
        made = distribution(CallerReference="1")
        self.content = {
            name: made[name]
            for name in (
                *("CallerReference", "Aliases", "Origins", "DefaultCacheBehavior", "Comment"),
                *("Enabled", "ViewerCertificate", "PriceClass", "Restrictions", "HttpVersion"),
            )
        }
        self.content["DefaultCacheBehavior"]["ViewerProtocolPolicy"] = "allow-all"
        self.content["ViewerCertificate"]["MinimumProtocolVersion"] = "TLSv1"
        aws.answers["cloudfront", "GetDistribution"] = lambda _: self._answer()
        aws.answers["cloudfront", "UpdateDistribution"] = self._update

    def _answer(self) -> Row:
        found = {
            "Id": "E1",
            "ARN": self.arn,
            "Status": self.status,
            "LastModifiedTime": datetime(2026, 11, 30, tzinfo=UTC),
            "InProgressInvalidationBatches": 0,
            "DomainName": "d1.cloudfront.net",
            "DistributionConfig": self.content,
        }
        return {"ETag": f"E{self.version}", "Distribution": found}

    def _update(self, call: Call) -> Row:
        if call.if_match != f"E{self.version}":
            return Fault(code="PreconditionFailed", status=412)
        self.updates.append(call.body.decode())
        for part, name in (
            ("ViewerCertificate", "MinimumProtocolVersion"),
            ("DefaultCacheBehavior", "ViewerProtocolPolicy"),
        ):
            (self.content[part][name],) = re.findall(f"<{name}>(.*?)</", self.updates[-1])
        self.version += 1
        return self._answer()


@pytest.fixture
def one(aws: AwsServer) -> OneDistribution:
    return OneDistribution(aws)


@pytest.fixture
def domain(aws: AwsServer) -> Callable[..., None]:
    """Sets what API Gateway says of the domain name; moto has no UpdateDomainName."""

    def says(**content: Any) -> None:
        name = {"domainName": "api.example.com", "domainNameStatus": "AVAILABLE", **content}
        aws.answers["apigateway", "GetDomainName"] = lambda _: name

        def update(call: Call) -> Row | None:
            (patch,) = json.loads(call.body)["patchOperations"]
            assert patch["op"] == "replace"
            name[patch["path"].removeprefix("/")] = patch["value"]
            return name

        aws.answers["apigateway", "UpdateDomainName"] = update

    return says


def there_and_back(action: Action, made: AwsCalls, wanted: Demands) -> tuple[State, State, State]:
    """The states before, after a write of the wanted value, and after a write of the earlier one."""
    value = action.wanted(wanted)
    assert value is not None
    before = action.read(made, wanted)
    action.write(made, before, value)
    after = action.read(made, wanted)
    assert after.value == value
    action.write(made, after, before.value)
    return before, after, action.read(made, wanted)


def test_a_listener_s_security_policy_is_set_and_set_back(aws: AwsServer, listener: str) -> None:
    states = there_and_back(SECURITY_POLICY, calls(aws, listener), demands(listener))
    assert [state.value for state in states] == [OLD, NEW, OLD]


def test_an_http_listener_redirects_and_answers_as_before_again(
    aws: AwsServer, listener: str, http_listener: str
) -> None:
    wanted = demands(listener, https_port=8443)
    before, after, again = there_and_back(HTTP_REDIRECT, calls(aws, listener), wanted)
    assert before.resource["ListenerArn"] == http_listener
    (action,) = after.resource["DefaultActions"]
    assert action["Type"] == "redirect"
    assert action["RedirectConfig"]["Protocol"] == "HTTPS"
    assert action["RedirectConfig"]["Port"] == "8443"
    assert again.value == before.value
    assert json.loads(again.value)[0]["Type"] == "fixed-response"


def test_a_redirect_as_aws_completes_it_is_the_wanted_one(aws: AwsServer, listener: str) -> None:
    """AWS gives back the parts of the address that were not set."""
    made = calls(aws, listener)
    redirect = {
        "Protocol": "HTTPS",
        "Port": "443",
        "Host": "#{host}",
        "Path": "/#{path}",
        "Query": "#{query}",
        "StatusCode": "HTTP_301",
    }
    aws.answers["elbv2", "DescribeListeners"] = {
        "Listeners": [
            {
                "ListenerArn": listener,
                "Protocol": "HTTP",
                "Port": 80,
                "DefaultActions": [{"Type": "redirect", "Order": 1, "RedirectConfig": redirect}],
            }
        ]
    }
    wanted = demands(listener)
    assert HTTP_REDIRECT.read(made, wanted).value == HTTP_REDIRECT.wanted(wanted)


def policies_of(aws: AwsServer, port: int) -> list[str]:
    """The names of the policies of a listener of the Classic Load Balancer."""
    (found,) = client(aws, "elb").describe_load_balancers(LoadBalancerNames=["old"])[
        "LoadBalancerDescriptions"
    ]
    (names,) = (
        one["PolicyNames"]
        for one in found["ListenerDescriptions"]
        if one["Listener"]["LoadBalancerPort"] == port
    )
    return sorted(names)


def test_a_classic_listener_gets_a_policy_of_its_own_and_keeps_its_stickiness(
    aws: AwsServer, classic: str
) -> None:
    made, wanted = calls(aws, classic), demands(classic, https_port=8443)
    value = CLASSIC_SECURITY_POLICY.wanted(wanted)
    assert value is not None
    state = CLASSIC_SECURITY_POLICY.read(made, wanted)
    CLASSIC_SECURITY_POLICY.write(made, state, value)
    assert policies_of(aws, 8443) == sorted(["sticky", value])
    assert policies_of(aws, 443) == ["everything", "sticky"]
    (policy_,) = client(aws, "elb").describe_load_balancer_policies(
        LoadBalancerName="old", PolicyNames=[value]
    )["PolicyDescriptions"]
    enabled = {
        one["AttributeName"]
        for one in policy_["PolicyAttributeDescriptions"]
        if one["AttributeValue"] == "true"
    }
    assert enabled == {
        "Protocol-TLSv1.2",
        "Server-Defined-Cipher-Order",
        *(
            f"ECDHE-{key}-{suite}"
            for key in ("RSA", "ECDSA")
            for suite in ("AES128-GCM-SHA256", "AES256-GCM-SHA384")
        ),
    }
    states = there_and_back(CLASSIC_SECURITY_POLICY, made, demands(classic))
    assert [one.value for one in states] == ["everything", value, "everything"]
    assert policies_of(aws, 443) == ["everything", "sticky"]


def test_a_policy_that_the_balancer_has_already_is_used_again(aws: AwsServer, classic: str) -> None:
    aws.answers["elb", "CreateLoadBalancerPolicy"] = Fault(code="DuplicatePolicyName")
    made, wanted = calls(aws, classic), demands(classic)
    state = CLASSIC_SECURITY_POLICY.read(made, wanted)
    CLASSIC_SECURITY_POLICY.write(made, state, "everything")
    assert not aws.called("elb", "CreateLoadBalancerPolicy")
    value = CLASSIC_SECURITY_POLICY.wanted(wanted)
    assert value is not None
    made.call(CREATE_CLASSIC_POLICY, LoadBalancerName="old", PolicyName=value, PolicyTypeName="t")
    assert aws.called("elb", "CreateLoadBalancerPolicy") == 1


def test_a_classic_listener_without_tls_is_reported(aws: AwsServer, classic: str) -> None:
    made = calls(aws, classic)
    with pytest.raises(RemediationError, match="old has no listener on port 9443"):
        CLASSIC_SECURITY_POLICY.read(made, demands(classic, https_port=9443))
    aws.answers["elb", "DescribeLoadBalancerPolicies"] = {"PolicyDescriptions": []}
    with pytest.raises(RemediationError, match="no security policy"):
        CLASSIC_SECURITY_POLICY.read(made, demands(classic))
    assert negotiation(demands(classic, NEWEST)) == {}
    assert CLASSIC_SECURITY_POLICY.wanted(demands(classic, NEWEST)) is None


@pytest.mark.parametrize(
    ("action", "before", "after"),
    [
        (MINIMUM_PROTOCOL, "TLSv1", "TLSv1.2_2021"),
        (HTTPS_REDIRECT, "allow-all", "redirect-to-https"),
    ],
    ids=["protocol", "redirect"],
)
def test_a_distribution_s_setting_is_set_and_set_back_and_nothing_else(
    aws: AwsServer, one: OneDistribution, action: Action, before: str, after: str
) -> None:
    states = there_and_back(action, calls(aws, one.arn), demands(one.arn))
    assert [state.value for state in states] == [before, after, before]
    first, second = one.updates
    assert first.replace(f">{after}<", f">{before}<") == second
    assert "<DomainName>origin.example.com</DomainName>" in second


def test_a_distribution_that_somebody_else_changed_is_left_alone(
    aws: AwsServer, one: OneDistribution
) -> None:
    made, wanted = calls(aws, one.arn), demands(one.arn)
    state = MINIMUM_PROTOCOL.read(made, wanted)
    one.version += 1
    with pytest.raises(
        RemediationError, match=r"cloudfront:UpdateDistribution.*PreconditionFailed"
    ):
        MINIMUM_PROTOCOL.write(made, state, "TLSv1.2_2021")
    assert one.updates == []


def test_a_distribution_in_progress_is_not_in_force(aws: AwsServer, one: OneDistribution) -> None:
    made = calls(aws, one.arn)
    assert MINIMUM_PROTOCOL.read(made, demands(one.arn)).is_deployed
    one.status = "InProgress"
    assert not MINIMUM_PROTOCOL.read(made, demands(one.arn)).is_deployed


def test_a_distribution_with_cloudfront_s_certificate_has_no_choice(
    aws: AwsServer, one: OneDistribution
) -> None:
    one.content["ViewerCertificate"] = {"CloudFrontDefaultCertificate": True}
    with pytest.raises(RemediationError, match="certificate of your own"):
        MINIMUM_PROTOCOL.read(calls(aws, one.arn), demands(one.arn))


def test_a_domain_name_s_security_policy_is_set_and_set_back(
    aws: AwsServer, domain: Callable[..., None]
) -> None:
    domain(securityPolicy="TLS_1_0")
    states = there_and_back(DOMAIN_NAME_POLICY, calls(aws, DOMAIN), demands(DOMAIN))
    assert [state.value for state in states] == ["TLS_1_0", "TLS_1_2", "TLS_1_0"]


def test_a_domain_name_that_is_updating_is_not_in_force(
    aws: AwsServer, domain: Callable[..., None]
) -> None:
    domain(securityPolicy="TLS_1_2", domainNameStatus="UPDATING")
    assert not DOMAIN_NAME_POLICY.read(calls(aws, DOMAIN), demands(DOMAIN)).is_deployed


def test_enhanced_policies_of_api_gateway_are_left_to_a_person(
    aws: AwsServer, domain: Callable[..., None]
) -> None:
    domain(securityPolicy="SecurityPolicy_TLS13_1_3_2025_09")
    with pytest.raises(RemediationError, match="SecurityPolicy_TLS13_1_3_2025_09"):
        DOMAIN_NAME_POLICY.read(calls(aws, DOMAIN), demands(DOMAIN))
    assert DOMAIN_NAME_POLICY.wanted(demands(DOMAIN, NEWEST)) is None


def test_a_listener_that_does_not_exist_is_reported(aws: AwsServer, listener: str) -> None:
    with pytest.raises(RemediationError, match="elasticloadbalancing:DescribeListeners"):
        SECURITY_POLICY.read(calls(aws, listener), demands(f"{listener[:-4]}ffff"))
    with pytest.raises(RemediationError, match="no listener for HTTP on port 8080"):
        HTTP_REDIRECT.read(calls(aws, listener), demands(listener, http_port=8080))


def test_the_iam_policy_allows_the_operations_that_are_called_and_no_others(
    aws: AwsServer,
    listener: str,
    http_listener: str,
    classic: str,
    one: OneDistribution,
    domain: Callable[..., None],
) -> None:
    domain(securityPolicy="TLS_1_0")
    for operation in REMEDIATION:
        aws.answers.setdefault((operation.service, operation.name), lambda _: None)
    for action in ACTIONS:
        arn = {
            "elb": listener,
            "classic-elb": classic,
            "cloudfront": one.arn,
            "api-gateway": DOMAIN,
        }[action.kind.aliases[0]]
        there_and_back(action, calls(aws, arn), demands(arn))
    called = {(call.service, call.operation) for call in aws.calls}
    assert called - {("sts", "AssumeRole")} == {(each.service, each.name) for each in REMEDIATION}
    printed = iam_policy({Feature.REMEDIATE}, more=REMEDIATION)["Statement"]
    allowed = {action for statement in printed for action in statement["Action"]}
    assert allowed == {each.action for each in REMEDIATION}
    (everywhere,) = (one["Action"] for one in printed if one["Resource"] == ["*"])
    assert all(":Describe" in action for action in everywhere)


@pytest.mark.parametrize("action", ACTIONS, ids=lambda one: one.setting)
def test_an_action_is_found_for_its_topics_alone(action: Action) -> None:
    def found(kind: ServerKind, *topics: Topic) -> Action | None:
        return action_of(Fix(kind=kind, topics=topics, demands=demands(None)))

    assert found(action.kind, *action.topics) is action
    assert found(action.kind, *action.topics, Topic.HSTS) is None
    with pytest.raises(RemediationError, match="no claim names the resource"):
        action.read(AwsCalls.__new__(AwsCalls), demands(None))
