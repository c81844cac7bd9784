"""The options of ``scan`` and ``replay`` about results: what judges them, how they are printed, and where reports go.

Without policies, no policy library loads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps
from typing import TYPE_CHECKING, Any

from model.findings.finding import Severity
from model.target import Target
from service.cli.app import exit_code_of, fail, warn
from service.scan.formats import OutputFormat

if TYPE_CHECKING:
    from service.judging.ci_gate import CiGate
    from service.scan.output import ScanOptions, ScanOutcome


def reports_input_errors(function: Callable[..., int]) -> Callable[..., int]:
    """A decorator: the command ends with exit code 2 and a sentence if ``function`` raises ScanInputError."""

    @wraps(function)
    def run(*arguments: Any, **options: Any) -> int:
        from service.scan.request import ScanInputError

        try:
            return function(*arguments, **options)
        except ScanInputError as error:
            return fail(str(error))

    return run


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
            from service.scan.report_files import (
                parse_report_files,
                scan_report,
                write_report_files,
            )

            files = parse_report_files(self.reports)
            report = scan_report(
                outcome.judged,
                gate.book,
                datetime.now(UTC),
                with_cryptography=any(file.format.needs_cryptography for file in files),
            )
            write_report_files(files, report)
        return exit_code_of(outcome)


@dataclass(frozen=True, slots=True)
class PrintOptions:
    """How to print, as the user wrote it; ``as_json`` is the short form of the format ``jsonl``."""

    output: OutputFormat
    as_json: bool
    no_evidence: bool
    no_color: bool
    is_verbose: bool
    policies: list[str] | None
    is_brief: bool = False

    def read(self) -> ScanOptions:
        """What the output needs; raises ScanInputError for options that exclude each other."""
        from service.scan.output import ScanOptions

        format_ = OutputFormat.JSONL if self.as_json else self.output
        if problem := self._problem(format_):
            from service.scan.request import ScanInputError

            raise ScanInputError(problem)
        return ScanOptions(
            format=format_,
            with_evidence=not self.no_evidence,
            no_colour=self.no_color,
            is_brief=self.is_brief,
            is_verbose=self.is_verbose,
        )

    def _problem(self, format_: OutputFormat) -> str | None:
        if self.as_json and self.output not in {OutputFormat.TERMINAL, OutputFormat.JSONL}:
            return f"--json is short for --output jsonl: remove it, or --output {self.output}"
        if self.no_evidence and not format_.has_observations:
            return "--no-evidence needs --json: add it"
        if self.is_brief and self.is_verbose:
            return "--brief and --verbose exclude each other: give one of them"
        if self.is_brief and format_ is not OutputFormat.TERMINAL:
            asked = "--json" if self.as_json else f"--output {format_}"
            return f"--brief and {asked} exclude each other: give one of them"
        if format_.needs_policies and not self.policies:
            return (
                f"--output {format_} reports the findings of policies: add --policy, such as "
                "--policy mozilla-intermediate"
            )
        return None
