"""Writes the Observations of a scan, and collects its outcome."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TextIO

from exporters.terminal.console import report_width, wants_colour
from exporters.terminal.scan_report import (
    ReportForm,
    SummaryLine,
    render_brief,
    render_report,
    render_summary,
)
from model.encoding.finding_json import finding_to_json
from model.encoding.observation_json import to_json
from model.encoding.remediation_json import remedy_to_json
from model.findings.judged import Judged
from model.judging.ssl_labs import GRADES, grade
from model.observation import Observation

if TYPE_CHECKING:
    # A scan without policies does not load the modules that policies need.
    from service.judging.ci_gate import CiGate


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanOptions:
    """How to write Observations: as reports, as a line each, or as JSON lines with or without evidence.

    ``is_brief`` is for lines; ``is_verbose`` is whether reports have every fact. ``gate`` has the policies to judge by, if the user named any;
    ``keeps_judged`` is whether the outcome keeps what they said, for reports.
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

    lines: list[SummaryLine] = field(default_factory=list)
    """The summary of each Observation, unless the output is JSON."""

    judged: list[tuple[Observation, Judged]] = field(default_factory=list)
    """What the policies said of each Observation, if the options keep it."""


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
        if options.keeps_judged:
            outcome.judged.append((observation, judged))
    if options.as_json:
        text = f"{_to_line(observation, judged, with_evidence=options.with_evidence)}\n"
    else:
        form, its_grade = _form(options, stream), _grade(observation, now)
        line = SummaryLine.of(observation, now, grade=its_grade, judged=judged)
        outcome.lines.append(line)
        if options.is_brief:
            text = render_brief(line, form)
        else:
            report = render_report(observation, now, form=form, grade=its_grade, judged=judged)
            text = report if is_first else f"\n{report}"
    stream.write(text)
    stream.flush()


def write_summary(options: ScanOptions, outcome: ScanOutcome, stream: TextIO) -> None:
    """Write the table of all endpoints after the reports of several; nothing after brief lines or JSON."""
    if len(outcome.lines) > 1 and not options.is_brief:
        stream.write(f"\n{render_summary(outcome.lines, _form(options, stream))}")
        stream.flush()


def _form(options: ScanOptions, stream: TextIO) -> ReportForm:
    return ReportForm(
        has_colour=wants_colour(stream, refused=options.no_colour),
        width=report_width(),
        is_verbose=options.is_verbose,
    )


def _grade(observation: Observation, now: datetime) -> str | None:
    """The SSL Labs grade with its reasons, worst first; None if the scan did not ask for what decides it."""
    if not observation.cipher_suites or not observation.own_certificates:
        return None
    found = grade(observation, now)
    is_open = found.unknown_below(found.letter) + found.not_asked_below(found.letter)
    at_best = " at best" if is_open else ""
    worst_first = sorted(found.reasons, key=lambda said: -GRADES.index(said.partition(":")[0]))
    reasons = [*worst_first, *(f"not known: {what}" for what in is_open)]
    return f"{found.letter}{at_best} by the SSL Labs guide{''.join(f'; {one}' for one in reasons)}"


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
