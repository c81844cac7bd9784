"""Writes the Observations of a scan, and collects its outcome."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TextIO

from exporters.terminal.console import report_width, wants_colour
from exporters.terminal.scan_report import render_report
from model.encoding.finding_json import finding_to_json
from model.encoding.observation_json import to_json
from model.encoding.remediation_json import remedy_to_json
from model.observation import Observation

if TYPE_CHECKING:
    # A scan without policies does not load the modules that policies need.
    from service.judging.ci_gate import CiGate, Judged


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanOptions:
    """How to write Observations: as reports, or as JSON lines with or without evidence.

    ``gate`` has the policies to judge by, if the user named any.
    """

    as_json: bool
    with_evidence: bool
    no_colour: bool
    gate: CiGate | None = None


@dataclass(slots=True, kw_only=True)
class ScanOutcome:
    """The outcome of all Observations that were written."""

    are_all_tls: bool = True
    """Whether every endpoint answered with TLS."""

    is_stopped: bool = False
    """Whether any finding makes the scan fail."""


def write_observation(
    observation: Observation,
    options: ScanOptions,
    outcome: ScanOutcome,
    stream: TextIO,
    *,
    is_first: bool,
) -> None:
    """Write one Observation in the format of the options, and add it to the outcome."""
    now = datetime.now(UTC)
    judged = None if options.gate is None else options.gate.judge(observation, now)
    outcome.are_all_tls &= observation.answered_as_tls
    if options.gate is not None and judged is not None:
        outcome.is_stopped |= options.gate.stops(judged)
    if options.as_json:
        text = f"{_to_line(observation, judged, with_evidence=options.with_evidence)}\n"
    else:
        report = render_report(
            observation,
            now,
            colour=wants_colour(stream, refused=options.no_colour),
            width=report_width(),
            judged=None if judged is None else judged.for_a_person(),
        )
        text = report if is_first else f"\n{report}"
    stream.write(text)
    stream.flush()


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
    # json escapes everything but ASCII, and all control characters but this one.
    return line.replace("\x7f", "\\u007f")
