"""mTLS and trust: who requires and verifies client certificates, and which trust stores accept which chain."""

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
    description="Client authentication, and the trust stores that accept the servers' chains.",
    panels=(
        stat(
            "Require certificates",
            "Targets that refuse clients without a certificate at one version or more.",
            f"count(count by (target) ({_REQUIRED} == 1)) or vector(0)",
        ),
        stat(
            "Only at some versions",
            "Targets that require one at some versions but not at others.",
            f"count(max by (target) ({_REQUIRED}) > min by (target) ({_REQUIRED})) or vector(0)",
            thresholds=ANY_IS_BAD,
        ),
        stat(
            "Do not verify",
            "Targets that accepted a self-made client certificate.",
            f"count(count by (target) ({chosen('tlsprobe_client_auth_verified')} == 0)) "
            "or vector(0)",
            thresholds=ANY_IS_BAD,
        ),
        stat(
            "Not as expected",
            "Targets whose mode differs from the one that their owner expects.",
            f"count(count by (target) ({_MODES} == 0 and on (target, address, mode) "
            f"{chosen('tlsprobe_client_auth_expected')})) or vector(0)",
            thresholds=ANY_IS_BAD,
        ),
        stat(
            "Trusted",
            "The share of chains that a trust store accepts.",
            f"avg(max by (target, cert) ({chosen('tlsprobe_cert_verify_success')}))",
            unit="percentunit",
            thresholds=MORE_IS_BETTER,
        ),
        stat(
            "Matching names",
            "The share of leaf certificates that match the requested name.",
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
            "Endpoints that require a certificate",
            "Targets and versions that refuse clients without one.",
            f"{_REQUIRED} == 1",
        ),
        table(
            "Endpoints that verify certificates",
            "1 if self-made client certificates were refused, 0 if one was accepted.",
            chosen("tlsprobe_client_auth_verified"),
            thresholds=ONE_IS_GOOD,
        ),
        Panel(
            kind="bargauge",
            title="Chains by trust store",
            description="The share of chains that each store accepts.",
            queries=(
                Query(
                    expr=f"avg by (trust_store) ({chosen('tlsprobe_cert_verify_success')})",
                    legend="{{trust_store}}",
                ),
            ),
            unit="percentunit",
        ),
        table(
            "Chains that no store accepts",
            "0 means that no trust store accepts the chain.",
            f"max by (target, address, cert) ({chosen('tlsprobe_cert_verify_success')}) == 0",
            thresholds=ONE_IS_GOOD,
        ),
        table(
            "Verification errors",
            "Reasons why chains do not verify.",
            chosen("tlsprobe_cert_verify_error"),
            thresholds=ANY_IS_BAD,
        ),
    ),
)
