"""Rules on cipher suites: by name, by property, by strength class, and by whose order decides.

How strong a suite is, ``docs/explanation/strength.md`` says. Where a source disagrees with that class (DHE, CBC), its
profile adjusts it, and ``policy diff`` shows that it does.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from model.findings.finding import Outcome, Severity
from model.observation import AcceptedSet, Observation
from model.protocol_version import STREAM_VERSIONS, ProtocolVersion
from model.registry import Strength, strength_by_name
from model.verdict import Preference
from policy.judging.accepted import BadIn, judge_presence, judge_sets, suite_gaps
from policy.judging.partial_results import labels, listed, not_applicable, spoken, unknown
from policy.rule import Evaluation, Family, Judge, Parameters, Rule, Subject
from policy.suite_selector import SuiteSelector
from policy.values import SUITE_NAMES, SuiteName, Version

_NO_SUITE: Final = "no suite is accepted"
_EVERY_VERSION: Final = STREAM_VERSIONS
_RANKS: Final = {strength: rank for rank, strength in enumerate(Strength)}

_Versions = Annotated[tuple[Version, ...], Field(min_length=1)]


class AllowedSuites(Parameters):
    """``allowed``: suites that may be accepted, at ``versions``."""

    allowed: tuple[SuiteName, ...] = Field(min_length=1)
    versions: _Versions = _EVERY_VERSION


class ForbiddenSuites(SuiteSelector):
    """Suites that no version of ``versions`` may accept, but for those of ``but``."""

    but: tuple[SuiteName, ...] = ()
    versions: _Versions = _EVERY_VERSION

    @model_validator(mode="after")
    def _says_which(self) -> ForbiddenSuites:
        if self.says_nothing:
            raise ValueError("names no property, such as `key_exchange: [RSA]`: give one")
        return self


class RequiredSuites(Parameters):
    """``any_of``: suites of which one at least must be accepted, where one of ``versions`` is spoken."""

    any_of: tuple[SuiteName, ...] = Field(min_length=1)
    versions: _Versions = _EVERY_VERSION


class AdjustedStrength(Parameters):
    """Another ``strength`` for the suites of ``suites``."""

    suites: SuiteSelector
    strength: Strength


class LeastStrength(Parameters):
    """``minimum``: the weakest class that may be accepted; of ``adjusted``, the last that fits counts."""

    minimum: Strength
    adjusted: tuple[AdjustedStrength, ...] = ()
    versions: _Versions = _EVERY_VERSION


class Deciding(Parameters):
    """``by``: whose order decides."""

    by: Literal["server", "client"] = "server"


class NoParameters(Parameters):
    """No parameters."""


def _bind_allowed(parameters: AllowedSuites) -> Judge:
    allowed = frozenset(parameters.allowed)
    required = f"no suite but {listed(parameters.allowed)}"

    def bad_in(accepted: tuple[str, ...]) -> list[str]:
        return [name for name in accepted if name not in allowed]

    return _judge(bad_in, parameters.versions, required)


def _bind_forbidden(parameters: ForbiddenSuites) -> Judge:
    forbidden = parameters.names - frozenset(parameters.but)
    known = frozenset(SUITE_NAMES)
    required = f"no suite {_in_words(parameters)}"

    def bad_in(accepted: tuple[str, ...]) -> list[str]:
        if forbidden.isdisjoint(accepted):
            return []
        return [name for name in accepted if name in forbidden]

    def nameless(observation: Observation) -> list[str]:
        return [
            f"what suite {name} is"
            for found in observation.cipher_suites.values()
            for name in found.accepted
            if name not in known
        ]

    judge = _judge(bad_in, parameters.versions, required)

    def judge_with_nameless(subject: Subject) -> Evaluation:
        ruling = judge(subject)
        if ruling.outcome is Outcome.PASS and (strange := nameless(subject.observation)):
            return unknown(f"not learnt: {listed(strange)}", required)
        return ruling

    return judge_with_nameless


def _in_words(parameters: ForbiddenSuites) -> str:
    given = parameters.model_dump(mode="json", exclude_defaults=True)
    words = [
        f"{name.replace('_', ' ')} {listed(map(str, value)) if isinstance(value, list) else value}"
        for name, value in given.items()
    ]
    return f"with {'; '.join(words)}"


def _bind_strength(parameters: LeastStrength) -> Judge:
    classes = {name: strength_by_name(name) for name in SUITE_NAMES}
    for one in parameters.adjusted:
        classes.update(dict.fromkeys(one.suites.names, one.strength))
    least = _RANKS[parameters.minimum]
    strong = frozenset(
        name for name, found in classes.items() if found is not None and _RANKS[found] >= least
    )
    required = f"no suite weaker than {parameters.minimum}"

    def bad_in(accepted: tuple[str, ...]) -> list[str]:
        return [name for name in accepted if name not in strong]

    return _judge(bad_in, parameters.versions, required)


def _bind_required(parameters: RequiredSuites) -> Judge:
    wanted = frozenset(parameters.any_of)
    required = f"one of {listed(parameters.any_of)}"

    def judge(subject: Subject) -> Evaluation:
        observation = subject.observation
        sets = {
            version: found
            for version, found in observation.cipher_suites.items()
            if version in parameters.versions
        }
        missing = suite_gaps(observation, parameters.versions)
        if not sets and not missing:
            return not_applicable(f"{labels(parameters.versions)} is not spoken", required)
        return judge_presence(sets, wanted, lambda: missing, required=required)

    return judge


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
            return Evaluation(outcome=Outcome.FAIL, observed=observed, required=required)
        open_ = [version for version, one in found.items() if one is Preference.UNKNOWN]
        missing = [
            version
            for version in spoken(observation)
            if version not in observation.cipher_suites and version is not ProtocolVersion.SSLV2
        ]
        if open_ or missing:
            return unknown(f"not learnt at {labels([*open_, *missing])}", required)
        if not found:
            return not_applicable("no version accepts two suites", required)
        return Evaluation(outcome=Outcome.PASS, observed=required, required=required)

    return judge


def _bind_order(_: NoParameters) -> Judge:
    required = "in the server's order, no suite comes before one of a stronger class"

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
                    observed=f"{weak} comes before {strong} ({version.label})",
                    required=required,
                    evidence=one.evidence.get(weak),
                )
        open_ = [
            version
            for version, one in several.items()
            if one.preference is Preference.UNKNOWN or not one.complete
        ]
        if open_:
            return unknown(f"not learnt at {labels(open_)}", required)
        if not ordered:
            return not_applicable("the server has no order of its own", required)
        return Evaluation(outcome=Outcome.PASS, observed="the strongest first", required=required)

    return judge


def _with_choice(observation: Observation) -> dict[ProtocolVersion, AcceptedSet]:
    return {
        version: found
        for version, found in observation.cipher_suites.items()
        if len(found.accepted) > 1 and version is not ProtocolVersion.SSLV2
    }


def _misplaced(found: AcceptedSet) -> tuple[str, str] | None:
    """A suite, and a stronger one behind it."""
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


def _judge(bad_in: BadIn, versions: tuple[ProtocolVersion, ...], required: str) -> Judge:
    is_every_version = versions == _EVERY_VERSION

    def judge(subject: Subject) -> Evaluation:
        observation = subject.observation
        sets = observation.cipher_suites
        if not is_every_version:
            sets = {version: found for version, found in sets.items() if version in versions}
        return judge_sets(
            sets,
            bad_in,
            lambda: suite_gaps(observation, versions),
            required=required,
            nothing=_NO_SUITE,
        )

    return judge


CIPHER_SUITE_RULES: Final = (
    Rule(
        id="cipher_suites",
        family=Family.CIPHER_SUITES,
        title="Only the allowed cipher suites are accepted.",
        why="A client that is old, or pushed, takes the weakest suite that the server accepts.",
        severity=Severity.MEDIUM,
        parameters=AllowedSuites,
        bind=_bind_allowed,
    ),
    Rule(
        id="cipher_suites_forbidden",
        family=Family.CIPHER_SUITES,
        title="No cipher suite of the forbidden kind is accepted.",
        why="A client that is old, or pushed, takes the weakest suite that the server accepts.",
        severity=Severity.HIGH,
        parameters=ForbiddenSuites,
        bind=_bind_forbidden,
    ),
    Rule(
        id="cipher_suites_required",
        family=Family.CIPHER_SUITES,
        title="One of the required cipher suites is accepted.",
        why="Clients that keep to the same rules must find a suite in common.",
        severity=Severity.MEDIUM,
        parameters=RequiredSuites,
        bind=_bind_required,
    ),
    Rule(
        id="cipher_suite_strength",
        family=Family.CIPHER_SUITES,
        title="No cipher suite is weaker than the least strength class.",
        why="The class says in one word what is known against a suite.",
        severity=Severity.HIGH,
        parameters=LeastStrength,
        bind=_bind_strength,
    ),
    Rule(
        id="cipher_suite_preference",
        family=Family.CIPHER_SUITES,
        title="The side that should decide on the cipher suite does.",
        why="Among suites of unlike strength the server should choose; among equals the client may.",
        severity=Severity.LOW,
        parameters=Deciding,
        bind=_bind_deciding,
    ),
    Rule(
        id="cipher_suite_order",
        family=Family.CIPHER_SUITES,
        title="A server that orders its cipher suites puts the strongest first.",
        why="Else clients that could do better get the weaker suite.",
        severity=Severity.LOW,
        parameters=NoParameters,
        bind=_bind_order,
    ),
)
