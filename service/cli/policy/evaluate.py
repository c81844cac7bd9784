"""``tlsprobe policy evaluate``: probes one host and shows the outcome of every rule."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from model.intrusiveness import Intrusiveness
from service.cli.app import (
    exit_code_of,
    fail,
    say,
    warn,
)
from service.cli.options import (
    AllowUnknown,
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

Exit codes: 0 compliant; 1 the host did not answer with TLS; 2 bad usage; 3 not compliant, or unknown.""",
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
    return _probe_and_print(request, gate)


def _probe_and_print(request: ScanRequest, gate: CiGate) -> int:
    from service.process.event_loop import run
    from service.scan.output import ScanOutcome
    from service.scan.policy_trial import observe, trial_lines

    outcome = ScanOutcome()
    for observation in run(observe(request)):
        judged = gate.judge(observation, datetime.now(UTC))
        outcome.are_all_tls &= observation.answered_as_tls
        outcome.is_stopped |= gate.stops(judged)
        say(*trial_lines(observation, judged))
    return exit_code_of(outcome)
