"""Reports of what a scan found, for pipelines: JUnit, SARIF and the other formats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from exporters.reports import (
    REPORTS,
    Report,
    ReportFormat,
    ReportRequest,
    outcomes_of,
    report_format,
    report_of,
)
from exporters.reports.cryptography import cryptography_of
from model.findings.finding import RuleResult
from model.findings.judged import Judged
from model.findings.remediation import Remediation
from model.frozen import frozen
from model.observation import Observation
from model.safe_output.whole_file import whole_file
from model.snapshot import EndpointStatus, Snapshot
from model.target import key_order
from model.version import TOOL_VERSION
from policy import PolicySet
from policy.remediation import guidelines_of
from service.judging.report_policies import policy_text
from service.scan.request import ScanInputError


@frozen
class ReportFile:
    """A report to write."""

    format: ReportFormat
    path: Path


def parse_report_files(texts: Sequence[str]) -> tuple[ReportFile, ...]:
    """Parse values of the form ``FORMAT=FILE``.

    Raises:
        ScanInputError: for the first that has another form, or whose folder does not exist.
    """
    names = [one.name for one in REPORTS]
    files = []
    for text in texts:
        name, _, path = text.partition("=")
        if name not in names or not path:
            raise ScanInputError(
                f"--report: {text!r} must be FORMAT=FILE, such as junit=junit.xml; the formats are "
                f"{', '.join(names)}"
            )
        if not Path(path).absolute().parent.is_dir():
            raise ScanInputError(f"--report {text}: its folder does not exist: create it")
        files.append(ReportFile(format=report_format(name), path=Path(path)))
    return tuple(files)


def scan_report(
    seen: Sequence[tuple[Observation, Judged | None]],
    book: PolicySet,
    now: datetime,
    *,
    with_cryptography: bool,
) -> Report:
    """The Report of all endpoints that were seen, judged by ``book`` if it has policies."""
    every = [judged for _, judged in seen if judged is not None]
    fixes = {name: fix for judged in every for name, fix in judged.remedies.items()}

    def remedy_of(observation: Observation, result: RuleResult) -> Remediation | None:
        return fixes.get(result.fingerprint(observation.endpoint.key))

    statuses = sorted(
        (_status(*one) for one in seen),
        key=lambda status: key_order(status.observation.endpoint.key),
    )
    request = ReportRequest(
        generated_at=now,
        tool_version=TOOL_VERSION,
        policies=tuple(map(policy_text, book.policies)),
        waivers=tuple(book.waivers),
        outcomes={
            observation.endpoint.key: outcomes_of(judged.assessment.results)
            for observation, judged in seen
            if judged is not None
        },
        guidelines=guidelines_of(
            book.policies, [observation.endpoint.target for observation, _ in seen]
        ),
        cryptography={one.endpoint.key: cryptography_of(one) for one, _ in seen}
        if with_cryptography
        else {},
    )
    return report_of(Snapshot(taken_at=now, endpoints=tuple(statuses)), request, remedy_of)


def write_report_files(files: Sequence[ReportFile], report: Report) -> None:
    """Write ``report`` to each file, in its format: each is whole, or as it was before.

    Raises:
        ScanInputError: if a file cannot be written.
    """
    for file in files:
        try:
            with whole_file(file.path) as opened:
                file.format.write_to(report, lambda text: opened.write(text.encode()))
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise ScanInputError(f"--report: cannot write {file.path}: {reason}") from error


def _status(observation: Observation, judged: Judged | None) -> EndpointStatus:
    at, answered = observation.ended_at, observation.answered
    status = EndpointStatus(
        observation=observation,
        last_probe_at=at,
        last_success_at=at if answered else None,
        consecutive_failures=0 if answered else 1,
        interval_seconds=0.0,
    )
    if judged is None:
        return status
    assessment = judged.assessment
    return replace(
        status,
        findings=judged.findings,
        compliance={policy: assessment.compliance(policy) for policy in assessment.policies},
        claims=assessment.claims,
    )
