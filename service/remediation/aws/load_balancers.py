"""Elastic Load Balancing: the security policy of a listener, and the redirect of the listener for HTTP.

The API has no condition for a write, so a listener is read immediately before.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from policy.remediation import Demands, Topic
from policy.remediation.aws.choice import LOAD_BALANCING, best_named_policy
from policy.remediation.aws.elb import AWS_ELB
from policy.remediation.aws.resources import load_balancer_of
from service.remediation.action import Action, Calls, RemediationError, State, resource_arn
from service.remediation.aws.operations import DESCRIBE_LISTENERS, MODIFY_LISTENER

_SAME_PLACE: Final = {"Host": "#{host}", "Path": "/#{path}", "Query": "#{query}"}
"""The rest of a redirect's address: AWS uses and gives back these where none is given."""


def _wanted_policy(demands: Demands) -> str | None:
    named, _ = best_named_policy(demands, LOAD_BALANCING)
    return None if named is None else named.name


def _read_policy(calls: Calls, demands: Demands) -> State:
    arn = resource_arn(demands)
    for listener in calls.call(DESCRIBE_LISTENERS, ListenerArns=[arn]).get("Listeners", ()):
        if listener["ListenerArn"] == arn and listener.get("SslPolicy"):
            return State(value=listener["SslPolicy"], resource=listener)
    raise RemediationError(f"the listener {arn} does not exist, or has no security policy")


def _write_policy(calls: Calls, state: State, value: str) -> None:
    calls.call(MODIFY_LISTENER, ListenerArn=state.resource["ListenerArn"], SslPolicy=value)


def _wanted_redirect(demands: Demands) -> str:
    redirect = {"Protocol": "HTTPS", "Port": str(demands.https_port), "StatusCode": "HTTP_301"}
    return _text([{"Type": "redirect", "RedirectConfig": redirect}])


def _read_actions(calls: Calls, demands: Demands) -> State:
    balancer = load_balancer_of(resource_arn(demands))
    for listener in calls.call(DESCRIBE_LISTENERS, LoadBalancerArn=balancer).get("Listeners", ()):
        if listener.get("Protocol") == "HTTP" and listener.get("Port") == demands.http_port:
            return State(value=_text(listener.get("DefaultActions", ())), resource=listener)
    raise RemediationError(f"{balancer} has no listener for HTTP on port {demands.http_port}")


def _write_actions(calls: Calls, state: State, value: str) -> None:
    calls.call(
        MODIFY_LISTENER,
        ListenerArn=state.resource["ListenerArn"],
        DefaultActions=json.loads(value),
    )


def _text(actions: Iterable[Mapping[str, Any]]) -> str:
    """The default actions as one text: with what AWS fills in, and without the order of a single action."""
    return json.dumps([_completed(one) for one in actions], sort_keys=True)


def _completed(action: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: value for name, value in action.items() if name != "Order"}
    if "RedirectConfig" in found:
        found["RedirectConfig"] = {**_SAME_PLACE, **found["RedirectConfig"]}
    return found


SECURITY_POLICY: Final = Action(
    kind=AWS_ELB,
    topics=frozenset({Topic.VERSIONS, Topic.SUITES, Topic.GROUPS}),
    setting="security policy",
    wanted=_wanted_policy,
    read=_read_policy,
    write=_write_policy,
)
HTTP_REDIRECT: Final = Action(
    kind=AWS_ELB,
    topics=frozenset({Topic.REDIRECT}),
    setting="default action of the listener for HTTP",
    wanted=_wanted_redirect,
    read=_read_actions,
    write=_write_actions,
)
