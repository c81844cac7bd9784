"""A Policy: rules with their parameters and severities, and the endpoints that it applies to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from model.findings.finding import Severity
from model.frozen import frozen
from model.target import Target
from policy.blank import BLANK
from policy.rule import AnyRule, Family, Judge, Parameters, is_about


@frozen
class PolicyRule:
    """One rule as it occurs in a policy.

    ``name`` is the policy's own name for the rule, under which findings are reported; most rules keep the
    catalogue's name. ``requirement`` is the text of the rule or of the policy. ``violation`` is the policy's
    own text, and None if the rule's text applies. ``source`` names document and section; ``uncertain`` says
    which part of them could not be checked.
    """

    name: str
    rule: AnyRule
    parameters: Parameters
    severity: Severity
    requirement: str
    violation: str | None = None
    source: str
    uncertain: str | None = None
    judge: Judge = field(repr=False, compare=False)

    @property
    def required(self) -> str:
        """The value that meets the rule, in words."""
        return self.judge(BLANK).required


@frozen
class EndpointSelector:
    """The endpoints that a policy applies to: all, or those that match.

    For each label in ``labels``, the target must have one of the given values. If ``protocols`` has any, the
    target's protocol must be one of them.
    """

    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    protocols: tuple[str, ...] = ()

    def has(self, target: Target) -> bool:
        """Whether ``target`` matches."""
        if self.protocols and target.protocol not in self.protocols:
            return False
        return all(target.labels.get(name) in values for name, values in self.labels.items())


@frozen
class Policy:
    """A resolved policy: all extensions are merged.

    ``digest`` is the SHA-256, in hex, of its whole content, so that a result can be traced to the exact text
    of the policy. ``endpoints`` are targets that must exist and be judged, as users write them.
    """

    name: str
    title: str
    description: str
    choice: EndpointSelector
    rules: tuple[PolicyRule, ...]
    digest: str
    extends: tuple[str, ...] = ()
    endpoints: tuple[str, ...] = ()

    def applies_to(self, target: Target) -> bool:
        """Whether it judges endpoints of ``target``: it selects them, and some of its rules are about their protocol.

        Every policy asks whether an endpoint is reachable. An SSH server that is reachable does not comply with a
        policy for TLS, nor violate it.
        """
        families = {one.rule.family for one in self.rules} - {Family.REACH}
        has_rules = not families or any(is_about(one, target.protocol) for one in families)
        return has_rules and self.choice.has(target)

    def rule(self, name: str) -> PolicyRule | None:
        """The rule with that name, or None."""
        return next((one for one in self.rules if one.name == name), None)
