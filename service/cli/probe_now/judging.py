"""The options of ``scan`` and ``replay`` that say what judges a visit, and where reports of that go.

Without policies, no policy library loads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from model.findings.finding import Severity
from model.target import Target
from service.cli.app import exit_code_of, warn

if TYPE_CHECKING:
    from service.judging.ci_gate import CiGate
    from service.scan.output import ScanOutcome


@dataclass(frozen=True, slots=True)
class JudgeOptions:
    """What to judge by, and which results make the command fail."""

    policies: list[str] | None
    labels: list[str] | None
    fail_on: Severity | None
    allow_unknown: bool
    reports: list[str] | None = None

    def check(self) -> None:
        """Raises ScanInputError if an option needs a policy and there is none, or a report cannot be written."""
        if not self.policies and (self.fail_on is not None or self.allow_unknown):
            from service.scan.request import ScanInputError

            raise ScanInputError("--fail-on and --allow-unknown need --policy: add it")
        if self.reports and not self.policies:
            from service.scan.request import ScanInputError

            raise ScanInputError("--report needs --policy: add it")
        if self.reports:
            from service.scan.report_files import parse_report_files

            parse_report_files(self.reports)

    def gate(self, targets: Sequence[Target]) -> CiGate | None:
        """What judges visits to these targets; None without policies.

        Raises:
            ScanInputError: if a policy cannot be used.
        """
        if not self.policies:
            return None
        from service.scan.policy_options import read_gate

        return read_gate(
            self.policies,
            targets,
            fail_on=self.fail_on,
            allow_unknown=self.allow_unknown,
            warn=warn,
        )

    def exit_code(self, outcome: ScanOutcome, gate: CiGate | None) -> int:
        """Write the reports, and return the exit code; raises ScanInputError if a report cannot be written."""
        if self.reports and gate is not None:
            from service.scan.report_files import parse_report_files, write_report_files

            files = parse_report_files(self.reports)
            write_report_files(files, outcome.judged, gate.book, datetime.now(UTC))
        return exit_code_of(outcome)
