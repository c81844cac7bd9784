"""A rule: a question with typed parameters that is answered from one Observation.

Reading a policy binds each rule of the catalogue (``policy.catalogue``) to its parameters once. The resulting
Judge then judges every endpoint. It uses no clock, network or file, and returns unknown if a fact that it
needs was not proved.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Generic, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict

from model.application_protocol import IKE, SSH
from model.findings.finding import Outcome, Severity
from model.frozen import frozen
from model.observation import Observation
from model.verdict import Evidence, UnknownCause


class Family(StrEnum):
    """The subject of a rule; each family is one module of ``policy.rules``."""

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
    SSH = "SSH"
    QUIC = "QUIC"
    IKE = "IKE"
    DNS = "DNS"


def is_about(family: Family, protocol: str) -> bool:
    """Whether rules of ``family`` judge the encryption of a target's ``protocol``: SSH and IKE have their own, TLS all others."""
    own = {SSH: Family.SSH, IKE: Family.IKE}
    return family is own[protocol] if protocol in own else family not in own.values()


WITHOUT_TLS: Final = frozenset({Family.PLAINTEXT, Family.HTTPS})
"""The families that an endpoint answers about although it did not answer with TLS."""


class Parameters(BaseModel):
    """What a policy may set of a rule; those of most rules extend it."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@frozen
class Subject:
    """What a rule judges: one Observation at an aware time, which decides what has expired."""

    observation: Observation
    at: datetime


@frozen
class Evaluation:
    """A rule's answer: ``observed`` is what was seen, ``required`` the value that meets the rule.

    ``violation`` describes the violation with values, such as ``TLS 1.0 is offered``. If it is empty, the
    rule's own violation text is used together with ``observed``. ``cause`` says why the outcome is unknown, if
    that is known.
    """

    outcome: Outcome
    observed: str
    required: str
    violation: str = ""
    evidence: Evidence | None = None
    cause: UnknownCause | None = None


Judge: TypeAlias = Callable[[Subject], Evaluation]
P = TypeVar("P", bound=Parameters)


@frozen
class Rule(Generic[P]):
    """One rule of the catalogue.

    ``identifier``, such as ``TP-CERT-005``, never changes and is never reused for another rule; ``name`` is
    the rule's name in policies. ``requirement`` states in one sentence what the rule asks for, ``violation``
    what is wrong if it is not met, and ``why`` what is at stake; only ``why`` ends with a full stop. ``bind``
    makes the Judge for given ``parameters``. ``severity`` applies if a policy sets none.
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
