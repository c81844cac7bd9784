"""mTLS and trust: who demands client certificates, who verifies them, and which stores take which chain."""

from __future__ import annotations

from typing import Final

from scripts.dashboards.spec import (
    ANY_IS_BAD,
    MORE_IS_BETTER,
    ONE_IS_GOOD,
    Dashboard,
    Panel,
    Query,
    chosen,
    stat,
    table,
)

_MODES: Final = chosen("tlsprobe_client_auth")
_REQUIRED: Final = chosen("tlsprobe_client_auth", 'mode="required"')

MTLS: Final = Dashboard(
    uid="mtls",
    title="mTLS and trust",
    description="Client certificates that are asked for, and trust stores that take the servers'.",
    panels=(
        stat(
            "Demand certificates",
            "Targets that refuse clients without a certificate, at some version.",
            f"count(count by (target) ({_REQUIRED} == 1)) or vector(0)",
        ),
        stat(
            "Only at some versions",
            "Targets that demand one at a version and not at another.",
            f"count(max by (target) ({_REQUIRED}) > min by (target) ({_REQUIRED})) or vector(0)",
            thresholds=ANY_IS_BAD,
        ),
        stat(
            "Verify nothing",
            "Targets that took a client certificate which nobody issued.",
            f"count(count by (target) ({chosen('tlsprobe_client_auth_verified')} == 0)) "
            "or vector(0)",
            thresholds=ANY_IS_BAD,
        ),
        stat(
            "Not as expected",
            "Targets whose owner expects another mode than there is.",
            f"count(count by (target) ({_MODES} == 0 and on (target, address, mode) "
            f"{chosen('tlsprobe_client_auth_expected')})) or vector(0)",
            thresholds=ANY_IS_BAD,
        ),
        stat(
            "Trusted",
            "The share of chains that a trust store takes.",
            f"avg(max by (target, cert) ({chosen('tlsprobe_cert_verify_success')}))",
            unit="percentunit",
            thresholds=MORE_IS_BETTER,
        ),
        stat(
            "Right names",
            "The share of leaves that are for the name that was asked for.",
            f"avg({chosen('tlsprobe_cert_hostname_matches')})",
            unit="percentunit",
            thresholds=MORE_IS_BETTER,
        ),
        Panel(
            kind="bargauge",
            title="Modes",
            description="Endpoints by mode and version.",
            queries=(
                Query(expr=f"sum by (mode, protocol) ({_MODES})", legend="{{protocol}} {{mode}}"),
            ),
        ),
        table(
            "Who demands a certificate",
            "Targets and versions that refuse clients without one.",
            f"{_REQUIRED} == 1",
        ),
        table(
            "Who verifies them",
            "1 where made-up client certificates were refused, 0 where one was taken.",
            chosen("tlsprobe_client_auth_verified"),
            thresholds=ONE_IS_GOOD,
        ),
        Panel(
            kind="bargauge",
            title="Chains by trust store",
            description="The share of chains that each store takes.",
            queries=(
                Query(
                    expr=f"avg by (trust_store) ({chosen('tlsprobe_cert_verify_success')})",
                    legend="{{trust_store}}",
                ),
            ),
            unit="percentunit",
        ),
        table(
            "Chains that no store takes",
            "0 is a chain that every client refuses.",
            f"max by (target, address, cert) ({chosen('tlsprobe_cert_verify_success')}) == 0",
            thresholds=ONE_IS_GOOD,
        ),
        table(
            "Why",
            "Reasons why a chain may not verify.",
            chosen("tlsprobe_cert_verify_error"),
            thresholds=ANY_IS_BAD,
        ),
    ),
)
