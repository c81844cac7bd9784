"""``tlsprobe explain``: its options, and how it calls ``service.scan``."""

from __future__ import annotations

from typing import Annotated

import typer

from model.safe_output.printable import printable
from service.cli.app import EXIT_NOT_ALL_TLS, EXIT_OK, fail, new_app
from service.cli.options import (
    OnlyIpv4,
    OnlyIpv6,
    ProbedHost,
    Proxy,
    ProxyProtocol,
    ServerName,
    SourceAddress,
    Timeout,
)

app = new_app()


@app.command(
    short_help="Show the bytes that prove one fact of one endpoint.",
    epilog="""\b
Examples:
  tlsprobe explain example.com tls1.0
  tlsprobe explain example.com:8443 TLS_RSA_WITH_RC4_128_SHA
  tlsprobe explain example.com heartbleed --json

FACT is a protocol version, a cipher suite (IANA name, OpenSSL name or 0xC02F), a named group, a
signature scheme, client_auth, or a feature or vulnerability listed in docs/reference/checks.md.""",
)
def explain(  # noqa: PLR0913 - each parameter is an option of the command
    host: ProbedHost,
    fact: Annotated[str, typer.Argument(metavar="FACT", help="The fact to explain.")],
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one line of JSON for each address.")
    ] = False,
    server_name: ServerName = None,
    timeout: Timeout = 60.0,
    proxy: Proxy = None,
    source_address: SourceAddress = None,
    proxy_protocol: ProxyProtocol = None,
    ipv4: OnlyIpv4 = False,
    ipv6: OnlyIpv6 = False,
) -> int:
    """Probe one endpoint for one fact, and show the hello sent and the answer, decoded.

    Sends only what the fact needs. Results are not stored.
    """
    from service.process.event_loop import run
    from service.scan.explain import explain_fact, explanation_json, explanation_lines
    from service.scan.explained_facts import find_fact
    from service.scan.request import ScanInputError, by_way, read_request

    try:
        request = read_request([host], server_name, timeout)
        request = by_way(request, proxy, source_address, proxy_protocol, ipv4, ipv6)
        found = find_fact(fact)
    except (ScanInputError, ValueError) as error:
        return fail(str(error))
    explained = run(explain_fact(request, found))
    for one in explained:
        if as_json:
            print(explanation_json(one))
        else:
            for line in explanation_lines(one, fact):
                print(printable(line))
    return EXIT_OK if all(one.is_tls for one in explained) else EXIT_NOT_ALL_TLS
