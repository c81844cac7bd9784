"""Probes the user's targets in parallel, and writes the results in the given order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from pathlib import Path
from typing import TextIO, TypeAlias

from model.clock import SystemClock
from model.observation import Observation
from model.ports import Clock
from model.target import Endpoint, Target
from probe.visit.engine import Engine
from scheduling.scan import Scan
from service.scan.output import ScanOptions, ScanOutcome, ScanOutput
from service.scan.progress import Progress, Step
from service.scan.request import ScanInputError, ScanRequest

Observations: TypeAlias = Sequence[Observation]


async def scan_all(
    request: ScanRequest, options: ScanOptions, stream: TextIO, record_to: Path | None = None
) -> ScanOutcome:
    """Probe everything and write it to ``stream``; the conversations are recorded in ``record_to``, if given.

    If it is cancelled, it first writes what is known by then.

    Raises:
        BrokenPipeError: if the reader of ``stream`` is gone.
        ScanInputError: if the service that the request names refuses.
    """
    progress = Progress(len(request.targets))
    clock = SystemClock()
    probe_one = _probe_by(request, clock, progress, record_to)
    output = ScanOutput(options, stream)

    def write(observations: Observations) -> None:
        progress.line.clear()
        for observation in observations:
            output.write(observation)

    try:
        async with asyncio.TaskGroup() as group:
            probes = [group.create_task(probe_one(target)) for target in request.targets]
            for probe in probes:
                probe.add_done_callback(progress.target_done)
            # What writes the results loads while the first answers are on their way.
            group.create_task(asyncio.to_thread(output.load))
            await _write_in_order(probes, write)
    except ExceptionGroup as failures:
        # A closed pipe is an ordinary end: raise it without the exception group.
        if gone := failures.subgroup(BrokenPipeError):
            raise BrokenPipeError from gone
        if refused := failures.subgroup(ScanInputError):
            raise refused.exceptions[0] from failures
        raise
    except asyncio.CancelledError:
        output.end()
        raise
    finally:
        progress.line.clear()
    output.end()
    return output.outcome


async def _write_in_order(
    probes: Iterable[asyncio.Task[Observations]], write: Callable[[Observations], None]
) -> None:
    """Writes each result in its turn; on cancellation, all that are finished."""
    left = deque(probes)
    try:
        while left:
            write(await left[0])
            left.popleft()
    except asyncio.CancelledError:
        for probe in left:
            if probe.done() and not probe.cancelled() and probe.exception() is None:
                write(probe.result())
        raise


def _probe_by(
    request: ScanRequest, clock: Clock, progress: Progress, record_to: Path | None
) -> Callable[[Target], Coroutine[None, None, Observations]]:
    """What probes a target: this process, or the service that the request names."""
    if request.service is None:
        return Scan(_visit_by(request, clock, progress, record_to), clock, request.family).probe
    from service.scan.service_client import ServiceClient

    client = ServiceClient(request.service)
    return lambda target: client.probe(target, progress.say)


def _visit_by(
    request: ScanRequest, clock: Clock, progress: Progress, record_to: Path | None
) -> Callable[[Endpoint], Awaitable[Observation]]:
    """The visit function of the engine, or of a recording file; its steps appear on the progress line."""
    # Build the engine in any case: it rejects invalid settings.
    engine = Engine(request.settings, clock)
    visit_with: Callable[[Endpoint, Step | None], Awaitable[Observation]] = engine.visit
    if record_to is not None:
        from service.scan.recording_file import RecordingFile

        visit_with = RecordingFile(request.settings, record_to).visit

    def visit(endpoint: Endpoint) -> Awaitable[Observation]:
        return visit_with(endpoint, progress.of(endpoint))

    return visit
