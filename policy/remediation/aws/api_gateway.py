"""API Gateway, by CLI, Terraform and CloudFormation: a custom domain name has a security policy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from model.protocol_version import ProtocolVersion
from policy.remediation.aws.resources import in_command, last_name
from policy.remediation.demands import Demands
from policy.remediation.setting import ServerKind, Setting, Topic

LEGACY: Final = "TLS_1_2"
ENHANCED: Final = "SecurityPolicy_TLS13_1_3_2025_09"
"""TLS 1.3 only. What the other enhanced policies allow in TLS 1.2 is not known here."""
_PLACE: Final = "by the AWS CLI, or in Terraform or CloudFormation"
_ALSO_LEGACY: Final = (
    "# Clients without TLS 1.2 are refused. A domain name with several endpoint types cannot be changed.",
)
_ALSO_ENHANCED: Final = (
    "# An enhanced policy excludes mutual TLS and HTTP APIs at this domain name. STRICT refuses requests",
    "# whose host and server name (SNI) differ. The change takes about 15 minutes.",
)


def security_policy(demands: Demands) -> str | None:
    """The policy whose versions are allowed; None if there is none."""
    if ProtocolVersion.TLSV1_2 in demands.versions:
        return LEGACY
    return ENHANCED if demands.has_tls13 else None


def _settings(demands: Demands) -> Iterator[Setting]:
    policy = security_policy(demands)
    if policy is None:
        return
    domain = in_command(last_name(demands.resource), "DOMAIN_NAME")
    is_enhanced = policy == ENHANCED
    operations = f"op=replace,path=/securityPolicy,value={policy}"
    lines = (
        f"aws apigateway update-domain-name --domain-name {domain} --patch-operations {operations}"
        + (" op=replace,path=/endpointAccessMode,value=STRICT" if is_enhanced else ""),
        '# Terraform, in resource "aws_api_gateway_domain_name":',
        f'security_policy = "{policy}"',
        *(('endpoint_access_mode = "STRICT"',) if is_enhanced else ()),
        "# CloudFormation, in Properties of AWS::ApiGateway::DomainName:",
        f"SecurityPolicy: {policy}",
        *(("EndpointAccessMode: STRICT",) if is_enhanced else ()),
        *(_ALSO_ENHANCED if is_enhanced else _ALSO_LEGACY),
    )
    yield Setting(topic=Topic.VERSIONS, place=_PLACE, lines=lines)


API_GATEWAY: Final = ServerKind(
    name="API Gateway",
    aliases=("api-gateway", "apigateway"),
    write=_settings,
    arns=("apigateway:/domainnames/",),
)
