"""The figures at the top of a report: the number of endpoints and findings of each kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from exporters.reports.report import Report
from model.findings.counts import open_unknown, open_violations
from model.findings.finding import FindingStatus, Severity
from model.frozen import frozen
from model.verdict import Verdict


@frozen
class Overview:
    """``standings`` counts endpoints; ``open`` the open violations by severity, worst first.

    ``unknown`` is the number of open findings that prove no violation, ``waived`` that of accepted ones.
    """

    standings: Mapping[Verdict | None, int]
    open: Mapping[Severity, int]
    unknown: int
    waived: int


def overview(report: Report) -> Overview:
    """The figures of ``report``."""
    findings = [found.finding for _, found in report.findings()]
    by_severity = Counter(one.severity for one in open_violations(findings))
    by_standing = Counter(endpoint.standing for endpoint in report.endpoints)
    order = (Verdict.YES, Verdict.NO, Verdict.UNKNOWN, None)
    return Overview(
        standings={one: by_standing[one] for one in order if one is not None or by_standing[one]},
        open={severity: by_severity[severity] for severity in reversed(Severity)},
        unknown=len(open_unknown(findings)),
        waived=sum(one.status is FindingStatus.WAIVED for one in findings),
    )
