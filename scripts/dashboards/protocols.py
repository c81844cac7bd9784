"""Protocols and ciphers: what the fleet speaks, and who still speaks what they should not."""

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
    description="Versions, suites, groups and attacks over the fleet.",
    panels=(
        _bars(
            "Endpoints by version",
            "How many endpoints accept each protocol version.",
            f"sum by (protocol) ({chosen('tlsprobe_protocol_supported')})",
            "{{protocol}}",
        ),
        _bars(
            "What clients get",
            "The newest version with its suite, by endpoints.",
            f"count by (version, cipher) ({chosen('tlsprobe_negotiated_info')})",
            "{{version}} {{cipher}}",
        ),
        table(
            "Old versions",
            "Who accepts SSL 2.0 to TLS 1.1.",
            f"{chosen('tlsprobe_protocol_supported', OLD)} == 1",
            thresholds=ANY_IS_BAD,
        ),
        table(
            "Weak and insecure suites",
            "Who accepts how many.",
            f"sum by (target, strength) ({chosen('tlsprobe_cipher_suites', BAD)}) > 0",
            thresholds=TROUBLE,
        ),
        _bars(
            "Weak suites by name",
            "By how many endpoints and versions each is accepted.",
            f"topk(20, count by (cipher) ({chosen('tlsprobe_weak_cipher_suite_supported')}))",
            "{{cipher}}",
        ),
        _bars(
            "Groups",
            "Groups of the key exchange, by endpoints; at detail all.",
            f"count by (group) ({chosen('tlsprobe_group_supported')})",
            "{{group}}",
        ),
        Panel(
            kind="timeseries",
            title="Post-quantum over time",
            description="The share of endpoints that take a post-quantum group.",
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
            description="Accepted suites over the fleet, by strength.",
            queries=(
                Query(
                    expr=f"sum by (strength) ({chosen('tlsprobe_cipher_suites')})",
                    legend="{{strength}}",
                ),
            ),
        ),
        table(
            "Open to attacks",
            "Each attack that an endpoint was shown to be open to.",
            f"{chosen('tlsprobe_vulnerable')} == 1",
            thresholds=ANY_IS_BAD,
        ),
        _bars(
            "Whose order decides",
            "Versions at which the server's order of suites decides, and at which the client's.",
            f'count_values by (protocol) ("server", {chosen("tlsprobe_server_cipher_preference")})',
            "{{protocol}} server {{server}}",
        ),
        _bars(
            "Features",
            "How many endpoints have each feature that is shown.",
            f"sum by (feature) ({chosen('tlsprobe_feature_supported')})",
            "{{feature}}",
        ),
        _bars(
            "Unknown, by check",
            "Facts that could not be proved.",
            f"count by (check) ({chosen('tlsprobe_check_unknown')}) or vector(0)",
            "{{check}}",
        ),
    ),
)
