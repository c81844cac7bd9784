"""Writes docs/reference/policy-rules.md from the catalogue of rules: ``python -m scripts.policy_reference``."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Any, Final

from pydantic.fields import FieldInfo

from policy import RULES, Policy, profile
from policy.claims.rules import CLAIM_RULES
from policy.files.named_policies import named_policies
from policy.files.profiles import profiles
from policy.rule import AnyRule, Family
from scripts.type_words import in_words

_NAMES_SHOWN: Final = 6
_INTRODUCTION: Final = """\
# Every rule

The rules that a [policy](policy.md) may use, by family. This page is written from the code by `make docs`; `tlsprobe policy
explain RULE` prints the same of one rule, and how each profile uses it.

A rule's identifier never changes and is never given to another rule; its name may change. Policies, waivers and commands take
either. *Severity* holds if a policy sets none. Every rule also takes `severity`, `requirement`, `violation`, `source`, `section` and
`uncertain` ([policy.md](policy.md#what-a-policy-has)).

The violation is the rule's general sentence. Findings have values in it: "TLS 1.0 and TLS 1.1 are offered", "RSA certificate
expires in 5 days".
"""


def _general_profiles() -> Sequence[Policy]:
    return [profile(name) for name in profiles() if name not in named_policies()]


def _family(family: Family, users: Sequence[Policy]) -> Iterator[str]:
    yield f"\n## {family.value[0].upper()}{family.value[1:]}"
    for rule in RULES:
        if rule.family is family:
            yield from _rule(rule, users)


def _rule(rule: AnyRule, users: Sequence[Policy]) -> Iterator[str]:
    yield f"\n### {rule.identifier} `{rule.name}`\n"
    yield f"{rule.requirement}. {rule.why}\n"
    yield f"- Violation: {rule.violation}."
    yield f"- Severity: {rule.severity.value}."
    using = [f"`{one.name}`" for one in users if any(own.rule is rule for own in one.rules)]
    if len(using) == len(users):
        yield "- Used by every profile."
    elif using:
        yield f"- Used by {', '.join(using)}."
    if fields := rule.parameters.model_fields:
        yield f"\n{' '.join((rule.parameters.__doc__ or '').replace('``', '`').split())}\n"
        yield "| parameter | value | default |\n|---|---|---|"
        yield from (
            f"| `{name}` | {in_words(one)} | {_default(one)} |" for name, one in fields.items()
        )


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if value is None:
        return "none"
    if isinstance(value, tuple):
        more = f" and {len(value) - _NAMES_SHOWN} more" if len(value) > _NAMES_SHOWN else ""
        return ", ".join(map(_one, value[:_NAMES_SHOWN])) + more if value else "none"
    return _one(value)


def _one(value: Any) -> str:
    text = str(getattr(value, "label", value))
    return f"`{text.lower() if isinstance(value, bool) else text}`"


def reference() -> str:
    """The whole page."""
    users = _general_profiles()
    lines = [_INTRODUCTION.rstrip()]
    for family in dict.fromkeys(rule.family for rule in RULES):
        lines += _family(family, users)
    lines += _claims()
    return "\n".join(lines) + "\n"


def _claims() -> Iterator[str]:
    yield "\n## Claims\n"
    yield "No policy has these rules: every [claim](../explanation/claims.md) of a target is judged, and its finding has its name."
    for rule in CLAIM_RULES:
        yield f"\n### {rule.identifier}\n"
        yield f"{rule.requirement}. {rule.why}\n"
        yield f"- Violation: {rule.violation}."
        yield f"- Severity: {rule.severity.value}."


if __name__ == "__main__":
    sys.stdout.write(reference())
