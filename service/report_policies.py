"""The policies in force, as reports say them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from exporters.reports import PolicyRule, PolicyText
from model.observation import Cost, Mode, Observation, State
from model.target import Endpoint, Target
from model.version import TOOL_VERSION
from policy import Policy
from policy.rule import Subject

_AT: Final = datetime(2000, 1, 1, tzinfo=UTC)
_NOBODY: Final = Subject(
    observation=Observation(
        tool_version=TOOL_VERSION,
        mode=Mode.ENUMERATE,
        endpoint=Endpoint(
            target=Target(host="nobody.invalid", port=443, server_name=None), address=None
        ),
        started_at=_AT,
        cost=Cost(),
        state=State.TLS,
    ),
    at=_AT,
)
"""An endpoint of which nothing is known: a rule that is asked about it says what it requires."""


def policy_text(policy: Policy) -> PolicyText:
    """``policy`` in words. What a rule requires, it says itself, whatever it is asked about."""
    return PolicyText(
        name=policy.name,
        title=policy.title,
        digest=policy.digest,
        scope=_scope(policy),
        description=policy.description.strip(),
        rules=tuple(
            PolicyRule(
                rule=rule.name,
                severity=rule.severity,
                title=rule.title,
                required=rule.judge(_NOBODY).required,
                source=rule.source,
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
