"""A Policy: rules with their parameters and severities, and the endpoints that they hold for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from model.findings.finding import Severity
from model.target import Target
from policy.blank import BLANK
from policy.rule import AnyRule, Judge, Parameters


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRule:
    """One rule as a policy has it.

    ``name`` is the policy's own, under which findings are reported; most rules keep the catalogue's name.
    ``requirement`` is the rule's, or the policy's own text; ``violation`` is the policy's own text, and
    None where the rule says it. ``source`` names document and section, ``uncertain`` what of them could
    not be checked.
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
        """What would do, in words."""
        return self.judge(BLANK).required


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointSelector:
    """The endpoints that a policy holds for: all, or those that have what is given.

    For each of ``labels``, the target's value must be one of those given; its protocol one of
    ``protocols`` where there are any.
    """

    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    protocols: tuple[str, ...] = ()

    def has(self, target: Target) -> bool:
        """Whether ``target`` is chosen."""
        if self.protocols and target.protocol not in self.protocols:
            return False
        return all(target.labels.get(name) in values for name, values in self.labels.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A resolved policy: nothing that it extends is left to look up.

    ``digest`` is the SHA-256, in hex, of all that it says, so that a result can be traced to the words
    it was made by. ``endpoints`` are targets that must be there and be judged, as users write them.
    """

    name: str
    title: str
    description: str
    choice: EndpointSelector
    rules: tuple[PolicyRule, ...]
    digest: str
    extends: tuple[str, ...] = ()
    endpoints: tuple[str, ...] = ()

    def rule(self, name: str) -> PolicyRule | None:
        """The rule of that name, or None."""
        return next((one for one in self.rules if one.name == name), None)
