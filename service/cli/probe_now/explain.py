"""``tlsprobe explain``: its options, and how it calls ``service.scan``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

from service.cli.app import EXIT_NOT_ALL_ANSWERED, EXIT_OK, fail, say
from service.cli.options import (
    Dns,
    Fetch,
    Labels,
    LogList,
    OnlyIpv4,
    OnlyIpv6,
    Proxy,
    ProxyProtocol,
    ServerName,
    SourceAddress,
    Timeout,
    TrustStores,
)
from service.cli.parameters import Argument, Option, command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from service.scan.explaining.run import Explained
    from service.scan.request import ScanRequest

_Host: TypeAlias = Annotated[
    str,
    Argument(
        metavar="HOST[:PORT]",
        help="The endpoint to probe, as in tlsprobe scan. Omit it with --replay.",
    ),
]
_Fact: TypeAlias = Annotated[str | None, Argument(metavar="FACT", help="The fact to explain.")]
_Replay: TypeAlias = Annotated[
    Path | None,
    Option(
        metavar="FILE",
        help="Explain a recording (tlsprobe scan --record) in place of a new probe.",
    ),
]
_AsJson: TypeAlias = Annotated[
    bool, Option("--json", help="Print one line of JSON for each address.")
]
_Whole: TypeAlias = Annotated[
    bool,
    Option(
        "--verbose",
        "-v",
        help="Show long proofs whole: every line, and the bytes in hexadecimal.",
    ),
]


@command(
    short_help="Show the bytes that prove one fact of one endpoint.",
    epilog="""\b
Examples:
  tlsprobe explain example.com tls1.0
  tlsprobe explain example.com:8443 TLS_RSA_WITH_RC4_128_SHA
  tlsprobe explain example.com certificates.trust
  tlsprobe explain example.com tlsprobe_protocol_supported
  tlsprobe explain --replay visit.jsonl heartbleed --verbose

FACT is a protocol version, a cipher suite (IANA name, OpenSSL name or 0xC02F), a named group, a
signature scheme, client_auth, a feature or vulnerability listed in docs/reference/checks.md, a fact
that tlsprobe changes names (protocols.TLSv1.0), a field of the certificates, a metric, or a rule.""",
)
def explain(  # noqa: PLR0913 - each parameter is an option of the command
    host: _Host,
    fact: _Fact = None,
    *,
    replay: _Replay = None,
    as_json: _AsJson = False,
    verbose: _Whole = False,
    server_name: ServerName = None,
    timeout: Timeout = 60.0,
    trust_store: TrustStores = None,
    fetch: Fetch = False,
    dns: Dns = False,
    log_list: LogList = None,
    label: Labels = None,
    proxy: Proxy = None,
    source_address: SourceAddress = None,
    proxy_protocol: ProxyProtocol = None,
    ipv4: OnlyIpv4 = False,
    ipv6: OnlyIpv6 = False,
) -> int:
    """Probe one endpoint for one fact, and show the hello sent and the answer, decoded.

    Sends only what the fact needs. Results are not stored.
    """
    from probe.recording.visit import RecordingError
    from service.scan.request import ScanInputError, by_way, read_request, with_surroundings

    name = host if fact is None else fact
    try:
        _check_arguments(host, fact, replay)
        request = read_request([] if replay else [host], server_name, timeout, trust_store)
        request = with_surroundings(request, fetch=fetch, dns=dns, log_list=log_list)
        request = by_way(request, proxy, source_address, proxy_protocol, ipv4, ipv6)
        explained = _explained(request, name, replay, label)
    except RecordingError as error:
        return fail(f"{replay}: {error}")
    except (ScanInputError, ValueError) as error:
        return fail(str(error))
    _print(explained, name, as_json=as_json, is_whole=verbose)
    return EXIT_OK if all(one.answered for one in explained) else EXIT_NOT_ALL_ANSWERED


def _check_arguments(host: str, fact: str | None, replay: Path | None) -> None:
    """Raises ScanInputError if the host and the fact are not what the options need."""
    from service.scan.request import ScanInputError

    if replay is None and fact is None:
        raise ScanInputError(f"explain needs an endpoint and a fact: add the fact after {host!r}")
    if replay is not None and fact is not None:
        raise ScanInputError(f"--replay has its endpoints in the file: remove {host!r}")


def _explained(
    request: ScanRequest, name: str, replay: Path | None, labels: Sequence[str] | None
) -> Sequence[Explained]:
    """Raises RecordingError or ValueError for an input that cannot be used, before anything is probed."""
    from service.process.event_loop import run
    from service.scan.explaining.find import find_fact
    from service.scan.explaining.run import explain_fact, explain_recording
    from service.scan.recording_file import read_recording

    fact = find_fact(name)
    visits = read_recording(replay) if replay is not None else ()
    if labels:
        # Labels are for policies, whose libraries no other option needs.
        from service.scan.policy_options import with_labels, with_labels_on_visits

        request, visits = with_labels(request, labels), with_labels_on_visits(visits, labels)
    if replay is None:
        return run(explain_fact(request, fact))
    return run(explain_recording(visits, request.settings, fact))


def _print(explained: Sequence[Explained], name: str, *, as_json: bool, is_whole: bool) -> None:
    from service.scan.explaining.text import explanation_json, explanation_lines

    for one in explained:
        if as_json:
            say(*explanation_json(one).splitlines())
        else:
            say(*explanation_lines(one, name, is_whole=is_whole))
