"""``tlsprobe policy test`` and ``match``: one host probed, and held against policies."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from exporters.terminal.console import ProgressLine, printable
from model.clock import SystemClock
from model.findings.finding import Outcome, RuleResult
from model.observation import Observation
from model.version import TOOL_VERSION
from policy.files.named_policies import named_policies, policies_that_give
from probe.visit.engine import Engine
from scheduling.resolve import resolve, unresolved
from service.cli.app import EXIT_NOT_ALL_TLS, EXIT_OK
from service.cli.scan import ScanOutcome
from service.judging.ci_gate import CiGate
from service.scan.request import ScanRequest

_TEXT_LIMIT: Final = 400
_ORDER: Final = (
    *(Outcome.FAIL, Outcome.UNKNOWN, Outcome.NOT_ASKED),
    *(Outcome.PASS, Outcome.NOT_APPLICABLE),
)
_WORDS: Final = {
    Outcome.FAIL: "FAIL",
    Outcome.UNKNOWN: "UNKNOWN",
    Outcome.NOT_ASKED: "not asked",
    Outcome.PASS: "pass",
    Outcome.NOT_APPLICABLE: "n/a",
}


async def try_policies(request: ScanRequest, gate: CiGate) -> ScanOutcome:
    """Prints the outcome of every rule for each address of the target."""
    outcome = ScanOutcome()
    for observation in await _visits(request):
        judged = gate.judge(observation, datetime.now(UTC))
        outcome.are_all_tls &= observation.answered_as_tls
        outcome.is_stopped |= gate.stops(judged)
        print(printable(observation.endpoint.key))
        results = sorted(judged.assessment.results, key=lambda one: _ORDER.index(one.outcome))
        for policy in judged.assessment.policies:
            print(f"  {policy}: {judged.assessment.compliance(policy).value}")
            for line in _lines([one for one in results if one.policy == policy]):
                print(line)
    return outcome


def _lines(results: list[RuleResult]) -> Iterator[str]:
    width = max((len(one.rule) for one in results), default=0)
    for one in results:
        observed = printable(one.observed, limit=_TEXT_LIMIT)
        yield f"    {_WORDS[one.outcome]:<9}  {one.severity.value:<8}  {one.rule:<{width}}  {observed}"


async def match_named_policies(request: ScanRequest) -> int:
    """Prints the policies of AWS that would give what is seen; the exit code."""
    code = EXIT_OK
    for observation in await _visits(request):
        if not observation.answered_as_tls:
            code = EXIT_NOT_ALL_TLS
        print(printable(observation.endpoint.key))
        for line in _matches(observation):
            print(f"  {printable(line)}")
    return code


def _matches(observation: Observation) -> Iterator[str]:
    found = policies_that_give(observation)
    for one in found.policies:
        doubt = f" (uncertain: {one.uncertain})" if one.uncertain else ""
        yield f"{one.name}: {one.product}{doubt}"
    if found.unknown:
        yield f"cannot be told: not learnt {', '.join(found.unknown)}"
    elif not found.policies:
        yield f"none of the {len(named_policies())} whose suites are published"


async def _visits(request: ScanRequest) -> list[Observation]:
    clock = SystemClock()
    engine = Engine(request.settings, clock)
    progress = ProgressLine(sys.stderr)
    observations: list[Observation] = []
    try:
        for target in request.targets:
            started_at = clock.now()
            found = await resolve(target)
            if not found.endpoints:
                failure = found.failure or f"{target.host} has no address"
                observations.append(unresolved(target, failure, started_at, TOOL_VERSION))
            visits = (engine.visit(endpoint, progress.show) for endpoint in found.endpoints)
            observations += await asyncio.gather(*visits)
    finally:
        progress.clear()
    return observations
