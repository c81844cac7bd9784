"""The operations of AWS that a remediation calls: actions call by these, and the IAM policy of their role is made from them."""

from __future__ import annotations

from typing import Final

from discovery.cloud.aws.operation import Feature, Operation


def _called(
    service: str, name: str, action: str, resources: str = "*", gone: tuple[str, ...] = ()
) -> Operation:
    return Operation(
        service=service,
        name=name,
        action=action,
        feature=Feature.REMEDIATE,
        resources=(resources,),
        gone=gone,
    )


_LISTENERS: Final = "arn:{partition}:elasticloadbalancing:*:*:listener/*"
_CLASSIC_BALANCERS: Final = "arn:{partition}:elasticloadbalancing:*:*:loadbalancer/*"
_DISTRIBUTIONS: Final = "arn:{partition}:cloudfront::*:distribution/*"
_DOMAIN_NAMES: Final = "arn:{partition}:apigateway:*::/domainnames/*"

DESCRIBE_LISTENERS: Final = _called(
    "elbv2", "DescribeListeners", "elasticloadbalancing:DescribeListeners"
)
MODIFY_LISTENER: Final = _called(
    "elbv2", "ModifyListener", "elasticloadbalancing:ModifyListener", _LISTENERS
)
DESCRIBE_CLASSIC_BALANCERS: Final = _called(
    "elb", "DescribeLoadBalancers", "elasticloadbalancing:DescribeLoadBalancers"
)
DESCRIBE_CLASSIC_POLICIES: Final = _called(
    "elb", "DescribeLoadBalancerPolicies", "elasticloadbalancing:DescribeLoadBalancerPolicies"
)
CREATE_CLASSIC_POLICY: Final = _called(
    "elb",
    "CreateLoadBalancerPolicy",
    "elasticloadbalancing:CreateLoadBalancerPolicy",
    _CLASSIC_BALANCERS,
    gone=("DuplicatePolicyName",),
)
SET_CLASSIC_POLICIES: Final = _called(
    "elb",
    "SetLoadBalancerPoliciesOfListener",
    "elasticloadbalancing:SetLoadBalancerPoliciesOfListener",
    _CLASSIC_BALANCERS,
)
GET_DISTRIBUTION: Final = _called(
    "cloudfront", "GetDistribution", "cloudfront:GetDistribution", _DISTRIBUTIONS
)
UPDATE_DISTRIBUTION: Final = _called(
    "cloudfront", "UpdateDistribution", "cloudfront:UpdateDistribution", _DISTRIBUTIONS
)
GET_DOMAIN_NAME: Final = _called("apigateway", "GetDomainName", "apigateway:GET", _DOMAIN_NAMES)
UPDATE_DOMAIN_NAME: Final = _called(
    "apigateway", "UpdateDomainName", "apigateway:PATCH", _DOMAIN_NAMES
)

REMEDIATION: Final = (
    DESCRIBE_LISTENERS,
    MODIFY_LISTENER,
    DESCRIBE_CLASSIC_BALANCERS,
    DESCRIBE_CLASSIC_POLICIES,
    CREATE_CLASSIC_POLICY,
    SET_CLASSIC_POLICIES,
    GET_DISTRIBUTION,
    UPDATE_DISTRIBUTION,
    GET_DOMAIN_NAME,
    UPDATE_DOMAIN_NAME,
)
