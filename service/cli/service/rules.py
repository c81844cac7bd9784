"""``tlsprobe rules``: the alert and recording rules for Prometheus."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from service.cli.app import EXIT_OK, fail, say
from service.cli.parameters import Option, command


@command(
    short_help="Print the alert and recording rules for Prometheus.",
    epilog="""\b
Examples:
  tlsprobe rules > /etc/prometheus/rules/tlsprobe.yml
  tlsprobe rules --runbook-url 'https://wiki.example.com/runbooks/{alert}'""",
)
def rules(
    *,
    runbook_url: Annotated[
        str | None,
        Option(
            metavar="URL",
            help="The URL of the runbooks, with /{alert} for the alert's name.",
        ),
    ] = None,
) -> int:
    """Print all rules as one rule file of Prometheus 2.42 and later.

    Each alert names its runbook, a page of the documentation. If you publish the documentation or have runbooks
    of your own, give their URL.
    """
    from exporters.prometheus.rules import ALERT, rule_file

    if runbook_url is not None and (fault := _fault(runbook_url, ALERT)):
        return fail(f"--runbook-url {runbook_url!r} {fault}")
    say(*rule_file(runbook_url).splitlines())
    return EXIT_OK


def _fault(url: str, placeholder: str) -> str | None:
    """What is wrong with the template ``url``; None if nothing is."""
    example = f"use one such as https://wiki.example.com/runbooks/{placeholder}"
    if not url.isprintable() or urlsplit(url).scheme not in ("http", "https"):
        return f"is not a URL of http or https: {example}"
    if placeholder not in url:
        return f"has no {placeholder}, so every alert would have the same link: {example}"
    return None
