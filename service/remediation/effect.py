"""What a change did to the endpoints that it concerns: better, worse, or nothing. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias

from model.claims import CLAIMS_POLICY
from model.findings.finding import Assessment, Finding, Outcome
from model.frozen import frozen
from model.observation import Observation

_SERVER_ERROR: Final = 500


@frozen
class Seen:
    """One endpoint as a visit shows it, judged."""

    observation: Observation
    assessment: Assessment


Look: TypeAlias = Mapping[str, Seen]
"""The endpoints that a change concerns, by key."""


def outcome_of(finding: Finding, look: Look) -> Outcome:
    """The result of the finding's rule at its endpoint; unknown if the endpoint did not answer."""
    seen = look[finding.endpoint_key]
    for result in seen.assessment.results:
        if result.identity == finding.result.identity:
            return result.outcome
    return Outcome.UNKNOWN


def what_is_worse(before: Look, after: Look) -> str | None:
    """What is worse than before, as a clause; None if nothing is."""
    problems = (
        f"{key}: {problem}" for key, seen in before.items() for problem in _worse(seen, after[key])
    )
    return next(problems, None)


def _worse(before: Seen, after: Seen) -> Iterator[str]:
    """Claims do not count: they still say what was declared before the change."""
    if not before.observation.answered:
        return
    if not after.observation.answered:
        reason = after.observation.reason
        yield "does not answer any more" + (f" ({reason})" if reason else "")
        return
    status = _http_status(after.observation)
    if status >= _SERVER_ERROR > _http_status(before.observation):
        yield f"answers HTTP with status {status}"
    were_met = {one.identity for one in before.assessment.results if one.outcome is Outcome.PASS}
    for one in after.assessment.results:
        is_new = one.outcome is Outcome.FAIL and one.identity in were_met
        if is_new and one.policy != CLAIMS_POLICY:
            yield one.violation


def _http_status(observation: Observation) -> int:
    """The status of the GET over TLS; 0 if there is none."""
    fact = observation.http.get("status")
    value = "" if fact is None else fact.value or ""
    return int(value) if value.isdecimal() else 0
