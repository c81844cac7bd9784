"""The report as Markdown (CommonMark with GitHub's tables), for a ticket, a wiki or a merge request.

Text from servers and operators is in code spans; our own text is escaped (``markdown_text``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from exporters import audit_text
from exporters.plurals import counted
from exporters.reports import words
from exporters.reports.overview import overview
from exporters.reports.report import Report, ReportedEndpoint, ReportedFinding
from exporters.reports.report_json import report_digest
from model.findings.finding import FindingStatus, Waiver
from model.findings.remediation import Remediation
from model.safe_output.markdown_text import block, code, plain


def write_markdown(report: Report) -> str:
    """The report, from the summary to the proof of its integrity."""
    judged = (_head, _summary, _findings, _claims, _endpoints, _not_reached)
    sections = (*judged, _waivers, _policies, _audit_log, _data)
    return "\n".join(line for section in sections for line in section(report)) + "\n"


def _head(report: Report) -> Iterator[str]:
    yield "# TLS compliance report"
    yield ""
    yield (
        f"Generated {words.minute(report.generated_at)} by tlsprobe {plain(report.tool_version)}, "
        f"from what was known at {words.minute(report.taken_at)}."
    )
    if report.selection:
        yield ""
        yield f"Only endpoints with {code(words.labels(report.selection))}."
    yield ""


def _summary(report: Report) -> Iterator[str]:
    seen = overview(report)
    yield "## Summary"
    yield ""
    yield from _table(
        ("", "count"),
        [
            ("endpoints", str(len(report.endpoints))),
            ("not reached", str(len(report.not_reached))),
            *((words.compliance(standing), str(n)) for standing, n in seen.standings.items()),
            *((f"open findings, {severity}", str(n)) for severity, n in seen.open.items()),
            ("open findings, unproven", str(seen.unknown)),
            ("waived findings", str(seen.waived)),
        ],
    )


def _findings(report: Report) -> Iterator[str]:
    yield "## Findings"
    yield ""
    every = list(report.findings())
    if not every:
        yield from ("None.", "")
    for endpoint, found in every:
        yield from _finding(endpoint, found)


def _finding(endpoint: ReportedEndpoint, found: ReportedFinding) -> Iterator[str]:
    finding, result = found.finding, found.finding.result
    yield f"### {result.severity.value}: {plain(result.violation)}"
    yield ""
    yield f"- endpoint: {code(endpoint.key)}"
    yield f"- rule: {code(result.rule_label)} of policy {code(result.policy)} ({code(result.source)})"
    yield f"- outcome: {words.outcome(finding)}; {_status(found)}"
    yield f"- requirement: {plain(result.requirement)} ({code(result.required)})"
    yield f"- observed: {code(result.observed)}"
    yield (
        f"- first seen {words.minute(finding.first_seen_at)}, "
        f"last seen {words.minute(finding.last_seen_at)}"
    )
    note = result.evidence.note if result.evidence else None
    if note:
        yield f"- evidence: {code(note)}"
    yield ""
    if found.remedy is not None:
        yield from _remedy(found.remedy)


def _status(found: ReportedFinding) -> str:
    finding = found.finding
    reopened = f", reopened {counted(finding.reopened, 'time')}" if finding.reopened else ""
    if finding.waiver is None:
        return f"{finding.status.value}{reopened}"
    said = "waived by" if finding.status is FindingStatus.WAIVED else "open, was waived by"
    return f"{said} {code(words.waived(finding))}{reopened}"


def _remedy(remedy: Remediation) -> Iterator[str]:
    yield f"Fix for {plain(remedy.server)}, {plain(remedy.place)}:"
    yield ""
    yield from block(remedy.lines)
    yield ""


def _claims(report: Report) -> Iterator[str]:
    yield "## Claims"
    yield ""
    yield from _table(
        ("endpoint or resource", "claimed", "source", "verdict", "seen", "since"),
        [
            (
                code(holder),
                code(one.statement),
                code(f"{one.source}, {one.resource}"),
                words.claim_verdict(one),
                code(one.observed),
                words.minute(one.since) if one.since else "",
            )
            for holder, one in report.claims()
        ],
    )


def _endpoints(report: Report) -> Iterator[str]:
    yield "## What was probed"
    yield ""
    yield from _table(
        ("endpoint", "labels", "probed", "by version", "compliance", "findings", "unknown"),
        [
            (
                code(endpoint.key),
                code(words.labels(endpoint.labels)),
                words.minute(endpoint.last_probe_at),
                code(endpoint.tool_version),
                words.compliance(endpoint.standing),
                str(len(endpoint.findings)),
                code(", ".join(endpoint.unknown)),
            )
            for endpoint in report.reached
        ],
    )


def _not_reached(report: Report) -> Iterator[str]:
    yield "## What was not reached"
    yield ""
    yield from _table(
        ("endpoint", "state", "last tried", "last answered with TLS"),
        [
            (
                code(endpoint.key),
                code(words.state(endpoint)),
                words.minute(endpoint.last_probe_at),
                words.minute(endpoint.last_success_at),
            )
            for endpoint in report.not_reached
        ],
    )


def _waivers(report: Report) -> Iterator[str]:
    yield "## Waivers"
    yield ""
    yield from _table(
        ("waiver", "for", "owner", "reason", "until"),
        [
            (
                code(waiver.name),
                code(words.waiver_scope(waiver)),
                code(waiver.owner),
                code(waiver.reason),
                _until(report, waiver),
            )
            for waiver in report.waivers
        ],
    )


def _until(report: Report, waiver: Waiver) -> str:
    until = waiver.last_day.isoformat()
    if waiver.expires_at <= report.taken_at:
        return f"{until} (expired)"
    return f"{until} (waives no finding here)" if report.is_idle(waiver) else until


def _policies(report: Report) -> Iterator[str]:
    yield "## Policies"
    yield ""
    yield from _table(
        ("policy", "rules", "SHA-256 of its text"),
        [
            (code(policy.name), str(len(policy.rules)), code(policy.digest))
            for policy in report.policies
        ],
    )


def _audit_log(report: Report) -> Iterator[str]:
    yield "## Audit log"
    yield ""
    yield from _table(
        ("time", "who", "what", "before", "after"),
        [
            (
                words.minute(entry.at),
                code(audit_text.audited_by(entry)),
                code(audit_text.audited(entry)),
                code(audit_text.audited_value(entry.before)),
                code(audit_text.audited_value(entry.after)),
            )
            for entry in report.audit_log
        ],
    )


def _data(report: Report) -> Iterator[str]:
    yield "## Verification"
    yield ""
    yield f"SHA-256 of this report's data: `{report_digest(report)}`"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    if not rows:
        yield from ("None.", "")
        return
    yield f"| {' | '.join(header)} |"
    yield f"|{'---|' * len(header)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""
