"""The judgement of one Observation by the policies that a user names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from model.findings.finding import Assessment, Finding
from model.findings.remediation import Remediation
from model.frozen import frozen


@frozen
class Judged:
    """The results of all rules; ``findings`` are in order, worst first.

    ``remedies`` maps the findings' fingerprints to fixes, if the server software is known.
    """

    assessment: Assessment
    findings: tuple[Finding, ...]
    remedies: Mapping[str, Remediation] = field(default_factory=dict)
