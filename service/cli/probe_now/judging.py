"""The options of ``scan`` and ``replay`` that say what judges a visit; without policies, no policy library loads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from model.findings.finding import Severity
from model.target import Target
from service.cli.app import warn

if TYPE_CHECKING:
    from service.judging.ci_gate import CiGate


@dataclass(frozen=True, slots=True)
class JudgeOptions:
    """What to judge by, and which results make the command fail."""

    policies: list[str] | None
    labels: list[str] | None
    fail_on: Severity | None
    allow_unknown: bool

    def check(self) -> None:
        """Raises ScanInputError if an option needs a policy and there is none."""
        if not self.policies and (self.fail_on is not None or self.allow_unknown):
            from service.scan.request import ScanInputError

            raise ScanInputError("--fail-on and --allow-unknown need --policy: add it")

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
