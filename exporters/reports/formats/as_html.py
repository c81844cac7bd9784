"""The HTML reports: each is one self-contained file without scripts that prints well.

``html_templates`` makes all values safe. The page's own Content-Security-Policy forbids everything except its style. The full report holds its data in a
block that browsers do not run, so that the file can be verified on its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from exporters import audit_text
from exporters.html_templates import html_templates, script_data
from exporters.plurals import counted
from exporters.reports import words
from exporters.reports.controls import VERDICTS, controls
from exporters.reports.executive import executive_page
from exporters.reports.expiry import expiring_certificates
from exporters.reports.guidance import guided, no_lines, scope, settings
from exporters.reports.overview import overview
from exporters.reports.quantum import KEY_EXCHANGE, in_migration_order
from exporters.reports.report import Report, ReportedEndpoint, ReportedFinding
from exporters.reports.report_json import canonical, digest_of, report_digest, report_to_json
from exporters.reports.responsible import exceptions, owners
from exporters.reports.unproved import unproved
from model.findings.finding import Finding, FindingStatus, Outcome, Severity
from model.frozen import frozen
from model.verdict import Verdict

DATA_START: Final = '<script type="application/json" id="tlsprobe-report">'
DATA_END: Final = "</script>"
_BYTES_SHOWN: Final = 512


@frozen
class _Group:
    """One rule of one policy, and every endpoint that does not meet it."""

    policy: str
    rule: str
    severity: Severity
    requirement: str
    violation: str
    required: str
    source: str
    found: list[tuple[ReportedEndpoint, ReportedFinding]]

    @property
    def status(self) -> str:
        """Whether any endpoint violates it."""
        outcomes = {one.finding.result.outcome for _, one in self.found}
        return "Violated" if Outcome.FAIL in outcomes else "Unknown"


def write_html(report: Report) -> str:
    """The whole report, including its data."""
    fields = report_to_json(report)
    return _page(
        "report.html",
        report,
        digest=digest_of(fields),
        groups=list(_groups(report)),
        certificates=expiring_certificates(report),
        embedded=script_data(canonical(fields)),
        bytes_shown=_BYTES_SHOWN,
        controls=controls(report),
        verdicts=VERDICTS,
        unproved=unproved(report),
        standings=(Verdict.YES, Verdict.NO, Verdict.UNKNOWN),
        accepted=_accepted,
        quantum=in_migration_order(
            (one.key, one.quantum) for one in report.endpoints if one.quantum is not None
        ),
        key_exchange=KEY_EXCHANGE,
        status_of=_status,
    )


def write_executive(report: Report) -> str:
    """One page on the whole inventory: compliance by team and over time, the worst, and what expires soon."""
    return _page(
        "executive.html",
        report,
        digest=report_digest(report),
        page=executive_page(report),
        verdict=Verdict,
        severities=tuple(reversed(Severity)),
    )


def write_policy(report: Report) -> str:
    """The text of the policies in force, as a document of its own."""
    return _page(
        "policy.html", report, digest=report_digest(report), owners=owners, exceptions=exceptions
    )


def write_guidelines(report: Report) -> str:
    """How each service meets the policies in force, as a document of its own."""
    return _page(
        "guidelines.html",
        report,
        digest=report_digest(report),
        guided=guided,
        no_lines=no_lines,
        scope=scope,
        settings=settings,
    )


_TEMPLATES: Final = html_templates("exporters.reports.formats")


def _page(template: str, report: Report, **more: Any) -> str:
    seen = overview(report)
    return _TEMPLATES.get_template(template).render(
        report=report, words=words, audit_text=audit_text, counted=counted, seen=seen, **more
    )


def _groups(report: Report) -> Iterator[_Group]:
    groups: dict[tuple[str, str, Severity], _Group] = {}
    texts = {
        (policy.name, rule.rule): rule.violation
        for policy in report.policies
        for rule in policy.rules
    }
    for endpoint, found in report.findings():
        result = found.finding.result
        key = (result.policy, result.rule, result.severity)
        if key not in groups:
            groups[key] = _Group(
                policy=result.policy,
                rule=result.rule_label,
                severity=result.severity,
                requirement=result.requirement,
                violation=texts.get(result.identity, result.violation),
                required=result.required,
                source=result.source,
                found=[],
            )
        groups[key].found.append((endpoint, found))
    yield from groups.values()


def _accepted(endpoint: ReportedEndpoint) -> str:
    names = [label for label, verdict in endpoint.protocols.items() if verdict is Verdict.YES]
    return ", ".join(names)


def _status(finding: Finding) -> str:
    if finding.status is FindingStatus.WAIVED:
        return "waived"
    return "unknown" if finding.result.outcome is Outcome.UNKNOWN else "open"
