"""API Gateway: the security policy of a custom domain name, among the two that every API can have.

Enhanced policies exclude mutual TLS and HTTP APIs, and need a mode of access: a person decides about them.
"""

from __future__ import annotations

from typing import Final

from policy.remediation import Demands, Topic
from policy.remediation.aws.api_gateway import API_GATEWAY, LEGACY, security_policy
from policy.remediation.aws.resources import last_name
from service.remediation.action import Action, Calls, RemediationError, State, resource_arn
from service.remediation.aws.operations import GET_DOMAIN_NAME, UPDATE_DOMAIN_NAME

_LEGACY: Final = (LEGACY, "TLS_1_0")


def _wanted(demands: Demands) -> str | None:
    policy = security_policy(demands)
    return policy if policy == LEGACY else None


def _read(calls: Calls, demands: Demands) -> State:
    answer = calls.call(GET_DOMAIN_NAME, domainName=last_name(resource_arn(demands)))
    value = str(answer.get("securityPolicy", ""))
    if value not in _LEGACY:
        raise RemediationError(
            f"the domain name has the security policy {value or '(none)'}: change it by hand"
        )
    is_deployed = answer.get("domainNameStatus", "AVAILABLE") == "AVAILABLE"
    return State(value=value, resource=answer, is_deployed=is_deployed)


def _write(calls: Calls, state: State, value: str) -> None:
    calls.call(
        UPDATE_DOMAIN_NAME,
        domainName=state.resource["domainName"],
        patchOperations=[{"op": "replace", "path": "/securityPolicy", "value": value}],
    )


DOMAIN_NAME_POLICY: Final = Action(
    kind=API_GATEWAY,
    topics=frozenset({Topic.VERSIONS}),
    setting="security policy",
    wanted=_wanted,
    read=_read,
    write=_write,
)
