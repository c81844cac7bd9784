"""Rules on cipher suites: by name, by property, by strength class, and by whose order decides.

``docs/explanation/strength.md`` has the strength of each suite. If a source disagrees with that class (DHE,
CBC), its profile adjusts it, and ``policy diff`` shows the difference.
"""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field, model_validator

from model.findings.finding import Outcome, Severity
from model.judging.spoken import suite_gaps
from model.observation import Observation
from model.protocol_version import STREAM_VERSIONS, ProtocolVersion
from model.registry import Strength, strength_by_name
from policy.judging.accepted import BadIn, judge_presence, judge_sets
from policy.judging.partial_results import labels, listed, not_applicable, unknown
from policy.rule import Evaluation, Family, Judge, Parameters, Rule, Subject
from policy.suite_selector import SuiteSelector
from policy.values import SUITE_NAMES, SuiteName, Version

_NO_SUITE: Final = "no cipher suite is accepted"
_NOT_ALLOWED: Final = (
    "a cipher suite that is not allowed",
    "cipher suites that are not allowed",
)
_FORBIDDEN: Final = ("a forbidden cipher suite", "forbidden cipher suites")
_EVERY_VERSION: Final = STREAM_VERSIONS
_RANKS: Final = {strength: rank for rank, strength in enumerate(Strength)}

_Versions = Annotated[tuple[Version, ...], Field(min_length=1)]


class AllowedSuites(Parameters):
    """``allowed``: suites that may be accepted, at ``versions``."""

    allowed: tuple[SuiteName, ...] = Field(min_length=1)
    versions: _Versions = _EVERY_VERSION


class ForbiddenSuites(SuiteSelector):
    """Suites that no version of ``versions`` may accept, except those of ``except_suites``."""

    except_suites: tuple[SuiteName, ...] = ()
    versions: _Versions = _EVERY_VERSION

    @model_validator(mode="after")
    def _says_which(self) -> ForbiddenSuites:
        if self.says_nothing:
            raise ValueError("names no property: add one, such as `key_exchange: [RSA]`")
        return self


class RequiredSuites(Parameters):
    """``any_of``: suites of which one at least must be accepted, where one of ``versions`` is offered."""

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


def _bind_allowed(parameters: AllowedSuites) -> Judge:
    allowed = frozenset(parameters.allowed)
    required = f"only {listed(parameters.allowed)}"

    def bad_in(accepted: tuple[str, ...]) -> list[str]:
        return [name for name in accepted if name not in allowed]

    return _judge(bad_in, parameters.versions, required, _NOT_ALLOWED)


def _bind_forbidden(parameters: ForbiddenSuites) -> Judge:
    forbidden = parameters.names - frozenset(parameters.except_suites)
    known = frozenset(SUITE_NAMES)
    required = f"no suite {_in_words(parameters)}"

    def bad_in(accepted: tuple[str, ...]) -> list[str]:
        if forbidden.isdisjoint(accepted):
            return []
        return [name for name in accepted if name in forbidden]

    def nameless(observation: Observation) -> list[str]:
        return [
            f"which suite {name} is"
            for found in observation.cipher_suites.values()
            for name in found.accepted
            if name not in known
        ]

    judge = _judge(bad_in, parameters.versions, required, _FORBIDDEN)

    def judge_with_nameless(subject: Subject) -> Evaluation:
        ruling = judge(subject)
        if ruling.outcome is Outcome.PASS and (strange := nameless(subject.observation)):
            return unknown(f"not known: {listed(strange)}", required)
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

    weaker = f"weaker than {parameters.minimum}"
    noun = (f"a cipher suite {weaker}", f"cipher suites {weaker}")
    return _judge(bad_in, parameters.versions, required, noun)


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
            return not_applicable(f"{labels(parameters.versions)} not offered", required)
        return judge_presence(
            sets,
            wanted,
            lambda: missing,
            required=required,
            violation=f"Accepts none of the required cipher suites: {listed(parameters.any_of)}",
        )

    return judge


def _judge(
    bad_in: BadIn, versions: tuple[ProtocolVersion, ...], required: str, noun: tuple[str, str]
) -> Judge:
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
            noun=noun,
        )

    return judge


CIPHER_SUITE_RULES: Final = (
    Rule(
        identifier="TP-CIPHER-001",
        name="cipher_suites",
        family=Family.CIPHER_SUITES,
        requirement="Only the allowed cipher suites may be accepted",
        violation="A cipher suite that is not allowed is accepted",
        why="An old or attacked client ends up with the weakest suite that the server accepts.",
        severity=Severity.MEDIUM,
        parameters=AllowedSuites,
        bind=_bind_allowed,
    ),
    Rule(
        identifier="TP-CIPHER-002",
        name="cipher_suites_forbidden",
        family=Family.CIPHER_SUITES,
        requirement="Forbidden cipher suites must not be accepted",
        violation="A forbidden cipher suite is accepted",
        why="An old or attacked client ends up with the weakest suite that the server accepts.",
        severity=Severity.HIGH,
        parameters=ForbiddenSuites,
        bind=_bind_forbidden,
    ),
    Rule(
        identifier="TP-CIPHER-003",
        name="cipher_suites_required",
        family=Family.CIPHER_SUITES,
        requirement="At least one of the required cipher suites must be accepted",
        violation="None of the required cipher suites is accepted",
        why="Clients that follow the same policy need a suite in common.",
        severity=Severity.MEDIUM,
        parameters=RequiredSuites,
        bind=_bind_required,
    ),
    Rule(
        identifier="TP-CIPHER-004",
        name="cipher_suite_strength",
        family=Family.CIPHER_SUITES,
        requirement="Cipher suites must be at least of the minimum strength",
        violation="A cipher suite below the minimum strength is accepted",
        why="The strength class sums up the known weaknesses of a suite.",
        severity=Severity.HIGH,
        parameters=LeastStrength,
        bind=_bind_strength,
    ),
)
