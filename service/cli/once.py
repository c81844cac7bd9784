"""``tlsprobe scan``, ``replay`` and ``explain``: their options, and what is printed at once.

Each imports what it needs when it runs: a scan never waits for the database's libraries.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from model.intrusiveness import Intrusiveness
from model.safe_output.private_file import make_private
from service.cli.app import EXIT_NOT_ALL_TLS, EXIT_OK, app, fail
from service.cli.options import (
    AllowUnknown,
    FailOn,
    IntrusivenessLevel,
    Labels,
    OnlyIpv4,
    OnlyIpv6,
    Policies,
    Proxy,
    ProxyProtocol,
    SourceAddress,
)


@app.command(
    short_help="Probe endpoints now and print what they are.",
    epilog="""\b
Examples:
  tlsprobe scan example.com
  tlsprobe scan example.com:8443 '[2001:db8::1]:443' https://example.org/
  tlsprobe scan 192.0.2.7 --server-name www.example.com
  tlsprobe scan intranet.example --trust-store internal=/etc/ssl/internal-ca.pem
  tlsprobe scan example.com --json | jq '.protocols | map_values(.verdict)'
  tlsprobe scan example.com --policy mozilla-intermediate --fail-on high

\b
Exit codes:
  0  every endpoint answered as TLS
  1  some did not
  2  the usage or an input is wrong; a sentence on standard error says what
  3  a policy is not met, or not proved to be""",
)
def scan(  # noqa: PLR0913 - each parameter is an option of the command
    hosts: Annotated[
        list[str],
        typer.Argument(
            metavar="HOST[:PORT]",
            help="What to probe: a name, an IP address, an IPv6 address in brackets, or an "
            "https:// URL. The port is 443 unless given. Every address of a name is probed.",
        ),
    ],
    *,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print one Observation per line as JSON, with all evidence."),
    ] = False,
    no_evidence: Annotated[
        bool, typer.Option("--no-evidence", help="With --json: leave the raw proofs out.")
    ] = False,
    server_name: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The server name (SNI) to send in place of HOST's."),
    ] = None,
    timeout: Annotated[
        float,
        typer.Option(metavar="SECONDS", help="How long one endpoint may take in all."),
    ] = 60.0,
    trust_store: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=FILE",
            help="Judge chains by the PEM certificates in FILE too, besides Mozilla's; repeatable.",
        ),
    ] = None,
    checks: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,NAME",
            help="Ask only for these parts, such as versions,suites,certificates.",
        ),
    ] = None,
    intrusiveness: IntrusivenessLevel = Intrusiveness.FULL,
    fetch: Annotated[
        bool,
        typer.Option(
            "--fetch", help="Fetch what certificates point at: OCSP, CRLs, missing issuers."
        ),
    ] = False,
    dns: Annotated[
        bool, typer.Option("--dns", help="Look up CAA and TLSA, and hold the chains against them.")
    ] = False,
    log_list: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Verify certificate timestamps by this log list (version 3)."
        ),
    ] = None,
    record: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Keep all that is said in FILE, a new one, for tlsprobe replay."
        ),
    ] = None,
    proxy: Proxy = None,
    source_address: SourceAddress = None,
    proxy_protocol: ProxyProtocol = None,
    ipv4: OnlyIpv4 = False,
    ipv6: OnlyIpv6 = False,
    policy: Policies = None,
    label: Labels = None,
    fail_on: FailOn = None,
    allow_unknown: AllowUnknown = False,
    no_color: Annotated[
        bool, typer.Option("--no-color", help="No colour on a terminal (as does NO_COLOR).")
    ] = False,
) -> int:
    """Probe endpoints now and print what each is: versions, suites, certificates, and faults.

    The worst is said first. Nothing is stored.
    """
    from probe.connect.starttls.catalogue import DTLS
    from service.cli.scan import ScanOptions, scan_all
    from service.process.event_loop import run
    from service.scan.request import ScanInputError, by_way, read_request, with_surroundings

    if not policy and (label or fail_on is not None or allow_unknown):
        return fail("--label, --fail-on and --allow-unknown are for --policy: give one too")
    gate = None
    try:
        request = with_surroundings(
            read_request(
                hosts,
                server_name=server_name,
                timeout_seconds=timeout,
                trust_stores=trust_store or (),
                checks=checks,
                intrusiveness=intrusiveness,
            ),
            fetch=fetch,
            dns=dns,
            log_list=log_list,
        )
        request = by_way(
            request,
            proxy=proxy,
            source_address=source_address,
            proxy_protocol=proxy_protocol,
            only_ipv4=ipv4,
            only_ipv6=ipv6,
        )
        if policy:
            from service.cli.ci_gate import read_gate, with_labels

            request = with_labels(request, label or ())
            gate = read_gate(policy, request.targets, fail_on=fail_on, allow_unknown=allow_unknown)
    except ScanInputError as error:
        return fail(str(error))
    if no_evidence and not as_json:
        return fail("--no-evidence is for --json: give both, or neither")
    if record is not None:
        if any(target.protocol == DTLS for target in request.targets):
            return fail("--record keeps no DTLS: leave it out, or the dtls:// targets")
        try:
            make_private(record)
        except OSError as error:
            return fail(f"--record {record}: {(error.strerror or str(error)).lower()}")
    options = ScanOptions(
        as_json=as_json,
        with_evidence=not no_evidence,
        no_colour=no_color,
        record_to=record,
        gate=gate,
    )
    return run(scan_all(request, options)).exit_code


@app.command(
    short_help="Print what a recorded scan saw, without a network.",
    epilog="""\b
