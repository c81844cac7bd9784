"""The compliance report as Markdown, for a ticket, a wiki or a merge request."""

from __future__ import annotations

from collections.abc import Iterator

from exporters import audit_text
from exporters.plurals import counted
from exporters.reports import words
from exporters.reports.controls import VERDICTS, controls
from exporters.reports.formats.markdown.lines import heading, table, verification
from exporters.reports.formats.markdown.policy import waiver_table
from exporters.reports.overview import overview
from exporters.reports.quantum import KEY_EXCHANGE, in_migration_order
from exporters.reports.report import Report, ReportedEndpoint, ReportedFinding
from exporters.reports.unproved import unproved
from model.findings.finding import FindingStatus
from model.findings.remediation import Remediation
from model.safe_output.markdown_text import block, code, plain
from model.verdict import Verdict


def write_markdown(report: Report) -> str:
    """The report, from the summary to the proof of its integrity."""
    judged = (_head, _summary, _history, _findings, _controls, _claims, _unproved)
    sections = (
        *judged,
        _post_quantum,
        _endpoints,
        _not_reached,
        _waivers,
        _policies,
        _audit_log,
        verification,
    )
    return "\n".join(line for section in sections for line in section(report)) + "\n"


def _head(report: Report) -> Iterator[str]:
    yield "# Encryption compliance report"
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
    yield from heading("Summary")
    yield from table(
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


def _history(report: Report) -> Iterator[str]:
    yield from heading("History")
    if not report.history:
        yield from ("No past weeks were asked for (`--weeks`).", "")
        return
    order = (Verdict.YES, Verdict.NO, Verdict.UNKNOWN)
    yield from table(
        ("time", *(words.compliance(standing) for standing in order)),
        [
            (words.minute(past.at), *(str(past.count(standing)) for standing in order))
            for past in report.history
        ],
    )


def _findings(report: Report) -> Iterator[str]:
    yield from heading("Findings")
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
    if result.evidence is None:
        yield "- evidence: none is stored for this value"
    else:
        yield f"- evidence: {code(words.evidence(result.evidence))}"
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


def _controls(report: Report) -> Iterator[str]:
    yield from heading("Controls")
    yield from ("Each cell names at most ten endpoints; the JSON report names all.", "")
    yield from table(
        ("policy", "control", "source", *VERDICTS),
        [
            (
                code(control.policy.name),
                f"{plain(control.rule.requirement)} {code(control.rule.rule_label)}",
                code(control.rule.source),
                *(words.places(control.endpoints.get(verdict, ()), code) for verdict in VERDICTS),
            )
            for control in controls(report)
        ],
    )


def _claims(report: Report) -> Iterator[str]:
    yield from heading("Claims")
    yield from table(
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


def _unproved(report: Report) -> Iterator[str]:
    yield from heading("What was not proved, and why")
    yield from table(
        ("endpoint or resource", "what", "why"),
        [(code(one.place), code(one.what), code(one.why)) for one in unproved(report)],
    )


def _post_quantum(report: Report) -> Iterator[str]:
    yield from heading("Post-quantum key exchange")
    known = ((one.key, one.quantum) for one in report.endpoints if one.quantum is not None)
    yield from table(
        (
            *("endpoint", "key exchange", "secret for", "migration"),
            *("deadlines missed", "first proved", "lost again"),
        ),
        [
            (
                code(key),
                KEY_EXCHANGE[one.exposure.key_exchange],
                words.years(one.exposure.years.secrecy),
                words.years(one.exposure.years.migration),
                one.missed,
                words.minute(one.history.first_proved_at),
                words.minute(one.history.lost_at),
            )
            for key, one in in_migration_order(known)
        ],
    )


def _endpoints(report: Report) -> Iterator[str]:
    yield from heading("What was probed")
    yield from table(
        (
            *("endpoint", "labels", "probed", "by version", "compliance", "findings", "unknown"),
            "SHA-256 of the facts",
        ),
        [
            (
                code(endpoint.key),
                code(words.labels(endpoint.labels)),
                words.minute(endpoint.last_probe_at),
                code(endpoint.tool_version),
                words.compliance(endpoint.standing),
                str(len(endpoint.findings)),
                code(", ".join(endpoint.unknown)),
                code(endpoint.facts_digest),
            )
            for endpoint in report.reached
        ],
    )


def _not_reached(report: Report) -> Iterator[str]:
    yield from heading("What was not reached")
    yield from table(
        ("endpoint", "state", "last tried", "last answered"),
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
    yield from heading("Waivers")
    yield from waiver_table(report)


def _policies(report: Report) -> Iterator[str]:
    yield from heading("Policies")
    yield from table(
        ("policy", "rules", "SHA-256 of its text"),
        [
            (code(policy.name), str(len(policy.rules)), code(policy.digest))
            for policy in report.policies
        ],
    )


def _audit_log(report: Report) -> Iterator[str]:
    yield from heading("Audit log")
    yield from table(
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
