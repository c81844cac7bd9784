"""Classic Load Balancers, by CLI, Terraform and CloudFormation: a listener has a security policy of its own.

AWS's predefined policies all have suites without forward secrecy, so the lines make a custom policy. It has no TLS 1.3,
which Classic Load Balancers do not speak.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Final

from model.protocol_version import ProtocolVersion
from model.registry import cipher_suite_by_name
from policy.files.named_policies import named_policies
from policy.remediation.aws.resources import in_command, last_name
from policy.remediation.demands import Demands
from policy.remediation.openssl_names import LABELS
from policy.remediation.setting import ServerKind, Setting, Topic

NEGOTIATION: Final = "SSLNegotiationPolicyType"
"""The type of a policy that decides about TLS; policies of other types are about stickiness."""
_WIDEST: Final = "ELBSecurityPolicy-2016-08"
"""Has every suite that Classic Load Balancers offer by a predefined policy of today."""
_PLACE: Final = "by the AWS CLI, or in Terraform or CloudFormation"
_DIGITS: Final = 12


def negotiation(demands: Demands) -> Mapping[str, str]:
    """The attributes of a policy that meets the demands; empty if a Classic Load Balancer cannot meet them."""
    known = named_policies()[_WIDEST].cipher_suites
    suites = [cipher_suite_by_name(name) for name in demands.suites if name in known]
    names = [suite.openssl_name for suite in suites if suite is not None]
    versions = [LABELS[one] for one in demands.versions if one < ProtocolVersion.TLSV1_3]
    if not names or not versions:
        return {}
    chosen = [*(f"Protocol-{version}" for version in versions), *names]
    if demands.server_decides is not False:
        chosen.append("Server-Defined-Cipher-Order")
    return dict.fromkeys(chosen, "true")


def policy_name(attributes: Mapping[str, str]) -> str:
    """The name of the policy with these attributes: the same for the same ones, because policies cannot be changed."""
    digest = hashlib.sha256("\n".join(sorted(attributes)).encode()).hexdigest()
    return f"tlsprobe-{digest[:_DIGITS]}"


def _settings(demands: Demands) -> Iterator[Setting]:
    attributes = negotiation(demands)
    if attributes:
        lines = tuple(_lines(demands, attributes))
        for topic in (Topic.VERSIONS, Topic.SUITES):
            yield Setting(topic=topic, place=_PLACE, lines=lines)


def _lines(demands: Demands, attributes: Mapping[str, str]) -> Iterator[str]:
    balancer = in_command(last_name(demands.resource), "LOAD_BALANCER")
    name = policy_name(attributes)
    given = " ".join(f"AttributeName={one},AttributeValue=true" for one in attributes)
    yield (
        f"aws elb create-load-balancer-policy --load-balancer-name {balancer} --policy-name {name} "
        f"--policy-type-name {NEGOTIATION} --policy-attributes {given}"
    )
    yield (
        f"aws elb set-load-balancer-policies-of-listener --load-balancer-name {balancer} "
        f"--load-balancer-port {demands.https_port} --policy-names {name}"
    )
    yield "# The last command replaces all policies of the listener: also name those that it has for stickiness."
    yield '# Terraform, in resource "aws_load_balancer_policy", whose name aws_load_balancer_listener_policy lists:'
    yield f'policy_name      = "{name}"'
    yield f'policy_type_name = "{NEGOTIATION}"'
    for one in attributes:
        yield "policy_attribute {"
        yield f'  name  = "{one}"'
        yield '  value = "true"'
        yield "}"
    yield "# CloudFormation, in Policies of AWS::ElasticLoadBalancing::LoadBalancer; PolicyNames of the listener lists it:"
    yield f"- PolicyName: {name}"
    yield f"  PolicyType: {NEGOTIATION}"
    yield "  Attributes:"
    for one in attributes:
        yield f"    - Name: {one}"
        yield '      Value: "true"'
    yield "# Clients without these versions and suites are refused. Classic Load Balancers have no TLS 1.3."


AWS_CLASSIC_ELB: Final = ServerKind(
    name="Classic Load Balancer",
    aliases=("classic-elb", "clb"),
    write=_settings,
    arns=("elasticloadbalancing:loadbalancer/",),
    newest=ProtocolVersion.TLSV1_2,
    successor="an Application or Network Load Balancer",
)
