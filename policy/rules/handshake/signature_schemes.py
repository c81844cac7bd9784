"""Rules on the schemes with which the server signs its handshakes (RFC 9846, 4.2.3; RFC 9155)."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field, model_validator

from model.findings.finding import Severity
from policy.judging.accepted import BadIn, judge_sets, scheme_gaps
from policy.judging.partial_results import listed
from policy.rule import Evaluation, Family, Judge, Parameters, Rule, Subject
from policy.values import SCHEME_NAMES, SchemeName

_NOTHING_SIGNED: Final = "nothing is signed at TLS 1.2 or 1.3"


class AllowedSchemes(Parameters):
    """``allowed``: schemes that may be accepted, at TLS 1.2 and 1.3."""

    allowed: tuple[SchemeName, ...] = Field(min_length=1)


class ForbiddenSchemes(Parameters):
    """``schemes``, and those over the hash functions of ``hashes``, may not be accepted."""

    schemes: tuple[SchemeName, ...] = ()
    hashes: tuple[Literal["md5", "sha1", "sha224"], ...] = ()

    @model_validator(mode="after")
    def _says_which(self) -> ForbiddenSchemes:
        if not self.schemes and not self.hashes:
            raise ValueError("forbids nothing: add `hashes: [md5, sha1]` or `schemes`")
        return self


def _judge(bad_in: BadIn, required: str, noun: tuple[str, str]) -> Judge:
    def judge(subject: Subject) -> Evaluation:
        observation = subject.observation
        return judge_sets(
            observation.signature_schemes,
            bad_in,
            lambda: scheme_gaps(observation),
            required=required,
            nothing=_NOTHING_SIGNED,
            noun=noun,
        )

    return judge


def _bind_allowed(parameters: AllowedSchemes) -> Judge:
    allowed = frozenset(parameters.allowed)
    return _judge(
        lambda accepted: [name for name in accepted if name not in allowed],
        f"only {listed(parameters.allowed)}",
        ("a signature scheme that is not allowed", "signature schemes that are not allowed"),
    )


def _bind_forbidden(parameters: ForbiddenSchemes) -> Judge:
    over_hashes = {
        name for name in SCHEME_NAMES for one in parameters.hashes if name.endswith(f"_{one}")
    }
    forbidden = frozenset(parameters.schemes) | over_hashes
    words = [*parameters.schemes, *(f"those that use {one.upper()}" for one in parameters.hashes)]
    return _judge(
        lambda accepted: [name for name in accepted if name in forbidden],
        f"none of {listed(words)}",
        ("a forbidden signature scheme", "forbidden signature schemes"),
    )


SIGNATURE_RULES: Final = (
    Rule(
        identifier="TP-SIGNATURE-001",
        name="signature_schemes",
        family=Family.SIGNATURE_SCHEMES,
        requirement="Only the allowed signature schemes may be accepted",
        violation="A signature scheme that is not allowed is accepted",
        why="The signature proves that the server holds its private key.",
        severity=Severity.MEDIUM,
        parameters=AllowedSchemes,
        bind=_bind_allowed,
    ),
    Rule(
        identifier="TP-SIGNATURE-002",
        name="signature_schemes_forbidden",
        family=Family.SIGNATURE_SCHEMES,
        requirement="Forbidden signature schemes must not be accepted",
        violation="A forbidden signature scheme is accepted",
        why="Signatures with MD5 and SHA-1 can be forged by collisions (RFC 9155).",
        severity=Severity.MEDIUM,
        parameters=ForbiddenSchemes,
        bind=_bind_forbidden,
    ),
)
