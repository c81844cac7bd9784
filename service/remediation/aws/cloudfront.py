"""CloudFront: the minimum protocol of a distribution, and its redirect to HTTPS.

An update sends the whole configuration with the ETag of the one that was read: CloudFront refuses it if somebody
else has changed the distribution meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from policy.remediation import Demands, Topic
from policy.remediation.aws.choice import CLOUDFRONT, best_named_policy
from policy.remediation.aws.cloudfront import CLOUDFRONT_DISTRIBUTION, minimum_protocol
from policy.remediation.aws.resources import last_name
from service.remediation.action import Action, Calls, RemediationError, State, resource_arn
from service.remediation.aws.operations import GET_DISTRIBUTION, UPDATE_DISTRIBUTION

_VIEWERS: Final = "ViewerCertificate", "MinimumProtocolVersion"
_REDIRECT: Final = "DefaultCacheBehavior", "ViewerProtocolPolicy"


def _wanted_protocol(demands: Demands) -> str | None:
    named, _ = best_named_policy(demands, CLOUDFRONT)
    return None if named is None else minimum_protocol(named.name)


def _read_protocol(calls: Calls, demands: Demands) -> State:
    state = _read(calls, demands, _VIEWERS)
    if _configuration(state)["ViewerCertificate"].get("CloudFrontDefaultCertificate"):
        raise RemediationError(
            "the distribution has CloudFront's certificate, whose minimum protocol is fixed: give it a "
            "certificate of your own"
        )
    return state


def _read_redirect(calls: Calls, demands: Demands) -> State:
    return _read(calls, demands, _REDIRECT)


def _read(calls: Calls, demands: Demands, setting: tuple[str, str]) -> State:
    answer = calls.call(GET_DISTRIBUTION, Id=last_name(resource_arn(demands)))
    part, name = setting
    configuration = answer["Distribution"]["DistributionConfig"]
    return State(
        value=str((configuration.get(part) or {}).get(name, "")),
        resource=answer,
        is_deployed=answer["Distribution"].get("Status") == "Deployed",
    )


def _write_protocol(calls: Calls, state: State, value: str) -> None:
    _write(calls, state, _VIEWERS, value)


def _write_redirect(calls: Calls, state: State, value: str) -> None:
    _write(calls, state, _REDIRECT, value)


def _write(calls: Calls, state: State, setting: tuple[str, str], value: str) -> None:
    part, name = setting
    configuration = _configuration(state)
    calls.call(
        UPDATE_DISTRIBUTION,
        Id=state.resource["Distribution"]["Id"],
        IfMatch=state.resource["ETag"],
        DistributionConfig={**configuration, part: {**configuration[part], name: value}},
    )


def _configuration(state: State) -> Mapping[str, Any]:
    configuration: Mapping[str, Any] = state.resource["Distribution"]["DistributionConfig"]
    return configuration


MINIMUM_PROTOCOL: Final = Action(
    kind=CLOUDFRONT_DISTRIBUTION,
    topics=frozenset({Topic.VERSIONS, Topic.SUITES, Topic.GROUPS}),
    setting="minimum protocol",
    wanted=_wanted_protocol,
    read=_read_protocol,
    write=_write_protocol,
)
HTTPS_REDIRECT: Final = Action(
    kind=CLOUDFRONT_DISTRIBUTION,
    topics=frozenset({Topic.REDIRECT}),
    setting="viewer protocol policy of the default cache behaviour",
    wanted=lambda _: "redirect-to-https",
    read=_read_redirect,
    write=_write_redirect,
)
