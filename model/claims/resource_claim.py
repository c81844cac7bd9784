"""Claims about resources, as sources make them: a claim belongs to the targets of its resource, or stays with the resource.

A link with MACsec, a tunnel of a VPN and a certificate that nothing uses have no endpoint that a visit could ask.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from model.claims.claim import Claim, ClaimVerdict
from model.claims.claims_json import claims_from_json, claims_to_json
from model.claims.held import HeldClaim
from model.frozen import frozen


@frozen
class ResourceClaim:
    """A claim of the discovery source ``source`` about ``resource``, with the labels of that resource.

    ``resource`` is its name in all sources, such as an ARN; ``claim.resource`` may also say where it is in a file.
    """

    resource: str
    claim: Claim
    labels: Mapping[str, str] = field(default_factory=dict, hash=False)
    source: str = ""

    @property
    def held(self) -> HeldClaim:
        """The claim as long as no target has the resource: no visit proves it."""
        why = self.claim.unprovable or f"no target has the resource {self.resource}"
        return HeldClaim(claim=self.claim, verdict=ClaimVerdict.UNPROVABLE, observed=why)


def resource_claim_to_json(one: ResourceClaim) -> dict[str, Any]:
    """The claim as JSON, with its resource, labels and source."""
    return {
        "resource": one.resource,
        "claim": claims_to_json([one.claim])[0],
        "labels": dict(one.labels),
        "source": one.source,
    }


def resource_claim_from_json(fields: Mapping[str, Any]) -> ResourceClaim:
    """The claim that ``resource_claim_to_json`` wrote. Raises KeyError, ValueError."""
    return ResourceClaim(
        resource=fields["resource"],
        claim=claims_from_json([fields["claim"]])[0],
        labels=fields["labels"],
        source=fields["source"],
    )
