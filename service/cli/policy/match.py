"""``tlsprobe policy match``: which AWS policies match a host."""

from __future__ import annotations

from service.cli.app import (
    EXIT_NOT_ALL_TLS,
    EXIT_OK,
    fail,
    new_app,
)
from service.cli.options import (
    ProbedHost,
)

app = new_app()


@app.command(
    short_help="Show which AWS policies match what a host supports.",
    epilog="""\b
Examples:
  tlsprobe policy match my-load-balancer.example.com""",
)
def match(host: ProbedHost) -> int:
    """Probe one host and name the AWS load balancer and CloudFront policies that match it."""
    from service.process.event_loop import run
    from service.scan.policy_trial import match_lines, observe
    from service.scan.request import ScanInputError, read_request

    try:
        request = read_request([host])
    except ScanInputError as error:
        return fail(str(error))
    observations = run(observe(request))
    for observation in observations:
        print("\n".join(match_lines(observation)))
    return EXIT_OK if all(one.answered_as_tls for one in observations) else EXIT_NOT_ALL_TLS
