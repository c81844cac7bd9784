"""``tlsprobe policy evaluate``: probes one host and shows the outcome of every rule."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from model.intrusiveness import Intrusiveness
from service.cli.app import (
    exit_code_of,
    fail,
    warn,
)
from service.cli.options import (
    AllowUnknown,
    AsJson,
    Dns,
    FailOn,
    Fetch,
    IntrusivenessLevel,
    Labels,
    LogList,
    OnlyIpv4,
    OnlyIpv6,
    PolicyName,
    ProbedHost,
    Proxy,
    ProxyProtocol,
    ServerName,
    SourceAddress,
    Timeout,
    TrustStores,
)
from service.cli.output import print_either
from service.cli.parameters import command

if TYPE_CHECKING:
    from service.judging.ci_gate import CiGate
    from service.scan.request import ScanRequest


@command(
    short_help="Probe one host and show the outcome of every rule.",
    epilog="""\b
Examples:
  tlsprobe policy evaluate mozilla-intermediate example.com
  tlsprobe policy evaluate policies.yml db.example:5432 --label data=sensitive

Exit codes: 0 compliant; 1 the host did not answer; 2 bad usage; 3 not compliant, or unknown.""",
)
def evaluate(  # noqa: PLR0913 - each parameter is an option of the command
    name: PolicyName,
    host: ProbedHost,
    *,
    server_name: ServerName = None,
    timeout: Timeout = 60.0,
    trust_store: TrustStores = None,
    intrusiveness: IntrusivenessLevel = Intrusiveness.FULL,
    fetch: Fetch = False,
    dns: Dns = False,
    log_list: LogList = None,
    proxy: Proxy = None,
    source_address: SourceAddress = None,
    proxy_protocol: ProxyProtocol = None,
    ipv4: OnlyIpv4 = False,
    ipv6: OnlyIpv6 = False,
    label: Labels = None,
    fail_on: FailOn = None,
    allow_unknown: AllowUnknown = False,
    as_json: AsJson = False,
) -> int:
    """Probe one host and show the outcome of every rule: passed, failed, unknown, not applicable."""
    from service.scan.policy_options import read_gate, with_labels
    from service.scan.request import ScanInputError, by_way, read_request, with_surroundings

    try:
        request = read_request(
            [host], server_name, timeout, trust_store or (), intrusiveness=intrusiveness
        )
        request = with_surroundings(request, fetch=fetch, dns=dns, log_list=log_list)
        request = by_way(request, proxy, source_address, proxy_protocol, ipv4, ipv6)
        request = with_labels(request, label or ())
        gate = read_gate(
            [name], request.targets, fail_on=fail_on, allow_unknown=allow_unknown, warn=warn
        )
    except ScanInputError as error:
        return fail(str(error))
    return _probe_and_print(request, gate, as_json=as_json)


def _probe_and_print(request: ScanRequest, gate: CiGate, *, as_json: bool) -> int:
    from service.process.event_loop import run
    from service.scan.output import ScanOutcome
    from service.scan.policy_trial import observe, trial_lines, trial_to_json

    outcome = ScanOutcome()
    trials = [(one, gate.judge(one, datetime.now(UTC))) for one in run(observe(request))]
    for observation, judged in trials:
        outcome.all_answered &= observation.answered
        outcome.is_stopped |= gate.stops(judged)
    found = {"endpoints": [trial_to_json(*one) for one in trials]} if as_json else None
    print_either(found, (line for one in trials for line in trial_lines(*one)))
    return exit_code_of(outcome)
