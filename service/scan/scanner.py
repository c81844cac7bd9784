"""Probes what the user named, side by side, and writes it in the order given."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, TextIO

from exporters.terminal.console import ProgressLine
from model.clock import SystemClock
from model.observation import Observation
from model.target import Endpoint, Target
from model.version import TOOL_VERSION
from probe.visit.engine import Engine
from scheduling.resolve import resolve, unresolved
from service.scan.output import ScanOptions, ScanOutcome, write_observation
from service.scan.recording_file import RecordingFile
from service.scan.request import ScanRequest

_VISITS_AT_ONCE: Final = 16


async def scan_all(
    request: ScanRequest, options: ScanOptions, stream: TextIO, record_to: Path | None = None
) -> ScanOutcome:
    """Probe everything and write it to ``stream``; all that is said is recorded in ``record_to``, if any.

    Raises:
        BrokenPipeError: where the reader of ``stream`` has gone.
    """
    progress = _Progress(len(request.targets))
    visits = RecordingFile(request.settings, record_to) if record_to else None
    scanner = _Scanner(request, progress, visits)
    outcome = ScanOutcome()
    is_first = True
    try:
        async with asyncio.TaskGroup() as group:
            probes = [group.create_task(scanner.probe(target)) for target in request.targets]
            for probe in probes:
                for observation in await probe:
                    progress.line.clear()
                    write_observation(observation, options, outcome, stream, is_first=is_first)
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
