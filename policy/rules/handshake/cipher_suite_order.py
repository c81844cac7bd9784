"""Rules on which side chooses the cipher suite, and on the order of a server that chooses."""

from __future__ import annotations

from typing import Final, Literal

from model.findings.finding import Outcome, Severity
from model.judging.spoken import spoken
from model.observation import AcceptedSet, Observation
from model.protocol_version import ProtocolVersion
from model.registry import Strength, strength_by_name
from model.verdict import Preference
from policy.judging.partial_results import labels, not_applicable, unknown
from policy.rule import Evaluation, Family, Judge, Parameters, Rule, Subject

_RANKS: Final = {strength: rank for rank, strength in enumerate(Strength)}


class Deciding(Parameters):
    """``by``: whose order decides."""

    by: Literal["server", "client"] = "server"


class NoParameters(Parameters):
    """No parameters."""


def _bind_deciding(parameters: Deciding) -> Judge:
    required = f"the {parameters.by}'s order decides"

    def judge(subject: Subject) -> Evaluation:
        observation = subject.observation
        several = _with_choice(observation)
        found = {version: one.preference for version, one in several.items()}
        wrong = [
            version
            for version, one in found.items()
            if one.value not in (parameters.by, Preference.UNKNOWN.value)
        ]
        if wrong:
            other = "client" if parameters.by == "server" else "server"
            observed = f"the {other}'s order decides at {labels(wrong)}"
            return Evaluation(
                outcome=Outcome.FAIL,
                observed=observed,
                required=required,
                violation=(
                    f"The {other} chooses the cipher suite at {labels(wrong)}, "
                    f"not the {parameters.by}"
                ),
            )
        open_ = [version for version, one in found.items() if one is Preference.UNKNOWN]
        missing = [
            version
            for version in spoken(observation)
            if version not in observation.cipher_suites and version is not ProtocolVersion.SSLV2
        ]
        if open_ or missing:
            return unknown(f"not known at {labels([*open_, *missing])}", required)
        if not found:
            return not_applicable("no version accepts two suites", required)
        return Evaluation(outcome=Outcome.PASS, observed=required, required=required)

    return judge


def _bind_order(_: NoParameters) -> Judge:
    required = "in the server's order, no suite comes before a stronger one"

    def judge(subject: Subject) -> Evaluation:
        several = _with_choice(subject.observation)
        ordered = {
            version: one for version, one in several.items() if one.preference is Preference.SERVER
        }
        for version, one in sorted(ordered.items(), reverse=True):
            if (pair := _misplaced(one)) is not None:
                weak, strong = pair
                return Evaluation(
                    outcome=Outcome.FAIL,
                    observed=f"{weak} comes before {strong} ({version.display_name})",
                    required=required,
                    violation=(
                        f"Server prefers {weak} to the stronger {strong} at {version.display_name}"
                    ),
                    evidence=one.evidence.get(weak),
                )
        open_ = [
            version
            for version, one in several.items()
            if one.preference is Preference.UNKNOWN or not one.complete
        ]
        if open_:
            return unknown(f"not known at {labels(open_)}", required)
        if not ordered:
            return not_applicable("the server has no order of its own", required)
        return Evaluation(
            outcome=Outcome.PASS, observed="the strongest suites come first", required=required
        )

    return judge


def _with_choice(observation: Observation) -> dict[ProtocolVersion, AcceptedSet]:
    return {
        version: found
        for version, found in observation.cipher_suites.items()
        if len(found.accepted) > 1 and version is not ProtocolVersion.SSLV2
    }


def _misplaced(found: AcceptedSet) -> tuple[str, str] | None:
    """A suite, and a stronger one after it."""
    weakest: tuple[int, str] | None = None
    for name in found.accepted:
        strength = strength_by_name(name)
        if strength is None:
            continue
        rank = _RANKS[strength]
        if weakest is not None and rank > weakest[0]:
            return weakest[1], name
        if weakest is None or rank < weakest[0]:
            weakest = (rank, name)
    return None


CIPHER_SUITE_ORDER_RULES: Final = (
    Rule(
        identifier="TP-CIPHER-005",
        name="cipher_suite_preference",
        family=Family.CIPHER_SUITES,
        requirement="The side named by the policy must choose the cipher suite",
        violation="The wrong side chooses the cipher suite",
        why="The server should choose among suites of different strength; the client may among equals.",
        severity=Severity.LOW,
        parameters=Deciding,
        bind=_bind_deciding,
    ),
    Rule(
        identifier="TP-CIPHER-006",
        name="cipher_suite_order",
        family=Family.CIPHER_SUITES,
        requirement="A server with its own order must prefer stronger cipher suites",
        violation="The server prefers a weaker cipher suite to a stronger one",
        why="Otherwise clients that support the stronger suite get the weaker one.",
        severity=Severity.LOW,
        parameters=NoParameters,
        bind=_bind_order,
    ),
)
