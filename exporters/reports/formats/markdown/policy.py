"""The policy document as Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from exporters.reports import words
from exporters.reports.formats.markdown.lines import heading, table, verification
from exporters.reports.report import PolicyRule, PolicyText, Report
from exporters.reports.responsible import exceptions, owners
from model.safe_output.markdown_text import code, plain


def write_policy_markdown(report: Report) -> str:
    """The policies in force, with the source, exceptions and owners of their rules."""
    sections = (_head, _policies, _exceptions, verification)
    return "\n".join(line for section in sections for line in section(report)) + "\n"


def _head(report: Report) -> Iterator[str]:
    yield from heading("Encryption in transit policy", 1)
    yield (
        f"In force at {words.minute(report.generated_at)}, as read and checked by tlsprobe "
        f"{plain(report.tool_version)}."
    )
    yield ""
    yield from (words.POLICY_PRINCIPLES, "")


def _policies(report: Report) -> Iterator[str]:
    if not report.policies:
        yield from ("No policy is in force, or none was given to this report.", "")
    for policy in report.policies:
        yield from heading(plain(policy.title))
        if policy.description:
            yield from (plain(policy.description), "")
        yield from (f"It applies to {code(policy.scope)}.", "")
        yield from (f"Owners: {code(owners(report, policy))}.", "")
        yield f"Policy {code(policy.name)}, SHA-256 of its text {code(policy.digest)}"
        yield ""
        yield from table(
            ("requirement", "required value", "why", "source", "severity", "exceptions"),
            [_row(report, policy, rule) for rule in policy.rules],
        )


def _row(report: Report, policy: PolicyText, rule: PolicyRule) -> tuple[str, ...]:
    return (
        f"{plain(rule.requirement)} {code(rule.rule_label)}",
        code(rule.required),
        plain(rule.why),
        code(rule.source),
        rule.severity.value,
        "; ".join(code(words.exception(waiver)) for waiver in exceptions(report, policy, rule)),
    )


def _exceptions(report: Report) -> Iterator[str]:
    yield from heading("Exceptions")
    yield from waiver_table(report)


def waiver_table(report: Report) -> Iterator[str]:
    """Every waiver, expired ones too."""
    yield from table(
        ("waiver", "for", "owner", "reason", "until"),
        [
            (
                code(waiver.name),
                code(words.waiver_scope(waiver)),
                code(waiver.owner),
                code(waiver.reason),
                words.until(report, waiver),
            )
            for waiver in report.waivers
        ],
    )
