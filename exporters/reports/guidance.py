"""What the documents say about a guideline: its rules with their texts, its scope and its settings in words."""

from __future__ import annotations

from collections.abc import Sequence

from exporters.plurals import counted
from exporters.reports.report import PolicyRule, Report
from model.findings.guideline import Guideline
from model.frozen import frozen


@frozen
class Guided:
    """A rule of a guideline with its text, and the settings that meet it."""

    policy: str
    rule: PolicyRule
    settings: tuple[str, ...]


def guided(report: Report, guideline: Guideline) -> tuple[Guided, ...]:
    """The rules of the guideline, in the order of the policies."""
    texts = {(policy.name, rule.rule): rule for policy in report.policies for rule in policy.rules}
    return tuple(
        Guided(policy=one.policy, rule=texts[one.policy, one.rule], settings=one.settings)
        for one in guideline.rules
        if (one.policy, one.rule) in texts
    )


def scope(guideline: Guideline) -> str:
    """The policies of the guideline and the number of its endpoints, in one or two sentences."""
    known = counted(guideline.endpoints, "endpoint")
    if not guideline.policies:
        count = f"{known}, under no policy. " if guideline.endpoints else ""
        return f"{count}No policy asks for anything here, so nothing is proposed."
    names = ", ".join(guideline.policies)
    if guideline.endpoints == 0:
        return f"No endpoint of this service is known. These policies apply to any: {names}."
    return f"{known} under {names}."


def settings(topics: Sequence[str]) -> str:
    """What to configure for a rule."""
    return ", ".join(topics) or "none that tlsprobe knows"


def no_lines(guideline: Guideline) -> str:
    """Why the guideline has no configuration lines, in a sentence."""
    if guideline.is_contradictory:
        return "The policies contradict each other: no configuration meets all of them."
    if not any(one.settings for one in guideline.rules):
        return "No rule here is met by a setting."
    return "tlsprobe has no configuration lines for servers of this service."
