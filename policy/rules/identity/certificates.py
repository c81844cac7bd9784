"""Rules on the leaf certificate: its key, its signature, its lifetime and its expiry.

They judge all chains that the target's own clients receive, and skip those served for other names.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final

from pydantic import Field, model_validator

from model.certificates.certificate import Certificate, KeyType, Problem, ServedChain
from model.certificates.lifetime import Lifetime, expiry_text, span_text
from model.certificates.problem_text import problem_text
from model.findings.finding import Outcome, Severity
from policy.judging.partial_results import ChainParameters, Part, listed, of_each_chain
from policy.rule import Family, Judge, Parameters, Rule, Subject

_DAY: Final = timedelta(days=1)
_FACTORS: Final = frozenset({KeyType.RSA, KeyType.RSA_PSS, KeyType.DSA})
_CURVES: Final = frozenset({KeyType.ECDSA, KeyType.ED25519, KeyType.ED448})


class KeyLimits(ChainParameters):
    """The key types allowed, and the minimum ``rsa_bits`` (DSA's too) and ``ec_bits``, in bits.

    ``ec_sizes`` are the only sizes of ECDSA keys allowed: 256 and 384 are P-256 and P-384, or curves
    of the same size. ``rsa_multiple_of``: an RSA key's size must be a multiple of it.
    """

    types: tuple[KeyType, ...] = tuple(KeyType)
    rsa_bits: int = Field(default=0, ge=0, le=16384)
    rsa_multiple_of: int = Field(default=1, ge=1, le=1024)
    ec_bits: int = Field(default=0, ge=0, le=1024)
    ec_sizes: tuple[int, ...] = ()


class Signatures(ChainParameters):
    """``allowed``: how the leaf may be signed; with ``whole_chain``, all that is sent except roots."""

    allowed: tuple[str, ...] = Field(min_length=1)
    whole_chain: bool = False


class LifetimeLimit(Parameters):
    """The longest lifetime in days of certificates issued in [``issued_from``, ``issued_before``)."""

    max_days: int = Field(ge=1, le=36500)
    issued_from: date | None = None
    issued_before: date | None = None


class LifetimeLimits(ChainParameters):
    """``limits``: the first that fits the date of issue counts."""

    limits: tuple[LifetimeLimit, ...] = Field(min_length=1)


class TimeLeft(ChainParameters):
    """The minimum ``days``, and the minimum ``share`` of its lifetime, until a leaf expires."""

    days: float = Field(default=0, ge=0, le=3650)
    share: float = Field(default=0, ge=0, lt=1)

    @model_validator(mode="after")
    def _asks_something(self) -> TimeLeft:
        if not self.days and not self.share:
            raise ValueError("requires nothing: add `days: 14`, `share: 0.25` or both")
        return self


class ForbiddenProblems(ChainParameters):
    """``forbidden``: problems that a chain must not have, by the names of the Observation."""

    forbidden: tuple[Problem, ...] = Field(min_length=1)


class Usages(ChainParameters):
    """``required``: purposes that extendedKeyUsage must contain."""

    required: tuple[str, ...] = ("serverAuth",)


class Validity(ChainParameters):
    """No parameters of its own."""


def _bind_key(parameters: KeyLimits) -> Judge:
    types = " or ".join(one.upper() for one in parameters.types)
    words = [f"key type {types}"] * (parameters.types != tuple(KeyType))
    words += [f"RSA with at least {parameters.rsa_bits} bits"] * bool(parameters.rsa_bits)
    words += [f"EC with at least {parameters.ec_bits} bits"] * bool(parameters.ec_bits)
    sizes = " or ".join(map(str, parameters.ec_sizes))
    words += [f"ECDSA with {sizes} bits"] * bool(parameters.ec_sizes)

    def say(chain: ServedChain, _: Subject) -> Part:
        leaf = chain.leaf
        key = f"{leaf.key_type.upper()} {leaf.key_bits or ''}".rstrip()
        if leaf.parse_error is not None:
            return Outcome.UNKNOWN, "the certificate cannot be parsed"
        if leaf.key_type not in parameters.types:
            return Outcome.FAIL, key
        if leaf.key_bits is None:
            is_sized = leaf.key_type in _FACTORS | _CURVES
            return (Outcome.UNKNOWN if is_sized else Outcome.PASS), key
        is_met = _is_long_enough(leaf.key_type, leaf.key_bits, parameters)
        return (Outcome.PASS if is_met else Outcome.FAIL), key

    return of_each_chain(
        "; ".join(words) or "any key",
        say,
        violation="has a key that is not allowed: {}",
        only_public=parameters.only_public,
    )


def _is_long_enough(key_type: KeyType, bits: int, limits: KeyLimits) -> bool:
    if key_type in _FACTORS:
        return bits >= limits.rsa_bits and bits % limits.rsa_multiple_of == 0
    if key_type is KeyType.ECDSA and limits.ec_sizes:
        return bits in limits.ec_sizes and bits >= limits.ec_bits
    return key_type not in _CURVES or bits >= limits.ec_bits


def _bind_signature(parameters: Signatures) -> Judge:
    allowed = frozenset(parameters.allowed)

    def say(chain: ServedChain, subject: Subject) -> Part:
        judged = chain.chain if parameters.whole_chain else chain.chain[:1]
        at = subject.observation.started_at
        algorithms = [
            one.signature_algorithm
            for position, one in enumerate(judged)
            if position == 0 or not (_is_root(one) or chain.is_surplus(position, at))
        ]
        bad = [name for name in algorithms if name is not None and name not in allowed]
        if bad:
            return Outcome.FAIL, listed(dict.fromkeys(bad))
        if None in algorithms:
            return Outcome.UNKNOWN, "a signature cannot be read"
        return Outcome.PASS, listed(dict.fromkeys(name for name in algorithms if name))

    chain_or_not = "chain " if parameters.whole_chain else ""
    return of_each_chain(
        listed(parameters.allowed),
        say,
        violation=f"{chain_or_not}is signed with {{}}, which is not allowed",
        only_public=parameters.only_public,
    )


def _is_root(certificate: Certificate) -> bool:
    return certificate.issuer is not None and certificate.issuer == certificate.subject


def _bind_lifetime(parameters: LifetimeLimits) -> Judge:
    most = listed(str(one.max_days) for one in parameters.limits)
    required = (
        f"a lifetime of at most {most} days{', by date of issue' * (len(parameters.limits) > 1)}"
    )

    def say(chain: ServedChain, _: Subject) -> Part:
        lifetime = Lifetime.of(chain.leaf.not_before, chain.leaf.not_after)
        if lifetime is None:
            return Outcome.UNKNOWN, "its validity period cannot be read"
        # Both ends count: BR 6.3.2.
        days = (lifetime.whole + timedelta(seconds=1)) / _DAY
        limit = _limit_at(parameters.limits, lifetime.not_before)
        if limit is None:
            return Outcome.NOT_APPLICABLE, "issued before the limit applied"
        outcome = Outcome.PASS if days <= limit.max_days else Outcome.FAIL
        over = "just over " if outcome is Outcome.FAIL and round(days) <= limit.max_days else ""
        return outcome, f"{over}{days:.0f} days, at most {limit.max_days} allowed"

    return of_each_chain(
        required, say, violation="has a lifetime of {}", only_public=parameters.only_public
    )


def _limit_at(limits: tuple[LifetimeLimit, ...], issued: datetime) -> LifetimeLimit | None:
    day = issued.astimezone(UTC).date()
    for limit in limits:
        is_late_enough = limit.issued_from is None or day >= limit.issued_from
        if is_late_enough and (limit.issued_before is None or day < limit.issued_before):
            return limit
    return None


def _bind_time_left(parameters: TimeLeft) -> Judge:
    words = [f"{parameters.days:g} days left"] * bool(parameters.days)
    words += [f"{parameters.share:.0%} of its lifetime left"] * bool(parameters.share)
    required = " and ".join(words)

    def say(chain: ServedChain, subject: Subject) -> Part:
        lifetime = Lifetime.of(chain.leaf.not_before, chain.leaf.not_after)
        if lifetime is None:
            return Outcome.UNKNOWN, "its validity period cannot be read"
        days = (lifetime.not_after - subject.at) / _DAY
        share = lifetime.fraction_left(subject.at)
        is_met = days >= parameters.days and share >= parameters.share
        if is_met:
            return Outcome.PASS, f"expires at {_minute(lifetime.not_after)}"
        expiry = expiry_text(lifetime.not_after, subject.at)
        rest = f", {share:.0%} of its lifetime left" if share > 0 else ""
        return Outcome.FAIL, f"{expiry}{rest}"

    return of_each_chain(
        required, say, violation=f"{{}}; required: {required}", only_public=parameters.only_public
    )


def _bind_validity(parameters: Validity) -> Judge:
    def say(chain: ServedChain, subject: Subject) -> Part:
        leaf = chain.leaf
        if leaf.not_before is None or leaf.not_after is None:
            return Outcome.UNKNOWN, "its validity period cannot be read"
        if subject.at < leaf.not_before:
            start = f"becomes valid in {span_text(leaf.not_before - subject.at)}"
            return Outcome.FAIL, f"{start} ({_minute(leaf.not_before)})"
        if subject.at <= leaf.not_after:
            return Outcome.PASS, f"valid until {_minute(leaf.not_after)}"
        expiry = expiry_text(leaf.not_after, subject.at)
        return Outcome.FAIL, f"{expiry} ({_minute(leaf.not_after)})"

    return of_each_chain(
        "now within the validity period", say, violation="{}", only_public=parameters.only_public
    )


def _minute(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _bind_problems(parameters: ForbiddenProblems) -> Judge:
    forbidden = frozenset(parameters.forbidden)

    def say(chain: ServedChain, _: Subject) -> Part:
        found = [problem_text(one, chain) for one in chain.problems if one in forbidden]
        return (Outcome.FAIL, listed(found)) if found else (Outcome.PASS, "none of these problems")

    return of_each_chain(
        f"none of {listed(one.value for one in parameters.forbidden)}",
        say,
        violation="{}",
        only_public=parameters.only_public,
    )


def _bind_usage(parameters: Usages) -> Judge:
    def say(chain: ServedChain, _: Subject) -> Part:
        leaf = chain.leaf
        if leaf.parse_error is not None:
            return Outcome.UNKNOWN, "the certificate cannot be parsed"
        if leaf.extended_key_usage is None:
            return Outcome.FAIL, "no extendedKeyUsage extension"
        missing = [one for one in parameters.required if one not in leaf.extended_key_usage]
        return (
            Outcome.FAIL if missing else Outcome.PASS,
            listed(leaf.extended_key_usage),
        )

    return of_each_chain(
        f"extendedKeyUsage {listed(parameters.required)}",
        say,
        violation=f"lacks extendedKeyUsage {listed(parameters.required)}: has {{}}",
        only_public=parameters.only_public,
    )


CERTIFICATE_RULES: Final = (
    Rule(
        identifier="TP-CERT-001",
        name="certificate_key",
        family=Family.CERTIFICATES,
        requirement="The certificate key must be of an allowed type and size",
        violation="The certificate key is of a type or size that is not allowed",
        why="Anyone who computes the private key can impersonate the server.",
        severity=Severity.HIGH,
        parameters=KeyLimits,
        bind=_bind_key,
    ),
    Rule(
        identifier="TP-CERT-002",
        name="certificate_signature",
        family=Family.CERTIFICATES,
        requirement="The certificate must be signed with an allowed algorithm",
        violation="The certificate is signed with an algorithm that is not allowed",
        why="A signature with a broken hash can be moved to a forged certificate.",
        severity=Severity.HIGH,
        parameters=Signatures,
        bind=_bind_signature,
    ),
    Rule(
        identifier="TP-CERT-003",
        name="certificate_lifetime",
        family=Family.CERTIFICATES,
        requirement="The certificate lifetime must not exceed the limit",
        violation="The certificate lifetime exceeds the limit",
        why="The longer the lifetime, the longer a stolen key or a wrong name can be used.",
        severity=Severity.LOW,
        parameters=LifetimeLimits,
        bind=_bind_lifetime,
    ),
    Rule(
        identifier="TP-CERT-004",
        name="certificate_expiry",
        family=Family.CERTIFICATES,
        requirement="The certificate must be renewed in time",
        violation="The certificate expires soon or has expired",
        why="An expired certificate is an outage that can be prevented.",
        severity=Severity.MEDIUM,
        parameters=TimeLeft,
        bind=_bind_time_left,
    ),
    Rule(
        identifier="TP-CERT-005",
        name="certificate_validity",
        family=Family.CERTIFICATES,
        requirement="The certificate must be within its validity period",
        violation="The certificate has expired or is not yet valid",
        why="Clients refuse it, or their users learn to ignore the warning.",
        severity=Severity.CRITICAL,
        parameters=Validity,
        bind=_bind_validity,
    ),
    Rule(
        identifier="TP-CERT-006",
        name="certificate_problems",
        family=Family.CERTIFICATES,
        requirement="The certificate chain must not have a forbidden problem",
        violation="The certificate chain has a forbidden problem",
        why="Some clients repair or ignore a faulty chain, and others fail.",
        severity=Severity.MEDIUM,
        parameters=ForbiddenProblems,
        bind=_bind_problems,
    ),
    Rule(
        identifier="TP-CERT-007",
        name="certificate_usage",
        family=Family.CERTIFICATES,
        requirement="The certificate must be issued for TLS servers (extendedKeyUsage)",
        violation="The certificate is not issued for TLS servers (extendedKeyUsage)",
        why="Strict clients refuse a certificate without this purpose, or it can be used for too much.",
        severity=Severity.MEDIUM,
        parameters=Usages,
        bind=_bind_usage,
    ),
)
