"""Writes the Observations of a scan, and collects its outcome."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property, partial
from typing import TYPE_CHECKING, Protocol, TextIO

from model.frozen import frozen
from model.observation import Observation
from service.scan.formats import OutputFormat

if TYPE_CHECKING:
    # A scan without policies does not load the modules that policies need.
    from model.findings.judged import Judged
    from service.judging.ci_gate import CiGate


@frozen
class ScanOptions:
    """How to write Observations: the format, and how much of it.

    On a terminal, ``is_brief`` is for a line each, and ``is_verbose`` for reports with every fact. ``gate`` has the
    policies to judge by, if the user named any; ``keeps_judged`` is whether the outcome keeps what they said, for
    reports.
    """

    format: OutputFormat = OutputFormat.TERMINAL
    no_colour: bool = False
    with_evidence: bool = True
    is_brief: bool = False
    is_verbose: bool = False
    gate: CiGate | None = None
    keeps_judged: bool = False


@dataclass(slots=True, kw_only=True)
class ScanOutcome:
    """The outcome of all Observations that were written."""

    all_answered: bool = True
    """Whether every endpoint answered with TLS."""

    is_stopped: bool = False
    """Whether any finding makes the scan fail."""

    judged: list[tuple[Observation, Judged]] = field(default_factory=list)
    """What the policies said of each Observation, if the options keep it."""


class Writer(Protocol):
    """One format of the output."""

    def write(self, observation: Observation, judged: Judged | None, now: datetime) -> None:
        """Write one Observation; ``now`` (aware) is the time from which days count."""

    def end(self, now: datetime) -> None:
        """Write what follows the last Observation; ``now`` is the time at which everything is known."""


class ScanOutput:
    """Judges Observations, writes them to ``stream`` in the format of the options, and collects the ``outcome``."""

    def __init__(self, options: ScanOptions, stream: TextIO) -> None:
        self._options = options
        self._stream = stream
        self.outcome = ScanOutcome()

    def load(self) -> None:
        """Import what writes the format; otherwise the first Observation waits for it."""
        writer_of(self._options)

    def write(self, observation: Observation) -> None:
        """Judge one Observation, write it, and add it to the outcome."""
        now, gate = datetime.now(UTC), self._options.gate
        judged = None if gate is None else gate.judge(observation, now)
        self.outcome.all_answered &= observation.answered
        if gate is not None and judged is not None:
            self.outcome.is_stopped |= gate.stops(judged)
            if self._options.keeps_judged:
                self.outcome.judged.append((observation, judged))
        self._writer.write(observation, judged, now)

    def end(self) -> None:
        """Write what follows the last Observation."""
        self._writer.end(datetime.now(UTC))

    @cached_property
    def _writer(self) -> Writer:
        return writer_of(self._options)(self._stream)


def writer_of(options: ScanOptions) -> Callable[[TextIO], Writer]:
    """What makes a writer of the format; this imports the format, and nothing of the others."""
    if options.format.has_observations:
        from service.scan.json_output import JsonWriter

        return partial(JsonWriter, options)
    if options.format.is_report:
        from service.scan.report_output import ReportWriter

        book = None if options.gate is None else options.gate.book
        return partial(ReportWriter, options.format.value, book)
    from service.scan.text_output import TextWriter

    return partial(TextWriter, options)
