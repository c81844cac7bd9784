"""Why a waiver has no effect: its target, its labels or its rule match nothing that is there now."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from model.findings.finding import FindingStatus, Waiver
from model.findings.finding_life import covers_target, is_for
from model.findings.waiver_scope import everyday_names, targets_named, with_target_keys
from model.snapshot import EndpointStatus
from model.target import Target
from policy.judging.partial_results import listed
from policy.values import nearest


def scope_warning(
    waiver: Waiver, targets: Collection[Target], endpoint_keys: Collection[str] = ()
) -> str | None:
    """A sentence if the waiver covers none of ``targets``, with what may be meant; else None."""
    (exact,) = with_target_keys([waiver], targets)
    if exact.target in endpoint_keys:
        return None
    there = [target for target in targets if exact.target in (None, target.key)]
    if exact.target is not None and not there:
        return f"matches no finding: {_strange_target(exact.target, targets)}"
    if any(exact.labels.items() <= target.labels.items() for target in there):
        return None
    return f"matches no finding: {_strange_labels(exact, there)}"


def waiver_warning(
    waiver: Waiver, targets: Collection[Target], statuses: Sequence[EndpointStatus]
) -> str | None:
    """A sentence if the waiver matches no finding now, with what may be meant; else None."""
    keys = {status.observation.endpoint.key for status in statuses}
    warning = scope_warning(waiver, targets, keys)
    if warning is not None:
        return warning
    (exact,) = with_target_keys([waiver], targets)
    covered = [
        status
        for status in statuses
        if covers_target(exact, status.observation.endpoint.target, status.observation.endpoint.key)
    ]
    if not covered:
        return "matches no finding yet: its endpoints have not been visited"
    if number_waived(exact, covered):
        return None
    rules = {
        finding.result.rule
        for status in covered
        for finding in status.findings
        if finding.status is not FindingStatus.RESOLVED
        and exact.policy in (None, finding.result.policy)
    }
    return f"matches no finding: the open findings there are of {listed(sorted(rules))}"


def idle_waivers(
    waivers: Iterable[Waiver],
    targets: Collection[Target],
    statuses: Sequence[EndpointStatus],
    at: datetime,
) -> tuple[str, ...]:
    """A sentence for each waiver in force at an aware time that matches no finding."""
    in_force = [waiver for waiver in waivers if waiver.expires_at > at]
    found = ((one.name, waiver_warning(one, targets, statuses)) for one in in_force)
    return tuple(f"The waiver {name} {why}" for name, why in found if why is not None)


def number_waived(waiver: Waiver, statuses: Iterable[EndpointStatus]) -> int:
    """The number of unresolved findings that the waiver, with the key of its target, is for."""
    return sum(
        is_for(waiver, finding, status.observation.endpoint.target)
        for status in statuses
        for finding in status.findings
        if finding.status is not FindingStatus.RESOLVED
    )


def _strange_target(name: str, targets: Collection[Target]) -> str:
    meant = sorted(target.key for target in targets_named(name, targets))
    if meant:
        return f"the target {name!r} may be {listed(meant)}: use one of these names"
    names = [one for target in targets for one in (target.key, *everyday_names(target))]
    close = nearest(name, names)
    hint = f"did you mean {close}?" if close else "`tlsprobe inventory` lists the targets"
    return f"the target {name!r} is not in the inventory: {hint}"


def _strange_labels(waiver: Waiver, targets: Iterable[Target]) -> str:
    known = {f"{name}={text}" for target in targets for name, text in target.labels.items()}
    for name, text in sorted(waiver.labels.items()):
        label = f"{name}={text}"
        if label not in known:
            close = nearest(label, sorted(known))
            hint = f"did you mean {close}?" if close else "`tlsprobe inventory` lists the labels"
            return f"no target that it covers has the label {label}: {hint}"
    return "no target has all of its labels"
