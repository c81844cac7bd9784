"""What a rule says, where only its name matters."""

from __future__ import annotations

from model.findings.finding import Outcome, RuleResult, Severity


def failed(rule: str, policy: str = "house") -> RuleResult:
    """The rule fails, without a word."""
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
