"""``tlsprobe replay``: its options, and how it calls ``service.scan``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

from service.cli.app import fail
from service.cli.options import (
    AllowUnknown,
    FailOn,
    Labels,
    NoColour,
    NoEvidence,
    ObservationsAsJson,
    Output,
    Policies,
    ReportFiles,
    TrustStores,
    Verbose,
)
from service.cli.parameters import Argument, command
from service.cli.probe_now.result_options import JudgeOptions, PrintOptions
from service.scan.formats import OutputFormat

if TYPE_CHECKING:
    from probe.recording.visit import RecordedVisit
    from service.judging.ci_gate import CiGate

_Recording: TypeAlias = Annotated[
    Path, Argument(metavar="FILE", help="A file written by tlsprobe scan --record.")
]


@command(
    short_help="Print the report of a recorded scan, without a network.",
    epilog="""\b
Examples:
  tlsprobe scan example.com --record visit.jsonl
  tlsprobe replay visit.jsonl --json
  tlsprobe replay visit.jsonl --policy mozilla-modern

A recording does not contain trust stores. What it contains: docs/reference/recordings.md.""",
)
def replay(  # noqa: PLR0913 - each parameter is an option of the command
    file: _Recording,
    *,
    output: Output = OutputFormat.TERMINAL,
    as_json: ObservationsAsJson = False,
    no_evidence: NoEvidence = False,
    trust_store: TrustStores = None,
    policy: Policies = None,
    label: Labels = None,
    fail_on: FailOn = None,
    allow_unknown: AllowUnknown = False,
    report: ReportFiles = None,
    no_color: NoColour = False,
    verbose: Verbose = False,
) -> int:
    """Run the checks on a recorded scan: the recording answers in place of the server."""
    from probe.recording.visit import RecordingError
    from service.process.event_loop import run
    from service.scan.recording_file import read_recording
    from service.scan.replay import replay_all
    from service.scan.request import ScanInputError, read_request

    judging = JudgeOptions(policy, label, fail_on, allow_unknown, report)
    try:
        judging.check()
        options = PrintOptions(output, as_json, no_evidence, no_color, verbose, policy).read()
        request = read_request([], trust_stores=trust_store)
        visits, gate = _judged_by(judging, read_recording(file))
        options = replace(options, gate=gate, keeps_judged=bool(report))
        outcome = run(replay_all(visits, request.settings, options, sys.stdout))
        return judging.exit_code(outcome, gate)
    except ScanInputError as error:
        return fail(str(error))
    except RecordingError as error:
        return fail(f"{file}: {error}")


def _judged_by(
    judging: JudgeOptions, visits: Sequence[RecordedVisit]
) -> tuple[Sequence[RecordedVisit], CiGate | None]:
    """The visits with the user's labels, and what judges them; raises ScanInputError."""
    if judging.labels:
        from service.scan.policy_options import with_labels_on_visits

        visits = with_labels_on_visits(visits, judging.labels)
    return visits, judging.gate([visit.endpoint.target for visit in visits])
