"""Findings and policy: compliance, and open findings."""

from __future__ import annotations

from typing import Final

from scripts.dashboards.spec import (
    ANY_IS_BAD,
    MORE_IS_BETTER,
    ONE_IS_GOOD,
    TROUBLE,
    Dashboard,
    Panel,
    Query,
    chosen,
    stat,
    table,
)

_FINDINGS: Final = chosen("tlsprobe_findings")
_COMPLIANT: Final = chosen("tlsprobe_policy_compliant")
_UNDECIDED: Final = 'check="policy_compliant"'


def _of_severity(severity: str) -> str:
    open_findings = chosen("tlsprobe_findings", f'severity="{severity}"')
    return f"sum({open_findings}) or vector(0)"


FINDINGS: Final = Dashboard(
    uid="findings",
    title="Findings and policy",
    description="How far the fleet complies with its policies.",
    panels=(
        *(
            stat(
                severity.capitalize(),
                f"Open findings of severity {severity}.",
                _of_severity(severity),
                thresholds=thresholds,
            )
            for severity, thresholds in (
                ("critical", ANY_IS_BAD),
                ("high", ANY_IS_BAD),
                ("medium", TROUBLE),
                ("low", TROUBLE),
            )
        ),
        stat(
            "Waived",
            "Findings with a waiver in force.",
            f"sum({chosen('tlsprobe_findings_waived')}) or vector(0)",
        ),
        stat(
            "Undecided",
            "Endpoints whose compliance is unknown because a fact is unknown.",
            f"count({chosen('tlsprobe_check_unknown', _UNDECIDED)}) or vector(0)",
            thresholds=TROUBLE,
        ),
        Panel(
            kind="bargauge",
            title="Compliance by policy",
            description="The share of endpoints that comply with each policy.",
            queries=(Query(expr=f"avg by (policy) ({_COMPLIANT})", legend="{{policy}}"),),
            unit="percentunit",
            thresholds=MORE_IS_BETTER,
        ),
        Panel(
            kind="timeseries",
            title="Open findings over time",
            description="Open findings by severity.",
            queries=(Query(expr=f"sum by (severity) ({_FINDINGS})", legend="{{severity}}"),),
            thresholds=TROUBLE,
        ),
        table(
            "Endpoints that violate a policy",
            "0 means that the endpoint has an open finding of the policy.",
            f"{_COMPLIANT} == 0",
            thresholds=ONE_IS_GOOD,
        ),
        table(
            "Most findings",
            "Targets with the most open findings, by policy.",
            f"topk(20, sum by (target, policy) ({_FINDINGS}))",
            thresholds=TROUBLE,
        ),
        Panel(
            kind="timeseries",
            title="Compliance over time",
            description="The share of endpoints that comply with each policy.",
            queries=(Query(expr=f"avg by (policy) ({_COMPLIANT})", legend="{{policy}}"),),
            unit="percentunit",
            thresholds=MORE_IS_BETTER,
        ),
        Panel(
            kind="bargauge",
            title="Findings by policy",
            description="Open findings of each policy.",
            queries=(Query(expr=f"sum by (policy) ({_FINDINGS})", legend="{{policy}}"),),
            thresholds=TROUBLE,
        ),
    ),
)
