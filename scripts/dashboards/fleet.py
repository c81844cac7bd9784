"""Fleet overview: its size, its state, and what needs attention next."""

from __future__ import annotations

from typing import Final

from scripts.dashboards.spec import (
    ANY_IS_BAD,
    LIFE_LEFT,
    MORE_IS_BETTER,
    TIME_LEFT,
    TROUBLE,
    Dashboard,
    Panel,
    Query,
    chosen,
    stat,
    table,
)

LEAF: Final = 'position="leaf"'
OLD: Final = 'protocol=~"SSLv2|SSLv3|TLSv1.0|TLSv1.1"'
BAD: Final = 'strength=~"insecure|weak"'
_HIGH: Final = 'severity=~"high|critical"'
_MEDIUM: Final = 'severity=~"medium|high|critical"'
LEFT: Final = (
    f"({chosen('tlsprobe_cert_not_after_timestamp_seconds', LEAF)} - time()) / on (target, address, cert) "
    f"({chosen('tlsprobe_cert_not_after_timestamp_seconds', LEAF)} - on (target, address, cert) "
    f"{chosen('tlsprobe_cert_not_before_timestamp_seconds', LEAF)})"
)

FLEET: Final = Dashboard(
    uid="fleet",
    title="Fleet overview",
    description="The state of the whole fleet, and what needs attention next.",
    panels=(
        stat(
            "Endpoints",
            "Targets that tlsprobe visits.",
            f"count({chosen('tlsprobe_up')}) or vector(0)",
        ),
        stat(
            "Not answering",
            "Targets without an address that answered the last visit as TLS.",
            f"count({chosen('tlsprobe_up')} == 0) or vector(0)",
            thresholds=ANY_IS_BAD,
        ),
        stat(
            "With old protocols",
            "Targets that accept SSL 2.0, SSL 3.0, TLS 1.0 or TLS 1.1.",
            f"count(count by (target) ({chosen('tlsprobe_protocol_supported', OLD)} == 1)) "
            "or vector(0)",
            thresholds=ANY_IS_BAD,
        ),
        stat(
            "Weak or insecure suites",
            "Accepted suites of these strengths, over all targets and versions.",
            f"sum({chosen('tlsprobe_cipher_suites', BAD)}) or vector(0)",
            thresholds=TROUBLE,
        ),
        stat(
            "Soonest leaf expiry",
            "Time until the first leaf certificate expires; negative after expiry.",
            f"min({chosen('tlsprobe_cert_not_after_timestamp_seconds', LEAF)}) - time()",
            unit="s",
            thresholds=TIME_LEFT,
        ),
        stat(
            "Unknown facts",
            "Facts that the last visits could not determine: unknown is not safe.",
            f"count({chosen('tlsprobe_check_unknown')}) or vector(0)",
            thresholds=TROUBLE,
        ),
        stat(
            "Compliant",
            "The share of targets that comply with all policies that apply to them.",
            f"avg(min by (target) ({chosen('tlsprobe_policy_compliant')}))",
            unit="percentunit",
            thresholds=MORE_IS_BETTER,
        ),
        stat(
            "Post-quantum",
            "The share of targets that accept a post-quantum key exchange group.",
            f"avg(max by (target) ({chosen('tlsprobe_post_quantum_key_exchange')}))",
            unit="percentunit",
        ),
        stat(
            "Open findings, high and critical",
            "Findings of these severities without a waiver.",
            f"sum({chosen('tlsprobe_findings', _HIGH)}) or vector(0)",
            thresholds=ANY_IS_BAD,
        ),
        stat(
            "Vulnerable",
            "Targets that are proved vulnerable to an attack.",
            f"count(count by (target) ({chosen('tlsprobe_vulnerable')} == 1)) or vector(0)",
            thresholds=ANY_IS_BAD,
        ),
        stat(
            "Not trusted",
            "Targets with a chain that no trust store accepts.",
            "count(min by (target) (max by (target, address, cert) "
            f"({chosen('tlsprobe_cert_verify_success')})) == 0) or vector(0)",
            thresholds=ANY_IS_BAD,
        ),
        stat(
            "Changed in a day",
            "Targets whose facts changed within the last day.",
            f"count(time() - {chosen('tlsprobe_config_changed_timestamp_seconds')} < 86400) "
            "or vector(0)",
        ),
        Panel(
            kind="timeseries",
            title="Versions over time",
            description="Number of endpoints that accept each protocol version.",
            queries=(
                Query(
                    expr=f"sum by (protocol) ({chosen('tlsprobe_protocol_supported')})",
                    legend="{{protocol}}",
                ),
            ),
        ),
        Panel(
            kind="bargauge",
            title="Strength of cipher suites",
            description="Accepted suites of all endpoints, by strength.",
            queries=(
                Query(
                    expr=f"sum by (strength) ({chosen('tlsprobe_cipher_suites')})",
                    legend="{{strength}}",
                ),
            ),
        ),
        table(
            "What expires next",
            "Leaf certificates with the smallest share of lifetime left: at 0.25 renewal has failed.",
            f"bottomk(20, {LEFT})",
            unit="percentunit",
            thresholds=LIFE_LEFT,
        ),
        table(
            "Most open findings",
            "Targets with the most findings of severity medium or higher.",
            f"topk(20, sum by (target) ({chosen('tlsprobe_findings', _MEDIUM)}))",
            thresholds=TROUBLE,
        ),
        table(
            "Consecutive failures",
            "Consecutive visits that were not answered, most first.",
            f"topk(20, max by (target) ({chosen('tlsprobe_consecutive_failures')}))",
            thresholds=ANY_IS_BAD,
        ),
        Panel(
            kind="timeseries",
            title="Compliance over time",
            description="The share of endpoints that comply with each policy.",
            queries=(
                Query(
                    expr=f"avg by (policy) ({chosen('tlsprobe_policy_compliant')})",
                    legend="{{policy}}",
                ),
            ),
            unit="percentunit",
            thresholds=MORE_IS_BETTER,
        ),
    ),
)
