"""Fleet overview: how many, how well, what is next."""

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
    description="How the whole fleet fares, and what needs somebody next.",
    panels=(
        stat(
            "Endpoints",
            "Targets that tlsprobe visits.",
            f"count({chosen('tlsprobe_up')}) or vector(0)",
        ),
        stat(
            "Not answering",
            "Targets of which no address answered the last visit as TLS.",
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
            "Suites of these strengths over all targets and versions.",
            f"sum({chosen('tlsprobe_cipher_suites', BAD)}) or vector(0)",
            thresholds=TROUBLE,
        ),
        stat(
            "Soonest leaf expiry",
            "What is left of the leaf that ends first; negative where it has ended.",
            f"min({chosen('tlsprobe_cert_not_after_timestamp_seconds', LEAF)}) - time()",
            unit="s",
            thresholds=TIME_LEFT,
        ),
        stat(
            "Unknown facts",
            "Facts that the last visits could not prove: unknown is not safe.",
            f"count({chosen('tlsprobe_check_unknown')}) or vector(0)",
            thresholds=TROUBLE,
        ),
        stat(
            "Compliant",
            "The share of targets that meet each policy they are judged by.",
            f"avg(min by (target) ({chosen('tlsprobe_policy_compliant')}))",
            unit="percentunit",
            thresholds=MORE_IS_BETTER,
        ),
        stat(
            "Post-quantum",
            "The share of targets that take a post-quantum group for the key exchange.",
            f"avg(max by (target) ({chosen('tlsprobe_post_quantum_key_exchange')}))",
            unit="percentunit",
        ),
        stat(
            "Open findings, high and critical",
            "Findings of these severities that nobody answers for.",
            f"sum({chosen('tlsprobe_findings', _HIGH)}) or vector(0)",
            thresholds=ANY_IS_BAD,
        ),
        stat(
            "Vulnerable",
            "Targets that were shown to be open to an attack.",
            f"count(count by (target) ({chosen('tlsprobe_vulnerable')} == 1)) or vector(0)",
            thresholds=ANY_IS_BAD,
        ),
        stat(
            "Not trusted",
            "Targets with a chain that no trust store takes.",
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
            description="How many endpoints accept each protocol version.",
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
            description="Accepted suites over the fleet, by strength.",
            queries=(
                Query(
                    expr=f"sum by (strength) ({chosen('tlsprobe_cipher_suites')})",
                    legend="{{strength}}",
                ),
            ),
        ),
        table(
            "What expires next",
            "The leaves with the least of their life left: 0.25 is when a renewal has failed.",
            f"bottomk(20, {LEFT})",
            unit="percentunit",
            thresholds=LIFE_LEFT,
        ),
        table(
            "Most open findings",
            "The targets with the most findings of medium and more.",
            f"topk(20, sum by (target) ({chosen('tlsprobe_findings', _MEDIUM)}))",
            thresholds=TROUBLE,
        ),
        table(
            "Failures in a row",
            "Visits in a row that did not find TLS; the worst on top.",
            f"topk(20, max by (target) ({chosen('tlsprobe_consecutive_failures')}))",
            thresholds=ANY_IS_BAD,
        ),
        Panel(
            kind="timeseries",
            title="Compliance over time",
            description="The share of endpoints that meet each policy.",
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
