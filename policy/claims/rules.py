"""The two rules on claims: they are in no policy file, because each target brings its own claims."""

from __future__ import annotations

from typing import Final

from model.claims import CLAIM_RULE_ID, WEAKNESS_RULE_ID
from model.findings.finding import Severity
from model.frozen import frozen


@frozen
class ClaimRule:
    """The texts of one rule; those of a finding name the claim itself."""

    identifier: str
    requirement: str
    violation: str
    why: str
    severity: Severity


DECLARED: Final = ClaimRule(
    identifier=CLAIM_RULE_ID,
    requirement="What the configuration of a target declares must be what its endpoints do",
    violation="Declared, but not so",
    why="A configuration that is not in force protects nothing, and everybody who reads it believes that it does.",
    severity=Severity.MEDIUM,
)
REPORTED: Final = ClaimRule(
    identifier=WEAKNESS_RULE_ID,
    requirement="What another scanner reports about a target must be so",
    violation="Reported, but not so",
    why="A false alarm costs the time that a real finding needs.",
    severity=Severity.INFO,
)
CLAIM_RULES: Final = (DECLARED, REPORTED)


def claim_rule_of(text: str) -> ClaimRule | None:
    """The rule with this identifier; None if there is none."""
    return next((one for one in CLAIM_RULES if one.identifier == text), None)
