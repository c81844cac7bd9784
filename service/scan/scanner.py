"""Probes the user's targets in parallel, and writes the results in the given order."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TextIO

from exporters.terminal.console import ProgressLine
from model.clock import SystemClock
from model.observation import Observation
from model.ports import Clock
from model.target import Endpoint
from probe.visit.engine import Engine
from scheduling.scan import Scan
from service.scan.output import ScanOptions, ScanOutcome, load_writer, write_observation
from service.scan.request import ScanRequest


async def scan_all(
    request: ScanRequest, options: ScanOptions, stream: TextIO, record_to: Path | None = None
) -> ScanOutcome:
    """Probe everything and write it to ``stream``; the conversations are recorded in ``record_to``, if given.

    Raises:
        BrokenPipeError: if the reader of ``stream`` is gone.
    """
    progress = _Progress(len(request.targets))
    clock = SystemClock()
    scan = Scan(_visit_by(request, clock, progress, record_to), clock, request.family)
    outcome = ScanOutcome()
    is_first = True
    try:
        async with asyncio.TaskGroup() as group:
            probes = [group.create_task(scan.probe(target)) for target in request.targets]
            for probe in probes:
                probe.add_done_callback(progress.target_done)
            # What writes the results loads while the first answers are on their way.
            group.create_task(asyncio.to_thread(load_writer, options))
            for probe in probes:
                for observation in await probe:
                    progress.line.clear()
                    write_observation(observation, options, outcome, stream, is_first=is_first)
                    is_first = False
    except ExceptionGroup as failures:
        # A closed pipe is an ordinary end: raise it without the exception group.
        if gone := failures.subgroup(BrokenPipeError):
            raise BrokenPipeError from gone
        raise
    finally:
        progress.line.clear()
    return outcome


def _visit_by(
    request: ScanRequest, clock: Clock, progress: _Progress, record_to: Path | None
) -> Callable[[Endpoint], Awaitable[Observation]]:
    """The visit function of the engine, or of a recording file; its steps appear on the progress line."""
    # Build the engine in any case: it rejects invalid settings.
    engine = Engine(request.settings, clock)
    visit_with: Callable[[Endpoint, Callable[[str], None]], Awaitable[Observation]] = engine.visit
    if record_to is not None:
        from service.scan.recording_file import RecordingFile

        visit_with = RecordingFile(request.settings, record_to).visit

    def visit(endpoint: Endpoint) -> Awaitable[Observation]:
        return visit_with(endpoint, lambda phrase: progress.say(f"{endpoint.key}: {phrase}"))

    return visit


class _Progress:
    """How many of the targets are done, and which one was started last."""

    def __init__(self, targets: int) -> None:
        self.line = ProgressLine(sys.stderr)
        self._targets = targets
        self._done = 0

    def say(self, text: str) -> None:
        self.line.show(f"{self._done} of {self._targets} done; {text}")

    def target_done(self, _: object) -> None:
        self._done += 1
