"""Elastic Load Balancing: Classic Load Balancers, whose policies AWS lists attribute by attribute."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from discovery.cloud.aws.api import Answer, AwsApi
from discovery.cloud.aws.certificates import Certificates
from discovery.cloud.aws.resource import Resource
from discovery.cloud.tls_rules import known_version, offers, only_suites
from discovery.found import Location
from model.claims import Claim, ClaimedRule

_ENCRYPTED: Final = ("HTTPS", "SSL")
_PROTOCOL: Final = "Protocol-"
_REFERENCE: Final = "Reference-Security-Policy"


def read_classic_load_balancers(api: AwsApi) -> Iterator[Location]:
    """The encrypted listeners of all balancers."""
    certificates = Certificates(api)
    for balancer in api.each("elb.DescribeLoadBalancers"):
        for described in balancer.get("ListenerDescriptions", ()):
            listener = described["Listener"]
            if listener.get("Protocol", "").upper() in _ENCRYPTED and balancer.get("DNSName"):
                found = _resource(api, balancer)
                yield found.at(
                    balancer["DNSName"],
                    listener["LoadBalancerPort"],
                    _policy_claim(found, listener, described.get("PolicyNames", ())),
                    _certificate_claim(found, listener, certificates),
                )


def _resource(api: AwsApi, balancer: Answer) -> Resource:
    name = balancer["LoadBalancerName"]
    return Resource(
        api=api,
        kind="classic_load_balancer",
        name=name,
        arn=api.arn("elasticloadbalancing", f"loadbalancer/{name}"),
        more={"scheme": balancer.get("Scheme"), "vpc_id": balancer.get("VPCId")},
    )


def _policy_claim(found: Resource, listener: Answer, names: list[str]) -> Claim | None:
    """The listener's policy of negotiation; its other policies are about stickiness."""
    if not names:
        return None
    for policy in found.api.each(
        "elb.DescribeLoadBalancerPolicies", LoadBalancerName=found.name, PolicyNames=list(names)
    ):
        if policy.get("PolicyTypeName") != "SSLNegotiationPolicyType":
            continue
        values = {
            one["AttributeName"]: str(one.get("AttributeValue", ""))
            for one in policy.get("PolicyAttributeDescriptions", ())
        }
        rules = _rules(values)
        shown = values.get(_REFERENCE) or policy["PolicyName"]
        return found.claim(
            "elb_security_policy",
            f"listener {listener['LoadBalancerPort']} of {found.name} uses {shown}",
            "DescribeLoadBalancerPolicies",
            rules,
            ""
            if rules
            else "DescribeLoadBalancerPolicies lists no protocol version that is enabled",
        )
    return None


def _rules(values: dict[str, str]) -> tuple[ClaimedRule, ...]:
    enabled = [name for name, value in values.items() if value.lower() == "true"]
    named = [name.removeprefix(_PROTOCOL) for name in enabled if name.startswith(_PROTOCOL)]
    versions = [version for name in named if (version := known_version(name)) is not None]
    if not versions or len(versions) < len(named):
        return ()
    suites = [name for name in enabled if not name.startswith((_PROTOCOL, "Server-Defined"))]
    return (*offers(versions), *only_suites(suites))


def _certificate_claim(
    found: Resource, listener: Answer, certificates: Certificates
) -> Claim | None:
    arn = listener.get("SSLCertificateId")
    if not arn:
        return None
    said = f"listener {listener['LoadBalancerPort']} of {found.name} serves the certificate {arn}"
    return certificates.claim(found, arn, "elb_certificate", said, "DescribeLoadBalancers")
