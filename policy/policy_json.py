"""A resolved policy as JSON values, including what it inherited and from where."""

from __future__ import annotations

from typing import Any, TypeAlias

from policy.policy import Policy, PolicyRule

Json: TypeAlias = dict[str, Any]


def rule_to_json(one: PolicyRule) -> Json:
    """One rule with its parameters."""
    return {
        "name": one.name,
        "rule": one.rule.name,
        "rule_id": one.rule.identifier,
        "parameters": one.parameters.model_dump(mode="json"),
        "severity": one.severity.value,
        "requirement": one.requirement,
        "violation": one.violation or one.rule.violation,
        "source": one.source,
    }


def policy_to_json(policy: Policy) -> Json:
    """The policy, with the demand of each rule in words."""
    return {
        "name": policy.name,
        "title": policy.title,
        "description": policy.description,
        "digest": policy.digest,
        "extends": list(policy.extends),
        "for": {
            "labels": {name: list(values) for name, values in policy.choice.labels.items()},
            "protocols": list(policy.choice.protocols),
        },
        "endpoints": list(policy.endpoints),
        "rules": [{**rule_to_json(one), "required": one.required} for one in policy.rules],
    }
