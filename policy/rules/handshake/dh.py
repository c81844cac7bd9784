"""Rules on the finite fields of DHE up to TLS 1.2: their size, and whether their primes are safe."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from model.findings.finding import Outcome, Severity
from model.judging.spoken import suite_gaps
from model.observation import DhParameters, Observation
from model.protocol_version import STREAM_VERSIONS
from model.registry import cipher_suite_by_name
from model.verdict import Verdict
from policy.judging.partial_results import listed, not_applicable, unknown
from policy.rule import Evaluation, Family, Judge, Parameters, Rule, Subject

_BELOW_TLS13: Final = STREAM_VERSIONS[1:-1]
_NO_DHE: Final = "no DHE suite is accepted"


class PrimeSize(Parameters):
    """``minimum_bits``: the minimum size of the prime."""

    minimum_bits: int = Field(ge=512, le=16384)


class PrimeSafety(Parameters):
    """``shared``: whether a prime that many servers use is allowed; RFC 7919's always are."""

    shared: bool = True


def _without_fields(observation: Observation, required: str) -> Evaluation:
    """The result if no prime was seen."""
    if any(map(_is_dhe, _accepted(observation))):
        return unknown("a DHE suite is accepted, but its prime was not seen", required)
    missing = suite_gaps(observation, _BELOW_TLS13)
    if missing:
        return unknown(f"not known: {listed(missing)}", required)
    return not_applicable(_NO_DHE, required)


def _accepted(observation: Observation) -> list[str]:
    sets = observation.cipher_suites
    return [name for version in _BELOW_TLS13 if version in sets for name in sets[version].accepted]


def _is_dhe(name: str) -> bool:
    suite = cipher_suite_by_name(name)
    return suite is not None and suite.key_exchange == "DHE"


def _in_words(prime: DhParameters) -> str:
    known = f" ({prime.known_as})" if prime.known_as else ""
    return f"{prime.prime_bits} bits{known}"


def _bind_size(parameters: PrimeSize) -> Judge:
    required = f"primes of {parameters.minimum_bits} bits or more"

    def judge(subject: Subject) -> Evaluation:
        primes = subject.observation.dh
        if not primes:
            return _without_fields(subject.observation, required)
        shortest = min(primes, key=lambda prime: prime.prime_bits)
        is_long = shortest.prime_bits >= parameters.minimum_bits
        return Evaluation(
            outcome=Outcome.PASS if is_long else Outcome.FAIL,
            observed=listed(map(_in_words, primes)),
            required=required,
            violation=(
                f"DHE prime has {_in_words(shortest)}, at least {parameters.minimum_bits} required"
            ),
            evidence=shortest.evidence,
        )

    return judge


def _bind_safety(parameters: PrimeSafety) -> Judge:
    required = "safe primes" if parameters.shared else "safe primes that no other server shares"

    def judge(subject: Subject) -> Evaluation:
        primes = subject.observation.dh
        if not primes:
            return _without_fields(subject.observation, required)
        for prime in primes:
            is_shared = prime.known_as is not None and not prime.known_as.startswith("ffdhe")
            if prime.is_safe_prime is Verdict.NO or (is_shared and not parameters.shared):
                what = "shared by many servers" if is_shared else "not a safe prime"
                return Evaluation(
                    outcome=Outcome.FAIL,
                    observed=f"{_in_words(prime)}: {what}",
                    required=required,
                    violation=f"DHE prime is {what}: {_in_words(prime)}",
                    evidence=prime.evidence,
                )
        open_ = [prime for prime in primes if prime.is_safe_prime is Verdict.UNKNOWN]
        if open_:
            return unknown(f"not known for {_in_words(open_[0])}", required, open_[0].evidence)
        return Evaluation(
            outcome=Outcome.PASS,
            observed=listed(map(_in_words, primes)),
            required=required,
            evidence=primes[0].evidence,
        )

    return judge


DH_RULES: Final = (
    Rule(
        identifier="TP-DH-001",
        name="dh_prime_size",
        family=Family.DH,
        requirement="Every DHE prime must have the minimum size",
        violation="A DHE prime is too small",
        why="State-level attackers can break 1024-bit primes (Logjam).",
        severity=Severity.HIGH,
        parameters=PrimeSize,
        bind=_bind_size,
    ),
    Rule(
        identifier="TP-DH-002",
        name="dh_safe_primes",
        family=Family.DH,
        requirement="Every DHE prime must be a safe prime",
        violation="A DHE prime is not a safe prime, or is shared by many servers",
        why="Other primes may have small subgroups, and a prime that many share is worth breaking.",
        severity=Severity.MEDIUM,
        parameters=PrimeSafety,
        bind=_bind_safety,
    ),
)
