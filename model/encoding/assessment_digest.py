"""The identity of a visit's policy results: equal for two Assessments with the same results.

Time and evidence are not included.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from model.findings.finding import Assessment, RuleResult

_SEPARATOR = "\x1f"


def assessment_digest(assessment: Assessment) -> str:
    """The SHA-256, in hex, of the results and of the policies."""
    policies = (f"{name}={digest}" for name, digest in sorted(assessment.policies.items()))
    texts = [str(assessment.is_whole), *policies]
    for result in assessment.results:
        texts += _result_texts(result)
    return _digest(texts)


def result_digest(result: RuleResult) -> str:
    """The SHA-256, in hex, of a result's texts."""
    return _digest(_result_texts(result))


def _result_texts(result: RuleResult) -> tuple[str, ...]:
    """Everything in a result except its evidence."""
    return (
        result.policy,
        result.rule,
        result.rule_id or "",
        result.severity,
        result.outcome,
        result.requirement,
        result.violation,
        result.observed,
        result.required,
        result.source,
        *(() if result.cause is None else (result.cause,)),
    )


def _digest(texts: Iterable[str]) -> str:
    # Text quoted from a server may contain half a surrogate pair; a digest accepts any bytes.
    return hashlib.sha256(_SEPARATOR.join(texts).encode(errors="surrogatepass")).hexdigest()
