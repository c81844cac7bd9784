"""The structure of a policy file before extended policies are looked up."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from model.findings.finding import Severity, Waiver

_NAME = "^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"


def _as_tuple(value: object) -> object:
    """Accept a single text instead of a list of texts."""
    return (value,) if isinstance(value, str) else value


Name = Annotated[str, Field(pattern=_NAME)]
_ONE_OR_MORE = WithJsonSchema(
    {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
)
Texts = Annotated[tuple[str, ...], BeforeValidator(_as_tuple), _ONE_OR_MORE]
Names = Annotated[tuple[Name, ...], BeforeValidator(_as_tuple), _ONE_OR_MORE]
Sentence = Annotated[str, Field(min_length=1, max_length=1000)]


class Section(BaseModel):
    """A mapping of the file; a key that it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class RuleSettings(Section):
    """What may be set of any rule, in addition to its own parameters.

    ``use`` is the rule of the catalogue, by name or identifier, where the policy gives it another name.
    ``requirement`` and ``violation`` replace the rule's sentences on what it asks for and on what is
    wrong. ``source`` names a document, ``section`` a part of the policy's own; ``uncertain`` says what
    could not be checked.
    """

    use: str | None = None
    severity: Severity | None = None
    requirement: Sentence | None = None
    violation: Sentence | None = None
    source: Sentence | None = None
    section: Sentence | None = None
    uncertain: Sentence | None = None


class ChoiceBody(Section):
    """Which endpoints a policy holds for: those that have one of the values of each label."""

    labels: dict[str, Texts] = Field(default={}, min_length=1)
    protocols: Texts = ()


class PolicyBody(Section):
    """One policy. ``rules`` has parameters by the rule's name; ``off`` drops one that it extends."""

    title: Sentence | None = None
    description: str = ""
    source: Sentence | None = None
    extends: Names = ()
    for_: Annotated[ChoiceBody, Field(alias="for")] = ChoiceBody()
    endpoints: tuple[str, ...] = ()
    rules: dict[Name, Any] = {}


def end_of(day: date) -> datetime:
    """When a waiver ends whose last day (UTC) is ``day``."""
    if day == date.max:
        return datetime.max.replace(tzinfo=UTC)
    return datetime.combine(day, time(), UTC) + timedelta(days=1)


class WaiverBody(Section):
    """Findings that ``owner`` accepts, up to and including the day ``expires`` (UTC).

    ``rule`` is a rule's name in the policies, or an identifier, for every use of that rule.
    """

    rule: Name
    reason: Sentence
    owner: Sentence
    expires: date
    policy: Name | None = None
    target: Sentence | None = None
    labels: dict[str, str] = {}

    def waiver(self, name: str) -> Waiver:
        """The Waiver with that name."""
        return Waiver(
            name=name,
            rule=self.rule,
            reason=self.reason,
            owner=self.owner,
            expires_at=end_of(self.expires),
            policy=self.policy,
            target=self.target,
            labels=self.labels,
        )


class Document(Section):
    """A whole file."""

    policies: dict[Name, PolicyBody] = {}
    waivers: dict[Name, WaiverBody] = {}
