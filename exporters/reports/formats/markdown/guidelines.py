"""The implementation guidelines as Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from exporters.reports import words
from exporters.reports.formats.markdown.lines import heading, table, verification
from exporters.reports.guidance import guided, no_lines, scope, settings
from exporters.reports.report import Report
from model.findings.guideline import Guideline, ServerGuide
from model.safe_output.markdown_text import block, code, plain


def write_guidelines_markdown(report: Report) -> str:
    """The guidelines of all services."""
    sections = (_head, _guidelines, verification)
    return "\n".join(line for section in sections for line in section(report)) + "\n"


def _head(report: Report) -> Iterator[str]:
    yield from heading("Implementation guidelines", 1)
    yield (
        f"Generated {words.minute(report.generated_at)} by tlsprobe {plain(report.tool_version)}."
    )
    yield ""
    yield from (words.GUIDELINE_PRINCIPLES, "")


def _guidelines(report: Report) -> Iterator[str]:
    if not report.guidelines:
        yield from ("No policy is in force, so there is no guideline.", "")
    for guideline in report.guidelines:
        yield from _guideline(report, guideline)


def _guideline(report: Report, guideline: Guideline) -> Iterator[str]:
    yield from heading(plain(guideline.service))
    yield from (plain(scope(guideline)), "")
    if guideline.unproved:
        yield from (plain(guideline.unproved), "")
    if guideline.rules:
        yield from table(
            ("requirement", "required value", "source", "policy", "setting"),
            [
                (
                    f"{plain(one.rule.requirement)} {code(one.rule.rule_label)}",
                    code(one.rule.required),
                    code(one.rule.source),
                    code(one.policy),
                    plain(settings(one.settings)),
                )
                for one in guided(report, guideline)
            ],
        )
    if guideline.rules and not guideline.servers:
        yield from (no_lines(guideline), "")
    for guide in guideline.servers:
        yield from _server(guide)


def _server(guide: ServerGuide) -> Iterator[str]:
    remedy = guide.remedy
    yield from heading(f"{plain(remedy.server)}, {plain(remedy.place)}", 3)
    yield from block(remedy.lines)
    yield ""
    if guide.uncovered:
        yield f"{words.UNCOVERED} {', '.join(map(code, guide.uncovered))}."
        yield ""
