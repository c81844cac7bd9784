"""What a rule is: a question with typed parameters, answered from one Observation.

A rule of the catalogue (``policy.catalogue``) is bound to its parameters once, when a policy is read;
the Judge that this gives is then asked for every endpoint. It knows no clock, no network and no file,
and gives unknown wherever a fact that it needs was not proved.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict

from model.findings.finding import Outcome, Severity
from model.observation import Observation
from model.verdict import Evidence


class Family(StrEnum):
    """What a rule speaks of; each family is one module of ``policy.rules``."""

    REACH = "reach"
    PROTOCOLS = "protocols"
    CIPHER_SUITES = "cipher suites"
    GROUPS = "groups"
    SIGNATURE_SCHEMES = "signature schemes"
    DH = "Diffie-Hellman parameters"
    CERTIFICATES = "certificates"
    TRUST = "trust"
    REVOCATION = "revocation"
    TRANSPARENCY = "transparency"
    CLIENT_AUTHENTICATION = "client authentication"
    PLAINTEXT = "plaintext"
    HTTPS = "HTTPS"
    FEATURES = "features"
    VULNERABILITIES = "vulnerabilities"
    POST_QUANTUM = "post-quantum"
    GRADE = "grade"
    DRIFT = "drift"


class Parameters(BaseModel):
    """What a policy may set of a rule; those of most rules extend it."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is judged: one Observation, at an aware moment, which decides on what has expired."""

    observation: Observation
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """A rule's answer: ``observed`` is what was seen, ``required`` the value that meets the rule.

    ``violation`` says with values what is wrong, such as ``TLS 1.0 is offered``. Where it is empty, the
    rule's own violation with ``observed`` says it.
    """

    outcome: Outcome
    observed: str
    required: str
    violation: str = ""
    evidence: Evidence | None = None


Judge: TypeAlias = Callable[[Subject], Evaluation]
P = TypeVar("P", bound=Parameters)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule(Generic[P]):
    """One rule of the catalogue.

    ``identifier``, such as ``TP-CERT-005``, is never changed and never given to another rule; ``name``
    is what policies call the rule. ``requirement`` says in one sentence what the rule asks for,
    ``violation`` what is wrong where it is not met, ``why`` what is at stake; none ends with a full stop
    but ``why``. ``bind`` makes the Judge of given ``parameters``. ``severity`` applies where a policy
    sets none.
    """

    identifier: str
    name: str
    family: Family
    requirement: str
    violation: str
    why: str
    severity: Severity
    parameters: type[P]
    bind: Callable[[P], Judge]


AnyRule: TypeAlias = Rule[Any]
