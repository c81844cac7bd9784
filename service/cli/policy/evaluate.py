"""``tlsprobe policy evaluate``: probes one host and shows the outcome of every rule."""

from __future__ import annotations

from datetime import UTC, datetime

from service.cli.app import (
    exit_code_of,
    fail,
    new_app,
    warn,
)
from service.cli.options import (
    AllowUnknown,
    FailOn,
    Labels,
    PolicyName,
    ProbedHost,
)

app = new_app()


@app.command(
    short_help="Probe one host and show the outcome of every rule.",
    epilog="""\b
Examples:
  tlsprobe policy evaluate mozilla-intermediate example.com
  tlsprobe policy evaluate policies.yml db.example:5432 --label data=sensitive

Exit codes: 0 compliant; 1 the host did not answer with TLS; 2 bad usage; 3 not compliant, or unknown.""",
)
def evaluate(
    name: PolicyName,
    host: ProbedHost,
    *,
    label: Labels = None,
    fail_on: FailOn = None,
    allow_unknown: AllowUnknown = False,
) -> int:
    """Probe one host and show the outcome of every rule: passed, failed, unknown, not applicable."""
    from service.process.event_loop import run
    from service.scan.output import ScanOutcome
    from service.scan.policy_options import read_gate, with_labels
    from service.scan.policy_trial import observe, trial_lines
    from service.scan.request import ScanInputError, read_request

    try:
        request = with_labels(read_request([host]), label or ())
        gate = read_gate(
            [name], request.targets, fail_on=fail_on, allow_unknown=allow_unknown, warn=warn
        )
    except ScanInputError as error:
        return fail(str(error))
    outcome = ScanOutcome()
    for observation in run(observe(request)):
        judged = gate.judge(observation, datetime.now(UTC))
        outcome.are_all_tls &= observation.answered_as_tls
        outcome.is_stopped |= gate.stops(judged)
        print("\n".join(trial_lines(observation, judged)))
    return exit_code_of(outcome)
