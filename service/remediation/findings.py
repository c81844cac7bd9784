"""The open findings of a database, each with what fixes it: lines for a person, and an action where there is one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from model.findings.finding import Finding, FindingStatus, Outcome
from model.findings.remediation import Remediation
from model.frozen import frozen
from model.snapshot import EndpointStatus, Snapshot
from model.target import Endpoint
from policy import Policy
from policy.remediation import fix_of, lines_of, obstacle_of
from service.remediation.action import RemediationError
from service.remediation.catalogue import action_of
from service.remediation.change import Change

_SHORTEST: Final = 6


@frozen
class Plan:
    """What fixes a finding: ``lines``, and the ``change`` that ``--apply`` makes, each None if there is none.

    ``concerned`` are all known endpoints of the resource that the change is about. ``obstacle`` says why there are no lines, as
    a clause, if that is known.
    """

    finding: Finding
    lines: Remediation | None
    change: Change | None
    concerned: tuple[Endpoint, ...] = ()
    obstacle: str | None = None

    @property
    def means(self) -> str:
        """What there is for the finding, in a word or two."""
        if self.change is not None:
            return "apply"
        return "by hand" if self.lines is None else "plan"


def open_findings(snapshot: Snapshot) -> Iterator[tuple[EndpointStatus, Finding]]:
    """The proved violations that are not waived, worst first."""
    found = (
        (status, finding)
        for status in snapshot.endpoints
        for finding in status.findings
        if finding.status is FindingStatus.OPEN and finding.result.outcome is Outcome.FAIL
    )
    yield from sorted(found, key=lambda one: (-one[1].result.severity.rank, one[1].endpoint_key))


def find_finding(snapshot: Snapshot, beginning: str) -> tuple[EndpointStatus, Finding]:
    """The open finding whose fingerprint begins so; raises RemediationError if it is not exactly one."""
    wanted = beginning.lower()
    if len(wanted) < _SHORTEST:
        raise RemediationError(f"{beginning!r} is too short: use at least {_SHORTEST} characters")
    found = [one for one in open_findings(snapshot) if one[1].fingerprint.startswith(wanted)]
    if not found:
        raise RemediationError(
            f"no open finding begins with {beginning!r}: `tlsprobe remediate` without a finding lists all"
        )
    if len(found) > 1:
        raise RemediationError(f"{len(found)} findings begin with {beginning!r}: add characters")
    return found[0]


def plan_of(
    status: EndpointStatus, finding: Finding, snapshot: Snapshot, policies: Sequence[Policy]
) -> Plan:
    """What fixes the finding at its endpoint so that all policies are met."""
    fix = fix_of(status.observation, finding.result, policies)
    if fix is None:
        obstacle = obstacle_of(status.observation, finding.result, policies)
        return Plan(finding=finding, lines=None, change=None, obstacle=obstacle)
    lines, action = lines_of(fix), action_of(fix)
    value = None if action is None else action.wanted(fix.demands)
    resource = fix.demands.resource
    if action is None or value is None or resource is None:
        return Plan(finding=finding, lines=lines, change=None)
    change = Change(
        finding=finding, action=action, demands=fix.demands, value=value, resource=resource
    )
    concerned = tuple(
        one.observation.endpoint
        for one in snapshot.endpoints
        if any(claim.resource == resource for claim in one.observation.endpoint.target.claims)
    )
    return Plan(finding=finding, lines=lines, change=change, concerned=concerned)
