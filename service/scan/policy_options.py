"""The policies that the user of a scan names, read and checked before anything is probed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from model.findings.finding import Severity
from model.target import Target
from model.target_labels import label_problems
from policy import read_policies
from policy.files.yaml_file import ConfigError
from probe.recording.visit import RecordedVisit
from service.judging.ci_gate import CiGate, check_that_all_are_judged, parse_labels
from service.scan.request import ScanInputError, ScanRequest


def with_labels(request: ScanRequest, texts: Sequence[str]) -> ScanRequest:
    """The request, with ``NAME=VALUE`` labels on every target.

    Raises:
        ScanInputError: if a label has another form.
    """
    labels = _labels(texts)
    targets = tuple(replace(target, labels=labels) for target in request.targets)
    return replace(request, targets=targets)


def with_labels_on_visits(
    visits: Sequence[RecordedVisit], texts: Sequence[str]
) -> Sequence[RecordedVisit]:
    """The recorded visits, with ``NAME=VALUE`` labels added to their targets.

    Raises:
        ScanInputError: if a label has another form.
    """
    labels = _labels(texts)
    return [
        replace(
            visit,
            endpoint=replace(endpoint, target=replace(target, labels={**target.labels, **labels})),
        )
        for visit, endpoint, target in ((one, one.endpoint, one.endpoint.target) for one in visits)
    ]


def _labels(texts: Sequence[str]) -> Mapping[str, str]:
    try:
        labels = parse_labels(texts)
    except ValueError as error:
        raise ScanInputError(f"--label: {error}") from error
    for problem in label_problems(labels):
        raise ScanInputError(f"--label: {problem}")
    return labels


def read_gate(
    names: Sequence[str],
    targets: Sequence[Target],
    *,
    fail_on: Severity | None,
    allow_unknown: bool,
    warn: Callable[[str], None],
) -> CiGate:
    """The gate for the targets; ``warn`` gets the warnings about policy files.

    Raises:
        ScanInputError: if a policy is invalid, or applies to none of the targets.
    """
    try:
        book = read_policies(names, datetime.now(UTC))
        check_that_all_are_judged(book, targets)
    except ConfigError as error:
        raise ScanInputError(f"--policy: {error}") from error
    for remark in book.remarks:
        warn(remark)
    return CiGate(book=book, fail_on=fail_on or Severity.INFO, allow_unknown=allow_unknown)
