"""A target whose claims are proved, contradicted, unprovable and reported, for pages, reports and the API."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from model.claims import Claim, ClaimedRule
from model.claims.resource_claim import ResourceClaim
from model.observation import Observation
from tests.service.samples import modern

FILE: Final = "/etc/nginx/nginx.conf, line 3"
LISTENER: Final = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/web/1/2"


def versions(*allowed: str) -> tuple[ClaimedRule, ...]:
    """The rule that only these versions are offered."""
    return (ClaimedRule(rule="protocol_versions", parameters={"allowed": list(allowed)}),)


NEWEST_ONLY: Final = Claim(
    name="declared_protocols",
    statement="the server accepts TLS 1.3 only",
    source="nginx",
    resource=FILE,
    rules=versions("TLSv1.3"),
)
"""``modern`` accepts TLS 1.2 too."""
BOTH: Final = replace(
    NEWEST_ONLY,
    name="elb_security_policy",
    statement="the listener accepts TLS 1.2 and 1.3",
    source="aws",
    resource=LISTENER,
    rules=versions("TLSv1.2", "TLSv1.3"),
)
MACSEC: Final = replace(
    BOTH, name="macsec", statement="the link has MACsec", rules=(), unprovable="no probe sees it"
)
FALSE_ALARM: Final = replace(
    BOTH,
    name="elb_insecure_ssl_ciphers",
    statement="the listener accepts old versions",
    source="prowler",
    is_weakness=True,
)
LINE: Final = ResourceClaim(
    resource="arn:aws:directconnect:eu-west-1:123456789012:dxcon/dxcon-1",
    claim=replace(
        MACSEC,
        name="direct_connect_macsec",
        resource="arn:aws:directconnect:eu-west-1:123456789012:dxcon/dxcon-1",
    ),
    labels={"team": "network"},
    source="aws",
)
"""A claim about a resource that no target has."""
EVERY: Final = (NEWEST_ONLY, BOTH, MACSEC, FALSE_ALARM)


def claiming(*claims: Claim, seen: Observation | None = None) -> Observation:
    """The Observation of a target with these claims; all of them by default."""
    seen = modern() if seen is None else seen
    target = replace(seen.endpoint.target, claims=claims or EVERY)
    return replace(seen, endpoint=replace(seen.endpoint, target=target))
