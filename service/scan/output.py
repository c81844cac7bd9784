"""Writes the Observations of a scan, and collects its outcome."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Protocol, TextIO

from model.frozen import frozen
from model.observation import Observation

if TYPE_CHECKING:
    # A scan without policies does not load the modules that policies need.
    from model.findings.judged import Judged
    from service.judging.ci_gate import CiGate


@frozen
class ScanOptions:
    """How to write Observations: as reports, as a line each, or as JSON lines with or without evidence.

    ``is_brief`` is for lines; ``is_verbose`` is whether reports have every fact. ``gate`` has the policies to judge
    by, if the user named any; ``keeps_judged`` is whether the outcome keeps what they said, for reports.
    """

    as_json: bool
    no_colour: bool
    with_evidence: bool = True
    is_brief: bool = False
    is_verbose: bool = False
    gate: CiGate | None = None
    keeps_judged: bool = False


@dataclass(slots=True, kw_only=True)
class ScanOutcome:
    """The outcome of all Observations that were written."""

    are_all_tls: bool = True
    """Whether every endpoint answered with TLS."""

    is_stopped: bool = False
    """Whether any finding makes the scan fail."""

    judged: list[tuple[Observation, Judged]] = field(default_factory=list)
    """What the policies said of each Observation, if the options keep it."""


class Writer(Protocol):
    """One format of the output."""

    def write(self, observation: Observation, judged: Judged | None, now: datetime) -> None:
        """Write one Observation; ``now`` (aware) is the time from which days count."""

    def end(self) -> None:
        """Write what follows the last Observation."""


class ScanOutput:
    """Judges Observations, writes them to ``stream`` in the format of the options, and collects the ``outcome``."""

    def __init__(self, options: ScanOptions, stream: TextIO) -> None:
        self._options = options
        self._stream = stream
        self.outcome = ScanOutcome()

    def load(self) -> None:
        """Import what writes the format; otherwise the first Observation waits for it."""
        self._make_writer()

    def write(self, observation: Observation) -> None:
        """Judge one Observation, write it, and add it to the outcome."""
        now, gate = datetime.now(UTC), self._options.gate
        judged = None if gate is None else gate.judge(observation, now)
        self.outcome.are_all_tls &= observation.answered_as_tls
        if gate is not None and judged is not None:
            self.outcome.is_stopped |= gate.stops(judged)
            if self._options.keeps_judged:
                self.outcome.judged.append((observation, judged))
        self._writer.write(observation, judged, now)

    def end(self) -> None:
        """Write what follows the last Observation."""
        self._writer.end()

    @cached_property
    def _writer(self) -> Writer:
        return self._make_writer()

    def _make_writer(self) -> Writer:
        if self._options.as_json:
            from service.scan.json_output import JsonWriter

            return JsonWriter(self._options, self._stream)
        from service.scan.text_output import TextWriter

        return TextWriter(self._options, self._stream)
