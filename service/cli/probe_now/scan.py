"""``tlsprobe scan``: its options, and how it calls ``service.scan``.

It imports modules when it needs them: a scan never loads the database libraries, and a scan without policies
does not load the policy libraries.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, TypeAlias

from model.intrusiveness import Intrusiveness
from service.cli.options import (
    AllowUnknown,
    Checks,
    Dns,
    FailOn,
    Fetch,
    IntrusivenessLevel,
    Labels,
    LogList,
    NameServers,
    NoColour,
    NoEvidence,
    ObservationsAsJson,
    OnlyIpv4,
    OnlyIpv6,
    Output,
    Policies,
    Proxy,
    ProxyProtocol,
    ReportFiles,
    ServerName,
    SourceAddress,
    Timeout,
    TrustStores,
    Verbose,
)
from service.cli.parameters import Argument, Option, command
from service.cli.probe_now.result_options import (
    JudgeOptions,
    PrintOptions,
    reports_input_errors,
)
from service.scan.formats import OutputFormat

if TYPE_CHECKING:
    from model.target import Target
    from service.scan.hosts import NamedHost
    from service.scan.output import ScanOptions
    from service.scan.request import ScanRequest

_Hosts: TypeAlias = Annotated[
    list[str] | None,
    Argument(
        metavar="HOST[:PORT]",
        help="What to probe: a name, an IP address, an IPv6 address in brackets, an https:// "
        "URL, or a network such as 192.0.2.0/28. Default port: 443. '192.0.2.7:443?server_name=NAME' "
        "sends this server name (SNI). Every address of a name is probed. - reads hosts from "
        "standard input. mail-domain:example.com assesses the mail servers of a domain together.",
    ),
]
_HostList: TypeAlias = Annotated[
    Path | None,
    Option(
        "--file",
        "-f",
        metavar="FILE",
        help="Also probe the hosts in this file, one a line; # begins a comment, and - is "
        "standard input.",
    ),
]
_Yes: TypeAlias = Annotated[
    bool, Option("--yes", "-y", help="Probe networks of more than 256 addresses without asking.")
]
_Brief: TypeAlias = Annotated[
    bool,
    Option(
        "--brief",
        "-b",
        help="Print one line for each endpoint: worst severity, grade, endpoint, versions, days "
        "to expiry, worst finding.",
    ),
]
_Watch: TypeAlias = Annotated[
    int | None,
    Option(
        metavar="SECONDS",
        bounds=(1, 86_400),
        help="Probe again every SECONDS until Ctrl-C, with few connections while nothing changes, and "
        "print what changes.",
    ),
]
_Record: TypeAlias = Annotated[
    Path | None,
    Option(
        metavar="FILE",
        help="Record the conversation to FILE (must not exist), for tlsprobe replay.",
    ),
]
_OF_THIS_PROCESS: Final = (
    "--trust-store",
    "--checks",
    "--intrusiveness",
    "--fetch",
    "--dns",
    "--name-server",
    "--log-list",
    "--record",
    "--proxy",
    "--source-address",
    "--proxy-protocol",
    "--ipv4",
    "--ipv6",
)
"""Options of how this process probes, which a service does not take."""
_NOT_OF_MAIL_DOMAINS: Final = (
    "--server-name",
    "--brief",
    "--watch",
    "--record",
    "--service",
    "--policy",
    "--label",
    "--fail-on",
    "--allow-unknown",
    "--report",
    "--proxy",
    "--source-address",
    "--proxy-protocol",
)
"""Options for single endpoints; the DNS and the policy are not asked by way of a proxy."""

_Service: TypeAlias = Annotated[
    str | None,
    Option(
        metavar="URL",
        help="Let the service at URL probe, from its place in the network and with its settings. "
        "Put a token into TLSPROBE_SERVICE_TOKEN.",
    ),
]


@command(
    short_help="Probe endpoints now and print a report of each.",
    epilog="""\b
Examples:
  tlsprobe scan example.com
  tlsprobe scan example.com:8443 '[2001:db8::1]:443' https://example.org/
  tlsprobe scan 192.0.2.7 --server-name www.example.com
  tlsprobe scan --brief --file hosts.txt
  tlsprobe scan intranet.example --trust-store internal=/etc/ssl/ca.pem
  tlsprobe scan example.com --json | jq '.protocols | map_values(.verdict)'
  tlsprobe scan example.com --policy mozilla-intermediate --fail-on high
  tlsprobe scan example.com --policy mozilla-modern --output junit > junit.xml
  tlsprobe scan --file hosts.txt --watch 60
  tlsprobe scan mail-domain:example.com
  tlsprobe scan intranet.example --service https://probe.example:9844

