"""Judges one host by policies: every rule's outcome, or which named policies match the host."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import partial
from typing import Any, Final

from exporters.terminal.console import ProgressLine, printable
from exporters.wording import COMPLIANCE, OUTCOME_MARKS, OUTCOMES
from model.clock import SystemClock
from model.encoding.finding_json import rule_result_to_json
from model.findings.finding import RuleResult
from model.findings.judged import Judged
from model.observation import Observation
from policy.files.named_policies import named_policies, policies_that_give
from probe.visit.engine import Engine
from scheduling.scan import Scan
from service.scan.request import ScanRequest

_TEXT_LIMIT: Final = 400
_ORDER: Final = tuple(OUTCOMES)


def trial_lines(observation: Observation, judged: Judged) -> Iterator[str]:
    """The outcome of every rule of each policy for one address; server-chosen text is escaped."""
    yield printable(observation.endpoint.key)
    results = sorted(judged.assessment.results, key=lambda one: _ORDER.index(one.outcome))
    for policy in judged.assessment.policies:
        yield f"  {policy}: {COMPLIANCE[judged.assessment.compliance(policy)]}"
        yield from _lines([one for one in results if one.policy == policy])


def trial_to_json(observation: Observation, judged: Judged) -> dict[str, Any]:
    """The same as JSON values, without evidence."""
    assessment = judged.assessment
    return {
        "endpoint": observation.endpoint.key,
        "reason": observation.reason,
        "policies": [
            {
                "policy": policy,
                "compliance": assessment.compliance(policy).value,
                "results": [
                    rule_result_to_json(one, with_evidence=False)
                    for one in assessment.results
                    if one.policy == policy
                ],
            }
            for policy in assessment.policies
        ],
    }


def _lines(results: list[RuleResult]) -> Iterator[str]:
    width = max((len(one.rule_label) for one in results), default=0)
    for one in results:
        text = printable(one.violation or one.observed, limit=_TEXT_LIMIT)
        head = f"{OUTCOME_MARKS[one.outcome]:<9}  {one.severity.value:<8}"
        yield f"    {head}  {one.rule_label:<{width}}  {text}"


def match_lines(observation: Observation) -> Iterator[str]:
    """The AWS policies whose results would be those of one address; server-chosen text is escaped."""
    yield printable(observation.endpoint.key)
    yield from (f"  {printable(line)}" for line in _matches(observation))


def match_to_json(observation: Observation) -> dict[str, Any]:
    """The same as JSON values; ``unknown`` are the facts without which nothing can be decided."""
    found = policies_that_give(observation)
    return {
        "endpoint": observation.endpoint.key,
        "reason": observation.reason,
        "policies": [
            {"policy": one.name, "product": one.product, "uncertain": one.uncertain or None}
            for one in found.policies
        ],
        "unknown": list(found.unknown),
    }


def _matches(observation: Observation) -> Iterator[str]:
    found = policies_that_give(observation)
    for one in found.policies:
        doubt = f" (uncertain: {one.uncertain})" if one.uncertain else ""
        yield f"{one.name}: {one.product}{doubt}"
    if found.unknown:
        yield f"cannot be decided, not known: {', '.join(found.unknown)}"
    elif not found.policies:
        yield f"none of the {len(named_policies())} policies with published suites"


async def observe(request: ScanRequest) -> list[Observation]:
    """One Observation for each address of each target, with a progress line on a terminal."""
    clock = SystemClock()
    engine = Engine(request.settings, clock)
    progress = ProgressLine(sys.stderr)
    scan = Scan(partial(engine.visit, on_progress=progress.show), clock, request.family)
    try:
        return [one for target in request.targets for one in await scan.probe(target)]
    finally:
        progress.clear()
