"""``tlsprobe scan``: probes what the user named, side by side, and prints it in the order given."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from exporters.terminal.console import ProgressLine, report_width, wants_colour
from exporters.terminal.scan_report import render_report
from model.clock import SystemClock
from model.encoding.finding_json import finding_to_json
from model.encoding.observation_json import to_json
from model.encoding.remediation_json import remedy_to_json
from model.observation import Observation
from model.target import Endpoint, Target
from model.version import TOOL_VERSION
from probe.visit.engine import Engine
from scheduling.resolve import resolve, unresolved
from service.cli.app import EXIT_FINDINGS, EXIT_NOT_ALL_TLS, EXIT_OK
from service.scan.recording_file import RecordingFile
from service.scan.request import ScanRequest

if TYPE_CHECKING:
    # Whoever names no policy does not wait for all that policies need.
    from service.judging.ci_gate import CiGate, Judged

_VISITS_AT_ONCE: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanOptions:
    """How to print: reports, or JSON lines with or without evidence; where to record, if at all.

    ``gate`` is what to judge by, where the user named a policy.
    """

    as_json: bool
    with_evidence: bool
    no_colour: bool
    record_to: Path | None = None
    gate: CiGate | None = None


@dataclass(slots=True, kw_only=True)
class ScanOutcome:
    """What all that was printed comes to."""

    are_all_tls: bool = True
    is_stopped: bool = False

    @property
    def exit_code(self) -> int:
        """Findings count for more than an endpoint that does not answer."""
        if self.is_stopped:
            return EXIT_FINDINGS
        return EXIT_OK if self.are_all_tls else EXIT_NOT_ALL_TLS


async def scan_all(request: ScanRequest, options: ScanOptions) -> ScanOutcome:
    """Probe and print everything.

    Raises:
        BrokenPipeError: where the reader of standard output has gone.
    """
    progress = _Progress(len(request.targets))
    visits = RecordingFile(request.settings, options.record_to) if options.record_to else None
    scanner = _Scanner(request, progress, visits)
    outcome = ScanOutcome()
    is_first = True
    try:
        async with asyncio.TaskGroup() as group:
            probes = [group.create_task(scanner.probe(target)) for target in request.targets]
            for probe in probes:
                for observation in await probe:
                    progress.line.clear()
                    print_observation(observation, options, outcome, is_first=is_first)
                    is_first = False
    except ExceptionGroup as failures:
        # The reader's going is an ordinary end, to be told by its own name.
        if gone := failures.subgroup(BrokenPipeError):
            raise BrokenPipeError from gone
        raise
    finally:
        progress.line.clear()
    return outcome


class _Scanner:
    """Probes targets, so many endpoints at a time."""

    def __init__(
        self, request: ScanRequest, progress: _Progress, recorder: RecordingFile | None
    ) -> None:
        self._clock = SystemClock()
        self._engine = Engine(request.settings, self._clock)
        self._family = request.family
        self._recorder = recorder
        self._progress = progress
        self._at_once = asyncio.Semaphore(_VISITS_AT_ONCE)

    async def probe(self, target: Target) -> Sequence[Observation]:
        """One Observation for each address, in the resolver's order."""
        started_at = self._clock.now()
        resolution = await resolve(target, family=self._family)
        if not resolution.endpoints:
            failure = resolution.failure or f"{target.host} has no address"
            observations = [unresolved(target, failure, started_at, TOOL_VERSION)]
        else:
            async with asyncio.TaskGroup() as group:
                visits = [
                    group.create_task(self._visit(endpoint)) for endpoint in resolution.endpoints
                ]
            observations = [visit.result() for visit in visits]
        self._progress.target_done()
        return observations

    async def _visit(self, endpoint: Endpoint) -> Observation:
        def say(phrase: str) -> None:
            self._progress.say(f"{endpoint.key}: {phrase}")

        async with self._at_once:
            if self._recorder is not None:
                return await self._recorder.visit(endpoint, say)
            return await self._engine.visit(endpoint, say)


class _Progress:
    """How many of the targets are done, and what was begun last."""

    def __init__(self, targets: int) -> None:
        self.line = ProgressLine(sys.stderr)
        self._targets = targets
        self._done = 0

    def say(self, text: str) -> None:
        self.line.show(f"{self._done} of {self._targets} done; {text}")

    def target_done(self) -> None:
        self._done += 1


def print_observation(
    observation: Observation, options: ScanOptions, outcome: ScanOutcome, *, is_first: bool
) -> None:
    """One Observation on standard output, as the options have it; adds to what it all comes to."""
    now = datetime.now(UTC)
    judged = None if options.gate is None else options.gate.judge(observation, now)
    outcome.are_all_tls &= observation.answered_as_tls
    if options.gate is not None and judged is not None:
        outcome.is_stopped |= options.gate.stops(judged)
    if options.as_json:
        line = _to_line(observation, judged, with_evidence=options.with_evidence)
        print(line, flush=True)
        return
    report = render_report(
        observation,
        now,
        colour=wants_colour(sys.stdout, refused=options.no_colour),
        width=report_width(),
        judged=None if judged is None else judged.for_a_person(),
    )
    print(report if is_first else f"\n{report}", end="", flush=True)


def _to_line(observation: Observation, judged: Judged | None, *, with_evidence: bool) -> str:
    fields = to_json(observation, with_evidence=with_evidence)
    if judged is not None:
        fields["compliance"] = {
            policy: judged.assessment.compliance(policy).value
            for policy in judged.assessment.policies
        }
        fields["findings"] = [
            finding_to_json(finding, with_evidence=with_evidence)
            | {"remedy": remedy_to_json(judged.remedies.get(finding.fingerprint))}
            for finding in judged.findings
        ]
    line = json.dumps(fields, separators=(",", ":"))
    # json escapes all that is not ASCII and all controls but this one.
    return line.replace("\x7f", "\\u007f")
