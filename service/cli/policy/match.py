"""``tlsprobe policy match``: which AWS policies match a host."""

from __future__ import annotations

from itertools import chain

from service.cli.app import (
    EXIT_NOT_ALL_ANSWERED,
    EXIT_OK,
    fail,
)
from service.cli.options import (
    AsJson,
    OnlyIpv4,
    OnlyIpv6,
    ProbedHost,
    Proxy,
    ProxyProtocol,
    ServerName,
    SourceAddress,
    Timeout,
)
from service.cli.output import print_either
from service.cli.parameters import command


@command(
    short_help="Show which AWS policies match what a host supports.",
    epilog="""\b
Examples:
  tlsprobe policy match my-load-balancer.example.com""",
)
def match(  # noqa: PLR0913 - each parameter is an option of the command
    host: ProbedHost,
    *,
    server_name: ServerName = None,
    timeout: Timeout = 60.0,
    proxy: Proxy = None,
    source_address: SourceAddress = None,
    proxy_protocol: ProxyProtocol = None,
    ipv4: OnlyIpv4 = False,
    ipv6: OnlyIpv6 = False,
    as_json: AsJson = False,
) -> int:
    """Probe one host and name the AWS load balancer and CloudFront policies that match it."""
    from service.process.event_loop import run
    from service.scan.policy_trial import match_lines, match_to_json, observe
    from service.scan.request import ScanInputError, by_way, read_request

    try:
        request = read_request([host], server_name, timeout)
        request = by_way(request, proxy, source_address, proxy_protocol, ipv4, ipv6)
    except ScanInputError as error:
        return fail(str(error))
    observations = run(observe(request))
    found = {"endpoints": list(map(match_to_json, observations))} if as_json else None
    print_either(found, chain.from_iterable(map(match_lines, observations)))
    return EXIT_OK if all(one.answered for one in observations) else EXIT_NOT_ALL_ANSWERED
