"""Probes the targets of a scan again and again, and shows what changes.

An endpoint that answered is verified with few connections; it is asked everything again only if something
differs. A watch that lasts for days stores two Observations of each endpoint and the newest changes of all.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Sequence
from datetime import UTC, datetime
from typing import Final, NoReturn, TextIO

from exporters.plurals import counted
from exporters.terminal.console import LiveScreen, can_move_cursor, printable
from exporters.terminal.scan_report import SummaryLine, render_brief, render_summary
from exporters.terminal.scan_report.form import form_for
from model.clock import SystemClock
from model.differences import differences, known_facts
from model.frozen import frozen
from model.observation import Observation
from model.target import Endpoint
from probe.visit.engine import Engine
from scheduling.scan import Scan
from service.scan.output import ScanOptions
from service.scan.progress import Progress
from service.scan.request import ScanRequest
from service.scan.text_output import graded

MOST_CHANGES: Final = 20
"""The changes that are stored and shown."""
_LIMIT: Final = 300


@frozen
class _Watched:
    """What is known about one endpoint.

    ``known`` has the last known value of every fact, ``verifiable`` is the newest visit that was answered, and
    ``line`` says how the endpoint is now.
    """

    known: Observation
    verifiable: Observation | None
    line: SummaryLine


async def watch_all(
    request: ScanRequest, options: ScanOptions, stream: TextIO, every_seconds: float
) -> NoReturn:
    """Probe all targets every ``every_seconds`` until this is cancelled; it then writes what is known.

    Raises:
        BrokenPipeError: if the reader of ``stream`` is gone.
    """
    watch = _Watch(request, options, stream)
    clock = asyncio.get_running_loop()
    try:
        while True:
            due = clock.time() + every_seconds
            await watch.probe_all()
            watch.show(f"next in {max(due - clock.time(), 0):.0f} s; Ctrl-C ends")
            await asyncio.sleep(max(due - clock.time(), 0))
    except asyncio.CancelledError:
        watch.end()
        raise


class _Watch:
    """The endpoints that are watched, and where they are shown."""

    def __init__(self, request: ScanRequest, options: ScanOptions, stream: TextIO) -> None:
        self._targets = request.targets
        self._gate = options.gate
        self._form = form_for(stream, no_colour=options.no_colour)
        self._stream = stream
        self._screen = LiveScreen(stream) if can_move_cursor(stream) else None
        self._engine = Engine(request.settings, SystemClock())
        self._scan = Scan(self._visit, SystemClock(), request.family)
        self._watched: dict[str, _Watched] = {}
        self._changes: deque[str] = deque(maxlen=MOST_CHANGES)
        self._rounds = 0
        self._status = ""
        self._progress = Progress(len(self._targets))

    async def probe_all(self) -> None:
        """Probe each endpoint once, and write what changed as soon as it is known."""
        self._progress = Progress(len(self._targets))
        probes = [asyncio.create_task(self._scan.probe(target)) for target in self._targets]
        seen: set[str] = set()
        connections = 0
        try:
            for probe in asyncio.as_completed(probes):
                for observation in await probe:
                    seen.add(observation.endpoint.key)
                    connections += observation.cost.connections
                    self._take(observation)
                self._progress.target_done()
        finally:
            self._progress.line.clear()
            for one in probes:
                one.cancel()
            await asyncio.gather(*probes, return_exceptions=True)
        for key in self._watched.keys() - seen:
            gone = self._watched.pop(key)
            self._note(f"{gone.line.endpoint}: its name no longer has this address")
        self._rounds += 1
        self._status = f"{counted(self._rounds, 'round')}, {counted(connections, 'connection')}"

    def show(self, status: str) -> None:
        """Draw the terminal again; other output has only lines about changes."""
        if self._screen is not None:
            newest = [*reversed(self._changes)] or ["no changes"]
            self._screen.show(self._table(), newest, f"{_now_text()}: {self._status}; {status}")

    def end(self) -> None:
        """Write what is known."""
        if not self._watched:
            return
        if self._screen is None:
            self._put(f"\n{self._table()}")
        else:
            self._screen.leave("\n".join((self._table(), *reversed(self._changes), "")))

    def _visit(self, endpoint: Endpoint) -> Awaitable[Observation]:
        watched = self._watched.get(endpoint.key)
        known = None if watched is None else watched.verifiable
        return self._engine.visit(endpoint, self._progress.of(endpoint), known=known)

    def _take(self, observation: Observation) -> None:
        """Add one visit to what is known, and note what it changed."""
        key, now = observation.endpoint.key, datetime.now(UTC)
        judged = None if self._gate is None else self._gate.judge(observation, now)
        line = SummaryLine.of(observation, now, grade=graded(observation, now), judged=judged)
        earlier = self._watched.get(key)
        self._watched[key] = _watched(observation, earlier, line)
        if earlier is not None:
            for change in differences(earlier.known, observation):
                self._note(f"{line.endpoint}: {change.sentence}")
        elif self._rounds:
            self._note(f"{line.endpoint}: its name has this address now")
        elif self._screen is None:
            self._put(render_brief(line, self._form))

    def _note(self, sentence: str) -> None:
        text = printable(f"{_now_text()}  {sentence}", limit=_LIMIT)
        self._changes.append(text)
        if self._screen is None:
            self._put(f"{text}\n")

    def _table(self) -> str:
        return render_summary((one.line for one in self._watched.values()), self._form)

    def _put(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


def _watched(seen: Observation, earlier: _Watched | None, line: SummaryLine) -> _Watched:
    visits: Sequence[Observation] = (seen,) if earlier is None else (seen, earlier.known)
    before = None if earlier is None else earlier.verifiable
    return _Watched(
        known=known_facts(visits),
        verifiable=seen if seen.answered else before,
        line=line,
    )


def _now_text() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"
