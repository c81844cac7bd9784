"""Classic Load Balancers: the security policy of a listener, which is one of the policies that its balancer has.

A policy cannot be changed, so a new one is added to the balancer, and the listener gets it in place of the earlier
one. The API has no condition for a write, so the listener is read immediately before.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from policy.remediation import Demands, Topic
from policy.remediation.aws.classic_elb import (
    AWS_CLASSIC_ELB,
    NEGOTIATION,
    negotiation,
    policy_name,
)
from policy.remediation.aws.resources import last_name
from service.remediation.action import Action, Calls, RemediationError, State, resource_arn
from service.remediation.aws.operations import (
    CREATE_CLASSIC_POLICY,
    DESCRIBE_CLASSIC_BALANCERS,
    DESCRIBE_CLASSIC_POLICIES,
    SET_CLASSIC_POLICIES,
)


def _wanted(demands: Demands) -> str | None:
    attributes = negotiation(demands)
    return policy_name(attributes) if attributes else None


def _read(calls: Calls, demands: Demands) -> State:
    name, port = last_name(resource_arn(demands)), demands.https_port
    names = tuple(_listener(calls, name, port).get("PolicyNames", ()))
    of_tls = _negotiating(calls, name, names)
    if of_tls is None:
        raise RemediationError(f"the listener on port {port} of {name} has no security policy")
    place = {"LoadBalancerName": name, "LoadBalancerPort": port, "PolicyNames": names}
    return State(value=of_tls, resource={**place, "wanted": negotiation(demands)})


def _listener(calls: Calls, name: str | None, port: int) -> Mapping[str, Any]:
    answer = calls.call(DESCRIBE_CLASSIC_BALANCERS, LoadBalancerNames=[name])
    for balancer in answer.get("LoadBalancerDescriptions", ()):
        for described in balancer.get("ListenerDescriptions", ()):
            if described["Listener"].get("LoadBalancerPort") == port:
                listener: Mapping[str, Any] = described
                return listener
    raise RemediationError(f"{name} has no listener on port {port}")


def _negotiating(calls: Calls, name: str | None, names: tuple[str, ...]) -> str | None:
    """The policy among ``names`` that decides about TLS; without names, AWS would list all of the balancer."""
    if not names:
        return None
    answer = calls.call(DESCRIBE_CLASSIC_POLICIES, LoadBalancerName=name, PolicyNames=list(names))
    for policy in answer.get("PolicyDescriptions", ()):
        if policy.get("PolicyTypeName") == NEGOTIATION:
            return str(policy["PolicyName"])
    return None


def _write(calls: Calls, state: State, value: str) -> None:
    place, attributes = dict(state.resource), state.resource["wanted"]
    del place["wanted"]
    if attributes and value == policy_name(attributes):
        calls.call(
            CREATE_CLASSIC_POLICY,
            LoadBalancerName=place["LoadBalancerName"],
            PolicyName=value,
            PolicyTypeName=NEGOTIATION,
            PolicyAttributes=[
                {"AttributeName": one, "AttributeValue": text} for one, text in attributes.items()
            ],
        )
    others = [one for one in place.pop("PolicyNames") if one != state.value]
    calls.call(SET_CLASSIC_POLICIES, **place, PolicyNames=[*others, value])


CLASSIC_SECURITY_POLICY: Final = Action(
    kind=AWS_CLASSIC_ELB,
    topics=frozenset({Topic.VERSIONS, Topic.SUITES}),
    setting="security policy of the listener",
    wanted=_wanted,
    read=_read,
    write=_write,
)