\b
Exit codes:
  0  every endpoint answered, every mail domain is protected
  1  some did not, some are not
  2  the usage or an input is wrong; one sentence on standard error says what
  3  with --policy: an endpoint is not compliant, or unknown""",
)
@reports_input_errors
def scan(  # noqa: PLR0913 - each parameter is an option of the command
    hosts: _Hosts = None,
    *,
    file: _HostList = None,
    yes: _Yes = False,
    brief: _Brief = False,
    watch: _Watch = None,
    output: Output = OutputFormat.TERMINAL,
    as_json: ObservationsAsJson = False,
    no_evidence: NoEvidence = False,
    server_name: ServerName = None,
    timeout: Timeout = 60.0,
    trust_store: TrustStores = None,
    checks: Checks = None,
    intrusiveness: IntrusivenessLevel = Intrusiveness.FULL,
    fetch: Fetch = False,
    dns: Dns = False,
    name_server: NameServers = None,
    log_list: LogList = None,
    record: _Record = None,
    proxy: Proxy = None,
    source_address: SourceAddress = None,
    proxy_protocol: ProxyProtocol = None,
    ipv4: OnlyIpv4 = False,
    ipv6: OnlyIpv6 = False,
    service: _Service = None,
    policy: Policies = None,
    label: Labels = None,
    fail_on: FailOn = None,
    allow_unknown: AllowUnknown = False,
    report: ReportFiles = None,
    no_color: NoColour = False,
    verbose: Verbose = False,
) -> int:
    """Probe endpoints now, print a report of each, and a table of several; nothing is stored."""
    from service.scan import request as requests

    request = requests.read_request((), server_name, timeout, trust_store, checks, intrusiveness)
    request = requests.with_surroundings(request, fetch, dns, log_list, name_server or ())
    request = requests.by_way(request, proxy, source_address, proxy_protocol, ipv4, ipv6)
    form = PrintOptions(output, as_json, no_evidence, no_color, verbose, policy, brief)
    named = _named(hosts or (), file)
    request = replace(_by(request, service), targets=_targets(named, server_name, yes))
    judging = JudgeOptions(policy, label, fail_on, allow_unknown, report)
    return _scan_and_print(named, request, form, judging, record, watch)


def _by(request: ScanRequest, service: str | None) -> ScanRequest:
    from service.scan.request import by_service

    return by_service(request, service, _given(_OF_THIS_PROCESS))


def _named(hosts: Sequence[str], file: Path | None) -> list[NamedHost]:
    from service.scan.hosts import named_hosts

    return named_hosts(hosts, file, sys.stdin)


def _has_mail_domain(named: Sequence[NamedHost]) -> bool:
    from discovery.targets import MAIL_DOMAIN

    return any(one.text.startswith(MAIL_DOMAIN) for one in named)


def _scan_mail_domains(named: list[NamedHost], request: ScanRequest, form: PrintOptions) -> int:
    """The exit code; raises ScanInputError for options that a mail domain does not have."""
    from service.process.event_loop import run
    from service.scan.mail.mail_domains import domains_of, scan_mail_domains
    from service.scan.request import ScanInputError

    domains = domains_of(named)
    if given := _given(_NOT_OF_MAIL_DOMAINS):
        raise ScanInputError(f"mail-domain: and {given[0]} exclude each other: remove one of them")
    options = form.read()
    if options.format.is_report:
        raise ScanInputError(
            f"mail-domain: has no --output {options.format}: use terminal, json or jsonl"
        )
    return 0 if run(scan_mail_domains(domains, request, options, sys.stdout)) else 1


def _given(names: Sequence[str]) -> list[str]:
    """Those of the options that the user gave."""
    import click

    context = click.get_current_context()
    return [
        name
        for name in names
        if context.get_parameter_source(name.removeprefix("--").replace("-", "_"))
        is click.core.ParameterSource.COMMANDLINE
    ]


def _targets(named: list[NamedHost], server_name: str | None, yes: bool) -> tuple[Target, ...]:
    """The endpoints; none if mail domains are named."""
    from service.scan.hosts import targets_of

    if _has_mail_domain(named):
        return ()
    return targets_of(named, server_name, lambda addresses: yes or _is_confirmed(addresses))


def _is_confirmed(addresses: int) -> bool:
    """Whether the user agrees, on a terminal."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    import click

    return click.confirm(f"Probe {addresses:,} addresses?", err=True)


def _scan_and_print(
    named: list[NamedHost],
    request: ScanRequest,
    form: PrintOptions,
    judging: JudgeOptions,
    record: Path | None,
    watch: int | None,
) -> int:
    """The exit code; raises ScanInputError for options that exclude each other, before anything is probed."""
    from service.process.event_loop import run
    from service.scan.scanner import scan_all

    if _has_mail_domain(named):
        return _scan_mail_domains(named, request, form)
    options = form.read()
    if watch is not None:
        _check_watch(request, options, judging, record)
    judging.check()
    if judging.labels:
        from service.scan.policy_options import with_labels

        request = with_labels(request, judging.labels)
    gate = judging.gate(request.targets)
    if record is not None:
        from service.scan.recording_file import begin_recording

        begin_recording(record, request.targets)
    options = replace(options, gate=gate, keeps_judged=bool(judging.reports))
    if watch is not None:
        from service.scan.comparing.watch import watch_all

        return run(watch_all(request, options, sys.stdout, watch))
    return judging.exit_code(run(scan_all(request, options, sys.stdout, record)), gate)


def _check_watch(
    request: ScanRequest, options: ScanOptions, judging: JudgeOptions, record: Path | None
) -> None:
    """Raises ScanInputError for what goes with a single scan only."""
    from service.scan.request import ScanInputError

    other = {
        "--service": request.service is not None,
        "--record": record is not None,
        "--report": bool(judging.reports),
        f"--output {options.format}": options.format is not OutputFormat.TERMINAL,
        "--verbose": options.is_verbose,
        "--fail-on": judging.fail_on is not None,
    }
    for name, is_given in other.items():
        if is_given:
            raise ScanInputError(f"--watch and {name} exclude each other: remove one of them")
