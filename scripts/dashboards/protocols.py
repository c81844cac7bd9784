"""Protocols and ciphers: what the fleet supports, and which endpoints support obsolete protocols."""

from __future__ import annotations

from typing import Final

from scripts.dashboards.fleet import BAD, OLD
from scripts.dashboards.spec import ANY_IS_BAD, TROUBLE, Dashboard, Panel, Query, chosen, table


def _bars(title: str, description: str, expr: str, legend: str) -> Panel:
    return Panel(
        kind="bargauge",
        title=title,
        description=description,
        queries=(Query(expr=expr, legend=legend),),
    )


PROTOCOLS: Final = Dashboard(
    uid="protocols",
    title="Protocols and ciphers",
    description="Versions, suites, groups and vulnerabilities of the fleet.",
    panels=(
        _bars(
            "Endpoints by version",
            "Number of endpoints that accept each protocol version.",
            f"sum by (protocol) ({chosen('tlsprobe_protocol_supported')})",
            "{{protocol}}",
        ),
        _bars(
            "Negotiated version and suite",
            "The newest version with its negotiated suite, by number of endpoints.",
            f"count by (version, cipher) ({chosen('tlsprobe_negotiated_info')})",
            "{{version}} {{cipher}}",
        ),
        table(
            "Old versions",
            "Endpoints that accept SSL 2.0 to TLS 1.1.",
            f"{chosen('tlsprobe_protocol_supported', OLD)} == 1",
            thresholds=ANY_IS_BAD,
        ),
        table(
            "Weak and insecure suites",
            "Number of accepted suites by target.",
            f"sum by (target, strength) ({chosen('tlsprobe_cipher_suites', BAD)}) > 0",
            thresholds=TROUBLE,
        ),
        _bars(
            "Weak suites by name",
            "Number of endpoints and versions that accept each suite.",
            f"topk(20, count by (cipher) ({chosen('tlsprobe_weak_cipher_suite_supported')}))",
            "{{cipher}}",
        ),
        _bars(
            "Groups",
            "Key exchange groups by number of endpoints; requires detail all.",
            f"count by (group) ({chosen('tlsprobe_group_supported')})",
            "{{group}}",
        ),
        Panel(
            kind="timeseries",
            title="Post-quantum over time",
            description="The share of endpoints that accept a post-quantum group.",
            queries=(
                Query(
                    expr=f"avg({chosen('tlsprobe_post_quantum_key_exchange')})",
                    legend="post-quantum",
                ),
            ),
            unit="percentunit",
        ),
        Panel(
            kind="timeseries",
            title="Strength over time",
            description="Accepted suites of all endpoints, by strength.",
            queries=(
                Query(
                    expr=f"sum by (strength) ({chosen('tlsprobe_cipher_suites')})",
                    legend="{{strength}}",
                ),
            ),
        ),
        table(
            "Vulnerable endpoints",
            "Attacks to which an endpoint is proved vulnerable.",
            f"{chosen('tlsprobe_vulnerable')} == 1",
            thresholds=ANY_IS_BAD,
        ),
        _bars(
            "Cipher suite preference",
            "Endpoints by version and by whether the server's or the client's order takes precedence.",
            f'count_values by (protocol) ("server", {chosen("tlsprobe_server_cipher_preference")})',
            "{{protocol}} server {{server}}",
        ),
        _bars(
            "Features",
            "Number of endpoints with each feature.",
            f"sum by (feature) ({chosen('tlsprobe_feature_supported')})",
            "{{feature}}",
        ),
        _bars(
            "Unknown, by check",
            "Facts that could not be determined.",
            f"count by (check) ({chosen('tlsprobe_check_unknown')}) or vector(0)",
            "{{check}}",
        ),
    ),
)
