"""Elastic Load Balancing: Application and Network Load Balancers.

Only a listener of HTTPS or TLS has a security policy. The HTTP listener that redirects to it is a claim about
the same target: the labels ``http`` and ``http_port`` make the visit ask for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from discovery.cloud.aws.api import Answer, AwsApi
from discovery.cloud.aws.certificates import Certificates
from discovery.cloud.aws.resource import Resource, tags_of
from discovery.cloud.tls_rules import (
    MUTUAL_TLS,
    claimed,
    known_version,
    offers,
    only_suites,
    post_quantum,
)
from discovery.found import Location
from model.claims import Claim, ClaimedRule
from model.protocol_version import ProtocolVersion
from model.target_labels import HTTP, HTTP_PORT

_ENCRYPTED: Final = ("HTTPS", "TLS")
_TAGS_AT_ONCE: Final = 20
_LISTENERS: Final = "DescribeListeners"


def read_load_balancers(api: AwsApi) -> Iterator[Location]:
    """The encrypted listeners of all balancers."""
    balancers = list(api.each("elbv2.DescribeLoadBalancers"))
    tags = _tags(api, [one["LoadBalancerArn"] for one in balancers])
    policies = security_policies(api) if balancers else {}
    certificates = Certificates(api)
    for balancer in balancers:
        arn = balancer["LoadBalancerArn"]
        listeners = list(api.each("elbv2.DescribeListeners", LoadBalancerArn=arn))
        redirects = {port: one for one in listeners for port in _redirected_to(one)}
        for listener in listeners:
            if listener.get("Protocol") in _ENCRYPTED and balancer.get("DNSName"):
                found = _resource(api, balancer, listener, tags.get(arn, {}))
                redirect = redirects.get(listener["Port"])
                yield found.at(
                    balancer["DNSName"],
                    listener["Port"],
                    _policy_claim(found, listener, policies),
                    _mutual_tls_claim(found, listener),
                    _certificate_claim(found, listener, certificates),
                    _redirect_claim(found, redirect),
                    labels={HTTP: "yes", HTTP_PORT: str(redirect["Port"])} if redirect else {},
                )


def security_policies(api: AwsApi) -> Mapping[str, tuple[ClaimedRule, ...]]:
    """What each predefined security policy of ELB means; none if they could not be read."""
    return {
        policy["Name"]: rules
        for policy in api.each("elbv2.DescribeSSLPolicies")
        if (rules := _policy_rules(policy))
    }


def _policy_rules(policy: Answer) -> tuple[ClaimedRule, ...]:
    named = [known_version(name) for name in policy.get("SslProtocols", ())]
    versions = [version for version in named if version is not None]
    if not versions or len(versions) < len(named):
        return ()
    suites = only_suites(one["Name"] for one in policy.get("Ciphers", ()))
    quantum = post_quantum(policy["Name"]) if ProtocolVersion.TLSV1_3 in versions else ()
    return (*offers(versions), *suites, *quantum)


def _tags(api: AwsApi, arns: Sequence[str]) -> dict[str, dict[str, str]]:
    return {
        one["ResourceArn"]: tags_of(one.get("Tags"))
        for start in range(0, len(arns), _TAGS_AT_ONCE)
        for one in api.each(
            "elbv2.DescribeTags", ResourceArns=list(arns[start : start + _TAGS_AT_ONCE])
        )
    }


def _resource(api: AwsApi, balancer: Answer, listener: Answer, tags: Mapping[str, str]) -> Resource:
    return Resource(
        api=api,
        kind="load_balancer",
        name=balancer.get("LoadBalancerName", ""),
        arn=listener["ListenerArn"],
        tags=tags,
        more={
            "load_balancer_arn": balancer["LoadBalancerArn"],
            "load_balancer_type": balancer.get("Type"),
            "scheme": balancer.get("Scheme"),
            "vpc_id": balancer.get("VpcId"),
        },
    )


def _named(found: Resource, listener: Answer) -> str:
    return f"listener {listener['Port']} of {found.name}"


def _policy_claim(
    found: Resource, listener: Answer, policies: Mapping[str, tuple[ClaimedRule, ...]]
) -> Claim | None:
    name = listener.get("SslPolicy")
    if not name:
        return None
    rules = policies.get(name, ())
    return found.claim(
        "elb_security_policy",
        f"{_named(found, listener)} uses {name}",
        _LISTENERS,
        rules,
        "" if rules else f"DescribeSSLPolicies does not say what {name} allows",
    )


def _mutual_tls_claim(found: Resource, listener: Answer) -> Claim | None:
    mutual: Mapping[str, Any] = listener.get("MutualAuthentication") or {}
    if mutual.get("Mode") != "verify":
        return None
    store = mutual.get("TrustStoreArn", "its trust store")
    said = f"{_named(found, listener)} verifies client certificates against {store}"
    return found.claim("elb_mutual_tls", said, _LISTENERS, MUTUAL_TLS)


def _certificate_claim(
    found: Resource, listener: Answer, certificates: Certificates
) -> Claim | None:
    """The first is the default certificate: clients get it for a name that no other certificate has."""
    for certificate in listener.get("Certificates", ())[:1]:
        arn = certificate["CertificateArn"]
        said = f"{_named(found, listener)} serves the certificate {arn}"
        return certificates.claim(found, arn, "elb_certificate", said, _LISTENERS)
    return None


def _redirect_claim(found: Resource, http: Answer | None) -> Claim | None:
    if http is None:
        return None
    said = f"{_named(found, http)} redirects HTTP to HTTPS"
    return found.claim("elb_https_redirect", said, _LISTENERS, [claimed("https_redirect")])


def _redirected_to(listener: Answer) -> Iterator[int]:
    """The port of HTTPS to which an HTTP listener redirects by default."""
    if listener.get("Protocol") != "HTTP":
        return
    for action in listener.get("DefaultActions", ()):
        redirect = action.get("RedirectConfig") or {}
        port = str(redirect.get("Port", ""))
        if redirect.get("Protocol") == "HTTPS" and port.isdecimal():
            yield int(port)
