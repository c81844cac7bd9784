"""Relabelling in the format of the configuration: Prometheus' ``relabel_configs``."""

from __future__ import annotations

import re
from typing import Annotated, Final, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from discovery.relabel import Action, Rule

_ACTIONS_WITH_TARGET: Final = frozenset(
    {
        Action.REPLACE,
        Action.HASHMOD,
        Action.LOWERCASE,
        Action.UPPERCASE,
        Action.KEEP_EQUAL,
        Action.DROP_EQUAL,
    }
)


class RelabelRule(BaseModel):
    """One rule, as in Prometheus' ``relabel_configs``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    action: Action = Action.REPLACE
    source_labels: tuple[str, ...] = ()
    separator: str = ";"
    regex: str = "(.*)"
    target_label: str = ""
    replacement: str = "$1"
    modulus: int = Field(default=0, ge=0)

    def rule(self) -> Rule:
        """The rule; raises ValueError if its parts do not form a valid rule."""
        if self.action in _ACTIONS_WITH_TARGET and not self.target_label:
            raise ValueError(f"the action {self.action} needs a target_label")
        if self.action is Action.HASHMOD and not self.modulus:
            raise ValueError("the action hashmod needs a modulus of at least 1")
        try:
            regex = re.compile(self.regex, re.DOTALL)
        except re.error as error:
            raise ValueError(f"the regex {self.regex!r} is not valid ({error}): fix it") from error
        return Rule(
            action=self.action,
            source_labels=self.source_labels,
            separator=self.separator,
            regex=regex,
            target_label=self.target_label,
            replacement=self.replacement,
            modulus=self.modulus,
        )


def _check_rule(rule: RelabelRule) -> RelabelRule:
    rule.rule()
    return rule


RelabelRules: TypeAlias = tuple[Annotated[RelabelRule, AfterValidator(_check_rule)], ...]
