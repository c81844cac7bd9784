"""Describes the active policies for reports."""

from __future__ import annotations

from exporters.reports import PolicyRule, PolicyText
from policy import Policy


def policy_text(policy: Policy) -> PolicyText:
    """``policy`` as text, with what each of its rules requires."""
    return PolicyText(
        name=policy.name,
        title=policy.title,
        digest=policy.digest,
        scope=_scope(policy),
        description=policy.description.strip(),
        rules=tuple(
            PolicyRule(
                rule=rule.name,
                rule_id=rule.rule.identifier,
                severity=rule.severity,
                requirement=rule.requirement,
                violation=rule.violation or rule.rule.violation,
                required=rule.required,
                source=rule.source,
                why=rule.rule.why,
            )
            for rule in policy.rules
        ),
    )


def _scope(policy: Policy) -> str:
    choice = policy.choice
    words = [f"{name}={' or '.join(values)}" for name, values in sorted(choice.labels.items())]
    if choice.protocols:
        words.append(f"protocol {' or '.join(choice.protocols)}")
    return f"endpoints with {', '.join(words)}" if words else "every endpoint"
