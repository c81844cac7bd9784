"""One resource of AWS: it makes the targets and claims that share its account, region, ARN and tags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from typing import Any, Final

from discovery.cloud.aws.api import AwsApi
from discovery.found import SourceLocation, meta
from model.application_protocol import DEFAULT_PROTOCOL
from model.claims import Claim, ClaimedRule
from model.claims.resource_claim import ResourceClaim
from model.frozen import frozen

_SAYS_NOTHING: Final[Mapping[str, str]] = {}


@frozen
class Resource:
    """A resource by its ``arn``; ``kind`` is such as ``load_balancer``, ``name`` what its owner calls it.

    ``more`` are further labels for rules: ``__meta_aws_<name>``.
    """

    api: AwsApi
    kind: str
    name: str
    arn: str
    tags: Mapping[str, str] = field(default_factory=dict, hash=False)
    more: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def claim(
        self,
        name: str,
        statement: str,
        operation: str,
        rules: Sequence[ClaimedRule] = (),
        unprovable: str = "",
    ) -> Claim:
        """What AWS declares of it, read by ``operation``; without ``rules``, ``unprovable`` says why."""
        return Claim(
            name=name,
            statement=statement,
            source=f"AWS {operation}",
            resource=self.arn,
            rules=tuple(rules),
            unprovable=unprovable,
            read_at=self.api.now,
        )

    def weakness(self, name: str, statement: str, operation: str, unprovable: str) -> Claim:
        """What AWS itself reports as wrong, read by ``operation``, and why no visit shows it."""
        claim = self.claim(name, statement, operation, unprovable=unprovable)
        return replace(claim, is_weakness=True)

    def own(self, claim: Claim) -> ResourceClaim:
        """The claim for the targets that have the resource; without any, it stays with the resource."""
        return ResourceClaim(resource=self.arn, claim=claim, labels=self._labels)

    def at(
        self,
        host: str,
        port: int,
        *claims: Claim | None,
        protocol: str = DEFAULT_PROTOCOL,
        labels: Mapping[str, str] = _SAYS_NOTHING,
    ) -> SourceLocation:
        """A target at one of its endpoints, with these claims; ``labels`` are permanent ones."""
        return SourceLocation(
            host=host.removesuffix("."),
            port=port,
            protocol=protocol,
            labels={**self._labels, **labels},
            place=f"account {self.api.account}, {self.api.region}, {self.arn}",
            claims=tuple(claim for claim in claims if claim is not None),
        )

    @property
    def _labels(self) -> Mapping[str, str]:
        about = {
            "account": self.api.account,
            "region": self.api.region,
            "kind": self.kind,
            "name": self.name,
            "arn": self.arn,
            **self.more,
        }
        return {**meta("aws", about), **meta("aws_tag", self.tags)}


def tags_of(listed: Any) -> dict[str, str]:
    """Tags as most services list them: ``[{"Key": …, "Value": …}]``."""
    return {str(tag["Key"]): str(tag.get("Value") or "") for tag in listed or ()}
