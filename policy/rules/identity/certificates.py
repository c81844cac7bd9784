"""Rules on the leaf certificate: its key, its signature, its lifetime and what is left of it.

All chains that the target's own clients get are judged; those served for other names are not.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final

from pydantic import Field, model_validator

from model.certificates.certificate import Certificate, KeyType, Problem, ServedChain
from model.certificates.lifetime import Lifetime
from model.findings.finding import Outcome, Severity
from policy.judging.partial_results import ChainParameters, Part, listed, of_each_chain
from policy.rule import Family, Judge, Parameters, Rule, Subject

_DAY: Final = timedelta(days=1)
_FACTORS: Final = frozenset({KeyType.RSA, KeyType.RSA_PSS, KeyType.DSA})
_CURVES: Final = frozenset({KeyType.ECDSA, KeyType.ED25519, KeyType.ED448})


class KeyLimits(ChainParameters):
    """The kinds of key allowed, the least ``rsa_bits`` (DSA's too) and ``ec_bits``, in bits.

    ``ec_sizes`` are the only sizes of ECDSA keys allowed: 256 and 384 are P-256 and P-384, or curves
    of the same length. ``rsa_multiple_of``: an RSA key's length must be a multiple of it.
    """

    types: tuple[KeyType, ...] = tuple(KeyType)
    rsa_bits: int = Field(default=0, ge=0, le=16384)
    rsa_multiple_of: int = Field(default=1, ge=1, le=1024)
    ec_bits: int = Field(default=0, ge=0, le=1024)
    ec_sizes: tuple[int, ...] = ()


class Signatures(ChainParameters):
    """``allowed``: how the leaf may be signed; of ``whole_chain``, all that is sent but roots."""

    allowed: tuple[str, ...] = Field(min_length=1)
    whole_chain: bool = False


class LifetimeLimit(Parameters):
    """The most days that certificates issued in [``issued_from``, ``issued_before``) may live."""

    max_days: int = Field(ge=1, le=36500)
    issued_from: date | None = None
    issued_before: date | None = None


class LifetimeLimits(ChainParameters):
    """``limits``: the first that fits the day of issue counts."""

    limits: tuple[LifetimeLimit, ...] = Field(min_length=1)


class TimeLeft(ChainParameters):
    """The least ``days`` and the least ``share`` of its whole life that a leaf must have left."""

    days: float = Field(default=0, ge=0, le=3650)
    share: float = Field(default=0, ge=0, lt=1)

    @model_validator(mode="after")
    def _asks_something(self) -> TimeLeft:
        if not self.days and not self.share:
            raise ValueError("asks for nothing: give `days: 14`, `share: 0.25` or both")
        return self


class ForbiddenProblems(ChainParameters):
    """``forbidden``: what may not be wrong with a chain, by the names of the Observation."""

    forbidden: tuple[Problem, ...] = Field(min_length=1)


class Usages(ChainParameters):
    """``required``: usages that extendedKeyUsage must name."""

    required: tuple[str, ...] = ("serverAuth",)


class Validity(ChainParameters):
    """No parameters of its own."""


def _bind_key(parameters: KeyLimits) -> Judge:
    words = [f"a key that is {' or '.join(parameters.types)}"] * (
        parameters.types != tuple(KeyType)
    )
    words += [f"RSA of {parameters.rsa_bits} bits or more"] * bool(parameters.rsa_bits)
    words += [f"EC of {parameters.ec_bits} bits or more"] * bool(parameters.ec_bits)
    words += [f"ECDSA of {listed(map(str, parameters.ec_sizes))} bits"] * bool(parameters.ec_sizes)

    def say(chain: ServedChain, _: Subject) -> Part:
        leaf = chain.leaf
        key = f"{leaf.key_type} {leaf.key_bits or ''}".rstrip()
        if leaf.parse_error is not None:
            return Outcome.UNKNOWN, "the certificate does not parse"
        if leaf.key_type not in parameters.types:
            return Outcome.FAIL, key
        if leaf.key_bits is None:
            is_sized = leaf.key_type in _FACTORS | _CURVES
            return (Outcome.UNKNOWN if is_sized else Outcome.PASS), key
        is_met = _is_long_enough(leaf.key_type, leaf.key_bits, parameters)
        return (Outcome.PASS if is_met else Outcome.FAIL), key

    return of_each_chain("; ".join(words) or "any key", say, only_public=parameters.only_public)


def _is_long_enough(key_type: KeyType, bits: int, limits: KeyLimits) -> bool:
    if key_type in _FACTORS:
        return bits >= limits.rsa_bits and bits % limits.rsa_multiple_of == 0
    if key_type is KeyType.ECDSA and limits.ec_sizes:
        return bits in limits.ec_sizes and bits >= limits.ec_bits
    return key_type not in _CURVES or bits >= limits.ec_bits


def _bind_signature(parameters: Signatures) -> Judge:
    allowed = frozenset(parameters.allowed)

    def say(chain: ServedChain, _: Subject) -> Part:
        judged = chain.chain if parameters.whole_chain else chain.chain[:1]
        algorithms = [
            one.signature_algorithm for one in judged if one is chain.leaf or not _is_root(one)
        ]
        bad = [name for name in algorithms if name is not None and name not in allowed]
        if bad:
            return Outcome.FAIL, listed(dict.fromkeys(bad))
        if None in algorithms:
            return Outcome.UNKNOWN, "a signature cannot be read"
        return Outcome.PASS, listed(dict.fromkeys(name for name in algorithms if name))

    return of_each_chain(listed(parameters.allowed), say, only_public=parameters.only_public)


def _is_root(certificate: Certificate) -> bool:
    return certificate.issuer is not None and certificate.issuer == certificate.subject


def _bind_lifetime(parameters: LifetimeLimits) -> Judge:
    most = listed(str(one.max_days) for one in parameters.limits)
    required = (
        f"a lifetime of at most {most} days{', by day of issue' * (len(parameters.limits) > 1)}"
    )

    def say(chain: ServedChain, _: Subject) -> Part:
        lifetime = Lifetime.of(chain.leaf.not_before, chain.leaf.not_after)
        if lifetime is None:
            return Outcome.UNKNOWN, "its validity cannot be read"
        # Both ends count: BR 6.3.2.
        days = (lifetime.whole + timedelta(seconds=1)) / _DAY
        limit = _limit_at(parameters.limits, lifetime.not_before)
        if limit is None:
            return Outcome.NOT_APPLICABLE, "issued before there was a limit"
        outcome = Outcome.PASS if days <= limit.max_days else Outcome.FAIL
        return outcome, f"{days:.0f} days, of at most {limit.max_days}"

    return of_each_chain(required, say, only_public=parameters.only_public)


def _limit_at(limits: tuple[LifetimeLimit, ...], issued: datetime) -> LifetimeLimit | None:
    day = issued.astimezone(UTC).date()
    for limit in limits:
        is_late_enough = limit.issued_from is None or day >= limit.issued_from
        if is_late_enough and (limit.issued_before is None or day < limit.issued_before):
            return limit
    return None


def _bind_time_left(parameters: TimeLeft) -> Judge:
    words = [f"{parameters.days:g} days left"] * bool(parameters.days)
    words += [f"{parameters.share:.0%} of its life left"] * bool(parameters.share)

    def say(chain: ServedChain, subject: Subject) -> Part:
        lifetime = Lifetime.of(chain.leaf.not_before, chain.leaf.not_after)
        if lifetime is None:
            return Outcome.UNKNOWN, "its validity cannot be read"
        days = (lifetime.not_after - subject.at) / _DAY
        share = lifetime.fraction_left(subject.at)
        is_met = days >= parameters.days and share >= parameters.share
        observed = f"{days:.1f} days, {max(share, 0):.0%} of its life, left"
        return (Outcome.PASS if is_met else Outcome.FAIL), observed

    return of_each_chain(" and ".join(words), say, only_public=parameters.only_public)


def _bind_validity(parameters: Validity) -> Judge:
    def say(chain: ServedChain, subject: Subject) -> Part:
        leaf = chain.leaf
        if leaf.not_before is None or leaf.not_after is None:
            return Outcome.UNKNOWN, "its validity cannot be read"
        if subject.at < leaf.not_before:
            return Outcome.FAIL, f"not valid before {leaf.not_before.isoformat()}"
        is_over = subject.at > leaf.not_after
        words = "expired at" if is_over else "valid until"
        return (
            Outcome.FAIL if is_over else Outcome.PASS,
            f"{words} {leaf.not_after.isoformat()}",
        )

    return of_each_chain(
        "a validity that has begun and not ended", say, only_public=parameters.only_public
    )


def _bind_problems(parameters: ForbiddenProblems) -> Judge:
    forbidden = frozenset(parameters.forbidden)

    def say(chain: ServedChain, _: Subject) -> Part:
        found = [problem.value for problem in chain.problems if problem in forbidden]
        return (Outcome.FAIL, listed(found)) if found else (Outcome.PASS, "none of them")

    return of_each_chain(
        f"none of {listed(one.value for one in parameters.forbidden)}",
        say,
        only_public=parameters.only_public,
    )


def _bind_usage(parameters: Usages) -> Judge:
    def say(chain: ServedChain, _: Subject) -> Part:
        leaf = chain.leaf
        if leaf.parse_error is not None:
            return Outcome.UNKNOWN, "the certificate does not parse"
        if leaf.extended_key_usage is None:
            return Outcome.FAIL, "no extendedKeyUsage"
        missing = [one for one in parameters.required if one not in leaf.extended_key_usage]
        return (
            Outcome.FAIL if missing else Outcome.PASS,
            listed(leaf.extended_key_usage),
        )

    return of_each_chain(
        f"extendedKeyUsage {listed(parameters.required)}", say, only_public=parameters.only_public
    )


CERTIFICATE_RULES: Final = (
    Rule(
        id="certificate_key",
        family=Family.CERTIFICATES,
        title="The certificate's key is of an allowed kind and size.",
        why="Who finds the private key is the server.",
        severity=Severity.HIGH,
        parameters=KeyLimits,
        bind=_bind_key,
    ),
    Rule(
        id="certificate_signature",
        family=Family.CERTIFICATES,
        title="The certificate is signed by an allowed algorithm.",
        why="A signature over a broken hash can be carried over to a forged certificate.",
        severity=Severity.HIGH,
        parameters=Signatures,
        bind=_bind_signature,
    ),
    Rule(
        id="certificate_lifetime",
        family=Family.CERTIFICATES,
        title="The certificate does not live longer than allowed.",
        why="The longer it lives, the longer a stolen key or a wrong name is good.",
        severity=Severity.LOW,
        parameters=LifetimeLimits,
        bind=_bind_lifetime,
    ),
    Rule(
        id="certificate_time_left",
        family=Family.CERTIFICATES,
        title="The certificate is renewed in time.",
        why="An expired certificate is an outage, and one that could be seen coming.",
        severity=Severity.MEDIUM,
        parameters=TimeLeft,
        bind=_bind_time_left,
    ),
    Rule(
        id="certificate_validity",
        family=Family.CERTIFICATES,
        title="The certificate is valid now.",
        why="Clients refuse it, or learn to look away.",
        severity=Severity.CRITICAL,
        parameters=Validity,
        bind=_bind_validity,
    ),
    Rule(
        id="certificate_problems",
        family=Family.CERTIFICATES,
        title="Nothing that is forbidden is wrong with the chain.",
        why="Some clients mend or overlook a faulty chain, and others fail.",
        severity=Severity.MEDIUM,
        parameters=ForbiddenProblems,
        bind=_bind_problems,
    ),
    Rule(
        id="certificate_usage",
        family=Family.CERTIFICATES,
        title="The certificate is for servers.",
        why="A certificate without the usage is refused by strict clients, or good for too much.",
        severity=Severity.MEDIUM,
        parameters=Usages,
        bind=_bind_usage,
    ),
)
