"""Writes the Observations of a scan, and collects its outcome."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import import_module
from typing import TYPE_CHECKING, Final, TextIO

from exporters.terminal.console import report_width, wants_colour
from model.observation import Observation

_JSON_WRITER: Final = ("model.encoding.observation_json",)
_TEXT_WRITER: Final = ("exporters.terminal.scan_report", "model.judging.ssl_labs")

if TYPE_CHECKING:
    # A scan without policies does not load the modules that policies need.
    from model.findings.judged import Judged
    from service.judging.ci_gate import CiGate


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanOptions:
    """How to write Observations: as reports, or as JSON lines with or without evidence.

    ``is_verbose`` is whether reports have every fact. ``gate`` has the policies to judge by, if the user named any;
    ``keeps_judged`` is whether the outcome keeps what they said, for reports.
    """

    as_json: bool
    no_colour: bool
    with_evidence: bool = True
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
        report = _report(observation, judged, now, options, stream)
        text = report if is_first else f"\n{report}"
    stream.write(text)
    stream.flush()


def load_writer(options: ScanOptions) -> None:
    """Import what writes Observations in the format of the options."""
    for name in _JSON_WRITER if options.as_json else _TEXT_WRITER:
        import_module(name)


def _report(
    observation: Observation,
    judged: Judged | None,
    now: datetime,
    options: ScanOptions,
    stream: TextIO,
) -> str:
    from exporters.terminal.scan_report import ReportForm, render_report

    form = ReportForm(
        has_colour=wants_colour(stream, refused=options.no_colour),
        width=report_width(),
        is_verbose=options.is_verbose,
    )
    return render_report(observation, now, form=form, grade=_grade(observation, now), judged=judged)


def _grade(observation: Observation, now: datetime) -> str | None:
    """The SSL Labs grade with its reasons, worst first; None if the scan did not ask for what decides it."""
    if not observation.cipher_suites or not observation.own_certificates:
        return None
    from model.judging.ssl_labs import GRADES, grade

    found = grade(observation, now)
    is_open = found.unknown_below(found.letter) + found.not_asked_below(found.letter)
    at_best = " at best" if is_open else ""
    worst_first = sorted(found.reasons, key=lambda said: -GRADES.index(said.partition(":")[0]))
    reasons = [*worst_first, *(f"not known: {what}" for what in is_open)]
    return f"{found.letter}{at_best} by the SSL Labs guide{''.join(f'; {one}' for one in reasons)}"


def _to_line(observation: Observation, judged: Judged | None, *, with_evidence: bool) -> str:
    from model.encoding.finding_json import finding_to_json
    from model.encoding.observation_json import to_json
    from model.encoding.remediation_json import remedy_to_json

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
