"""Certificates: expiry, issuers, lifetimes, shared keys."""

from __future__ import annotations

from typing import Final

from scripts.dashboards.fleet import LEAF, LEFT
from scripts.dashboards.spec import (
    ANY_IS_BAD,
    LIFE_LEFT,
    TIME_LEFT,
    Dashboard,
    Panel,
    Query,
    chosen,
    stat,
    table,
)

_ENDS: Final = chosen("tlsprobe_cert_not_after_timestamp_seconds", LEAF)
_BEGINS: Final = chosen("tlsprobe_cert_not_before_timestamp_seconds", LEAF)
_LEAVES: Final = chosen("tlsprobe_cert_info", LEAF)
_WITHIN: Final = ((0, 7), (7, 30), (30, 90), (90, 400))


def _ending(first: int, last: int) -> str:
    return (
        f"count({_ENDS} - time() >= {first} * 86400 and {_ENDS} - time() < {last} * 86400) "
        "or vector(0)"
    )


CERTIFICATES: Final = Dashboard(
    uid="certificates",
    title="Certificates",
    description="Expiry dates, issuers, lifetimes and shared keys.",
    panels=(
        stat(
            "Expired",
            "Expired leaf certificates.",
            f"count({_ENDS} - time() < 0) or vector(0)",
            thresholds=ANY_IS_BAD,
        ),
        *(
            stat(
                f"In {first} to {last} days",
                f"Leaf certificates that expire in {first} to {last} days.",
                _ending(first, last),
            )
            for first, last in _WITHIN
        ),
        stat("Leaves", "Distinct leaf certificates in use.", f"count(count by (cert) ({_LEAVES}))"),
        table(
            "Calendar",
            "Leaf certificates that expire first.",
            f"bottomk(50, min by (target, cert) ({_ENDS} - time()))",
            unit="s",
            thresholds=TIME_LEFT,
        ),
        table(
            "By remaining share of lifetime",
            "At 0.25 renewal has failed, whatever the lifetime.",
            f"bottomk(50, {LEFT})",
            unit="percentunit",
            thresholds=LIFE_LEFT,
        ),
        Panel(
            kind="bargauge",
            title="Issuers",
            description="Leaf certificates by issuer.",
            queries=(
                Query(
                    expr=f"topk(20, count by (issuer) (count by (issuer, cert) ({_LEAVES})))",
                    legend="{{issuer}}",
                ),
            ),
        ),
        Panel(
            kind="bargauge",
            title="Key types",
            description="Leaf certificates by key type.",
            queries=(
                Query(
                    expr=f"count by (key_type) (count by (key_type, cert) ({_LEAVES}))",
                    legend="{{key_type}}",
                ),
            ),
        ),
        Panel(
            kind="bargauge",
            title="Lifetimes",
            description="Leaf certificates by total lifetime in days.",
            queries=(
                Query(
                    expr='count_values("days", round((max by (cert) '
                    f"({_ENDS}) - max by (cert) ({_BEGINS})) / 86400))",
                    legend="{{days}} days",
                ),
            ),
        ),
        table(
            "Shared keys",
            "Public keys by the number of targets that use them. A leaked key affects all of its targets.",
            f"topk(20, count by (public_key) (count by (public_key, target) ({_LEAVES})))",
        ),
        table(
            "Problems",
            "Problems of each served chain.",
            chosen("tlsprobe_cert_problem"),
            thresholds=ANY_IS_BAD,
        ),
        Panel(
            kind="bargauge",
            title="Why chains do not verify",
            description="Reasons by number of chains and trust stores.",
            queries=(
                Query(
                    expr=f"count by (reason) ({chosen('tlsprobe_cert_verify_error')})",
                    legend="{{reason}}",
                ),
            ),
            thresholds=ANY_IS_BAD,
        ),
    ),
)
