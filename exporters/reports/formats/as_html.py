"""The HTML reports: each is one file that needs nothing else, runs no script and prints well.

The templates escape all that they are given, and before that what acts on a screen is made visible
(``words.clean``). A Content-Security-Policy inside forbids everything but the style. The full report
carries its data in a block that a browser does not run, so that it can be verified by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from exporters.reports import words
from exporters.reports.executive import executive_page
from exporters.reports.expiry import expiring_certificates
from exporters.reports.overview import overview
from exporters.reports.report import Report, ReportedEndpoint, ReportedFinding
from exporters.reports.report_json import canonical, digest_of, report_digest, report_to_json
from model.findings.finding import Finding, FindingStatus, Outcome, Severity
from model.verdict import Verdict

DATA_START: Final = '<script type="application/json" id="tlsprobe-report">'
DATA_END: Final = "</script>"
_BYTES_SHOWN: Final = 512


@dataclass(frozen=True, slots=True, kw_only=True)
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
    """The whole report, its data inside."""
    fields = report_to_json(report)
    return _page(
        "report.html",
        report,
        digest=digest_of(fields),
        groups=list(_groups(report)),
        certificates=expiring_certificates(report),
        embedded=_embedded(canonical(fields)),
        bytes_shown=_BYTES_SHOWN,
        accepted=_accepted,
        status_of=_status,
    )


def write_executive(report: Report) -> str:
    """One page for who answers for it all: compliance by team and over time, what is worst, what ends."""
    return _page(
        "executive.html",
        report,
        digest=report_digest(report),
        page=executive_page(report),
        verdict=Verdict,
        severities=tuple(reversed(Severity)),
    )


def write_policy(report: Report) -> str:
    """The policies in force, in words, as a document of their own."""
    return _page("policy.html", report, digest=report_digest(report))


def _visible(value: object) -> object:
    """What a template shows, without anything that acts on a screen; our own mark-up as it is."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return words.clean(value)
    return value


_TEMPLATES: Final = Environment(
    loader=PackageLoader("exporters.reports.formats"),
    autoescape=True,
    undefined=StrictUndefined,
    finalize=_visible,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


def _page(template: str, report: Report, **more: Any) -> str:
    seen = overview(report)
    return _TEMPLATES.get_template(template).render(report=report, words=words, seen=seen, **more)


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


def _embedded(text: str) -> Markup:
    """JSON as a script block may hold it: nothing in it can end the block."""
    for char in "<>&":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return Markup(text)  # noqa: S704 - no character of it is mark-up
