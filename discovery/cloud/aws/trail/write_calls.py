"""Which calls can cause which Changes: the operations of AWS's APIs that write what a visit sees.

Names are those of the API references; CloudTrail records them as event names. A call on another resource that has the
same effect, such as one on a parameter group or on a certificate in ACM, is not among the events of the endpoint's
resource, so it is not listed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from enum import Enum
from types import MappingProxyType
from typing import Final

from discovery.attach import resources_of
from discovery.cloud.aws.trail.arn import Arn
from model.comparisons.attribution import RecordedCall
from model.frozen import frozen
from model.target import Target

SETTLES_IN: Final = timedelta(minutes=15)
"""How long a change takes to be seen everywhere after its call, such as at all edges of CloudFront."""


class Cause(Enum):
    """What a call alters."""

    SETTINGS = "settings"
    """How TLS is spoken: versions, cipher suites, client certificates, redirects."""
    CERTIFICATE = "certificate"
    REACHABILITY = "reachability"
    """Whether the endpoint answers at all."""


@frozen
class Writes:
    """The operations of one service by what they alter.

    Those of ``certificate`` may alter settings too. With ``is_named_by_arn``, only ARNs name its resources; others are
    also called by the name at the end of their ARN.
    """

    settings: tuple[str, ...] = ()
    certificate: tuple[str, ...] = ()
    reachability: tuple[str, ...] = ()
    is_named_by_arn: bool = False

    def of(self, cause: Cause) -> frozenset[str]:
        """The names of the calls that alter this; another certificate also changes which cipher suites are usable."""
        if cause is Cause.SETTINGS:
            return frozenset((*self.settings, *self.certificate))
        return frozenset(self.certificate if cause is Cause.CERTIFICATE else self.reachability)


_LISTENERS: Final = ("CreateListener", "ModifyListener", "DeleteListener")
_CLASSIC_LISTENERS: Final = ("CreateLoadBalancerListeners", "DeleteLoadBalancerListeners")
_DOMAIN_NAMES: Final = ("CreateDomainName", "UpdateDomainName", "DeleteDomainName")
_DISTRIBUTIONS: Final = ("CreateDistribution", "UpdateDistribution", "DeleteDistribution")

WRITES: Final[Mapping[str, Writes]] = MappingProxyType(
    {
        "elasticloadbalancing": Writes(
            settings=(
                "ModifyListenerAttributes",
                "CreateRule",
                "ModifyRule",
                "DeleteRule",
                "SetLoadBalancerPoliciesOfListener",
            ),
            certificate=(
                *_LISTENERS,
                "AddListenerCertificates",
                "RemoveListenerCertificates",
                *_CLASSIC_LISTENERS,
                "SetLoadBalancerListenerSSLCertificate",
            ),
            reachability=(
                *_LISTENERS,
                "SetSecurityGroups",
                "SetSubnets",
                "DeleteLoadBalancer",
                *_CLASSIC_LISTENERS,
                "ApplySecurityGroupsToLoadBalancer",
            ),
            is_named_by_arn=True,
        ),
        "cloudfront": Writes(certificate=_DISTRIBUTIONS, reachability=_DISTRIBUTIONS),
        "apigateway": Writes(
            settings=("UpdateRestApi",),
            certificate=_DOMAIN_NAMES,
            reachability=(*_DOMAIN_NAMES, "DeleteRestApi", "DeleteApi"),
        ),
        "rds": Writes(
            settings=("ModifyDBProxy", "RebootDBCluster"),
            certificate=("ModifyDBInstance", "ModifyDBCluster", "RebootDBInstance"),
            reachability=(
                "CreateDBInstance",
                "ModifyDBInstance",
                "StartDBInstance",
                "StopDBInstance",
                "DeleteDBInstance",
                "CreateDBCluster",
                "ModifyDBCluster",
                "StartDBCluster",
                "StopDBCluster",
                "DeleteDBCluster",
                "CreateDBProxy",
                "DeleteDBProxy",
            ),
        ),
        "redshift": Writes(
            settings=("RebootCluster",),
            certificate=("ModifyCluster", "ModifyCustomDomainAssociation"),
            reachability=("ModifyCluster", "PauseCluster", "ResumeCluster", "DeleteCluster"),
        ),
        "elasticache": Writes(
            settings=("ModifyReplicationGroup",),
            reachability=("CreateReplicationGroup", "DeleteReplicationGroup"),
        ),
        "memorydb": Writes(
            settings=("UpdateCluster",), reachability=("CreateCluster", "DeleteCluster")
        ),
        "es": Writes(
            certificate=("UpdateDomainConfig",),
            reachability=("CreateDomain", "UpdateDomainConfig", "DeleteDomain"),
        ),
        "kafka": Writes(
            settings=("UpdateSecurity",),
            reachability=("UpdateSecurity", "UpdateConnectivity", "DeleteCluster"),
        ),
        "eks": Writes(
            settings=("UpdateClusterVersion",),
            reachability=("CreateCluster", "UpdateClusterConfig", "DeleteCluster"),
        ),
        "iot": Writes(
            certificate=("UpdateDomainConfiguration",),
            reachability=("UpdateDomainConfiguration", "DeleteDomainConfiguration"),
        ),
        "transfer": Writes(
            certificate=("UpdateServer",),
            reachability=("UpdateServer", "StartServer", "StopServer", "DeleteServer"),
        ),
        "appsync": Writes(reachability=("CreateGraphqlApi", "DeleteGraphqlApi")),
        "lambda": Writes(reachability=("CreateFunctionUrlConfig", "DeleteFunctionUrlConfig")),
    }
)
"""The services by their names in ARNs."""


def cause_of(fact: str) -> Cause:
    """What must have been altered for a ``fact`` of an Observation to change."""
    section = fact.partition(".")[0]
    if section == "state":
        return Cause.REACHABILITY
    return Cause.CERTIFICATE if section.startswith("certificates") else Cause.SETTINGS


def resource_of(target: Target) -> Arn | None:
    """The AWS resource of a target, by its labels and claims; None if it has none whose writes are known."""
    named = (Arn.of(text) for text in resources_of(target))
    return next((arn for arn in named if arn is not None and arn.service in WRITES), None)


def cause_among(calls: Sequence[RecordedCall], arn: Arn, fact: str) -> RecordedCall | None:
    """The newest of ``calls``, newest first, that can have changed this fact; others of the same time are counted."""
    able = WRITES[arn.service].of(cause_of(fact))
    fitting = [one for one in calls if one.name in able]
    return replace(fitting[0], others=len(fitting) - 1) if fitting else None
