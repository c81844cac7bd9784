"""Rule results for tests in which only the rule's name matters."""

from __future__ import annotations

from model.findings.finding import Outcome, RuleResult, Severity


def failed(rule: str, policy: str = "house") -> RuleResult:
    """The rule fails, without texts."""
    return RuleResult(
        policy=policy,
        rule=rule,
        severity=Severity.HIGH,
        outcome=Outcome.FAIL,
        requirement="",
        observed="",
        required="",
        source="",
    )