Examples:
  tlsprobe scan example.com --record visit.jsonl
  tlsprobe replay visit.jsonl --json
  tlsprobe replay visit.jsonl --policy mozilla-modern

\b
What a recording holds: docs/recordings.md.""",
)
def replay(  # noqa: PLR0913 - each parameter is an option of the command
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What scan --record wrote.")],
    *,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print one Observation per line as JSON, with all evidence."),
    ] = False,
    trust_store: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=FILE", help="As in scan; a recording does not hold them."),
    ] = None,
    policy: Policies = None,
    fail_on: FailOn = None,
    allow_unknown: AllowUnknown = False,
    no_color: Annotated[
        bool, typer.Option("--no-color", help="No colour on a terminal (as does NO_COLOR).")
    ] = False,
) -> int:
    """Run the recorded visits again: the same checks ask, and the recording answers."""
    from probe.recording.visit import RecordingError
    from service.cli.replay import replay_all
    from service.cli.scan import ScanOptions
    from service.process.event_loop import run
    from service.scan.recording_file import read_recording
    from service.scan.request import ScanInputError, read_request

    if not policy and (fail_on is not None or allow_unknown):
        return fail("--fail-on and --allow-unknown are for --policy: give one too")
    gate = None
    try:
        request = read_request(
            [], server_name=None, timeout_seconds=60.0, trust_stores=trust_store or ()
        )
        visits = read_recording(file)
        if policy:
            from service.cli.ci_gate import read_gate

            targets = [visit.endpoint.target for visit in visits]
            gate = read_gate(policy, targets, fail_on=fail_on, allow_unknown=allow_unknown)
    except ScanInputError as error:
        return fail(str(error))
    except RecordingError as error:
        return fail(f"{file}: {error}")
    options = ScanOptions(as_json=as_json, with_evidence=True, no_colour=no_color, gate=gate)
    return run(replay_all(visits, request.settings, options)).exit_code


@app.command(
    short_help="Show the bytes that prove one fact of one endpoint.",
    epilog="""\b
Examples:
  tlsprobe explain example.com tls1.0
  tlsprobe explain example.com:8443 TLS_RSA_WITH_RC4_128_SHA
  tlsprobe explain example.com heartbleed --json

\b
FACT is a protocol version, a cipher suite (IANA's name, OpenSSL's or 0xC02F), a named group, a
signature scheme, client_auth, or a feature or vulnerability of docs/checks.md.""",
)
def explain(
    host: Annotated[str, typer.Argument(metavar="HOST[:PORT]", help="What to probe, as in scan.")],
    fact: Annotated[str, typer.Argument(metavar="FACT", help="What to explain.")],
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one line of JSON for each address.")
    ] = False,
    server_name: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The server name (SNI) to send in place of HOST's."),
    ] = None,
    timeout: Annotated[
        float,
        typer.Option(metavar="SECONDS", help="How long one address may take in all."),
    ] = 60.0,
) -> int:
    """Probe one endpoint for one fact, and show the hello sent and the answer, decoded.

    Asks no more than the fact takes. Nothing is stored.
    """
    from dataclasses import replace

    from service.cli.explain import explain as explain_fact
    from service.process.event_loop import run
    from service.scan.explained_facts import find_fact
    from service.scan.request import ScanInputError, read_request

    try:
        request = read_request(
            [host], server_name=server_name, timeout_seconds=timeout, trust_stores=()
        )
        found = find_fact(fact)
    except (ScanInputError, ValueError) as error:
        return fail(str(error))
    request = replace(request, settings=replace(request.settings, parts=found.parts))
    are_tls = run(explain_fact(request, found, fact, as_json=as_json))
    return EXIT_OK if are_tls else EXIT_NOT_ALL_TLS
