"""Claims: statements about a target's encryption that a configuration makes, and that visits prove or contradict.

A cloud API, a server's file, a label or another scanner makes the statement. A claim names rules of the policy
catalogue (``policy.catalogue``) with their parameters, so that what judges policies also judges claims, on the
same evidence.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from model.frozen import frozen
from model.verdict import Verdict

CLAIMS_POLICY: Final = "claims"
"""The results and Findings of claims have this name in the place of a policy's."""
CLAIM_RULE_ID: Final = "TP-CLAIM-001"
"""Identifies the results of what owners and clouds declare."""
WEAKNESS_RULE_ID: Final = "TP-CLAIM-002"
"""Identifies the results of what other scanners find."""


class ClaimVerdict(StrEnum):
    """What a visit shows about a claim; members are in descending order of concern."""

    CONTRADICTED = "contradicted"
    UNPROVABLE = "unprovable"
    """No visit proves it or the opposite, now or ever; the observed text says why."""
    NOT_REACHED = "not_reached"
    """The endpoint did not answer, or was not visited yet."""
    PROVED = "proved"


class ClaimKind(StrEnum):
    """Who makes a claim."""

    DECLARED = "declared"
    """A configuration, which says what the endpoint should do."""
    REPORTED = "reported"
    """Another scanner, which says what is wrong."""


@frozen
class ClaimedRule:
    """A rule's name in the catalogue, and its parameters as a policy file has them."""

    rule: str
    parameters: Mapping[str, Any] = field(default_factory=dict, hash=False)


@frozen
class SourceProof:
    """What a source has found out itself: whether the claim holds, and the answers that show it."""

    verdict: Verdict
    observed: str


@frozen
class Claim:
    """One statement about how ``resource`` encrypts.

    ``name`` identifies it among the claims of one resource, such as ``elb_security_policy``; ``statement`` is a
    sentence without a full stop. ``source`` says who makes the statement, such as ``AWS DescribeListeners``, and
    ``read_at`` (aware) when. ``resource`` is an ARN, a file with a line, or what else the source calls it;
    ``related`` are other resources that it is about, such as the certificate of a listener.

    The statement is true where all ``rules`` are met, or, for a ``is_weakness`` (another scanner's finding), where
    one of them is not. Without rules no visit can prove it, and ``unprovable`` says why, or the source has a ``proof``.
    """

    name: str
    statement: str
    source: str
    resource: str
    rules: tuple[ClaimedRule, ...] = ()
    is_weakness: bool = False
    unprovable: str = ""
    proof: SourceProof | None = None
    related: tuple[str, ...] = ()
    read_at: datetime | None = field(default=None, compare=False)

    @property
    def kind(self) -> ClaimKind:
        """Who makes it: a configuration or another scanner."""
        return ClaimKind.REPORTED if self.is_weakness else ClaimKind.DECLARED

    @property
    def key(self) -> str:
        """Its identity among all claims: the SHA-256, in hex, of source, resource and name."""
        parts = "\n".join((self.source, self.resource, self.name))
        return hashlib.sha256(parts.encode()).hexdigest()
