"""AWS Client VPN: the transport, the certificate and mutual TLS of each endpoint, all inside OpenVPN's packets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from discovery.cloud.aws.api import Answer, AwsApi
from discovery.cloud.aws.resource import Resource, tags_of
from discovery.found import Location
from model.claims import Claim

_DESCRIBE: Final = "DescribeClientVpnEndpoints"
_UNSEEN: Final = "no probe speaks OpenVPN, in whose packets TLS is"
_IN_USE: Final = frozenset({"available", "pending-associate"})


def read_client_vpn(api: AwsApi) -> Iterator[Location]:
    """All endpoints that are not deleted."""
    for endpoint in api.each(f"ec2.{_DESCRIBE}"):
        if (endpoint.get("Status") or {}).get("Code") not in _IN_USE:
            continue
        identifier = endpoint["ClientVpnEndpointId"]
        found = Resource(
            api=api,
            kind="client_vpn_endpoint",
            name=identifier,
            arn=api.arn("ec2", f"client-vpn-endpoint/{identifier}"),
            tags=tags_of(endpoint.get("Tags")),
            more={"vpc_id": endpoint.get("VpcId")},
        )
        for claim in _claims(found, endpoint):
            yield found.own(claim)


def _claims(found: Resource, endpoint: Answer) -> Iterator[Claim]:
    said = (
        f"{found.name} accepts OpenVPN with TLS over {endpoint.get('TransportProtocol', 'udp')} "
        f"at port {endpoint.get('VpnPort', 443)} of {endpoint.get('DnsName', 'its name')}"
    )
    yield found.claim("client_vpn_transport", said, _DESCRIBE, unprovable=_UNSEEN)
    if arn := endpoint.get("ServerCertificateArn"):
        said = f"{found.name} serves the certificate {arn}"
        claim = found.claim("client_vpn_certificate", said, _DESCRIBE, unprovable=_UNSEEN)
        yield replace(claim, related=(arn,))
    for option in endpoint.get("AuthenticationOptions", ()):
        if option.get("Type") == "certificate-authentication":
            chain = (option.get("MutualAuthentication") or {}).get("ClientRootCertificateChain")
            said = f"{found.name} verifies client certificates against {chain or 'its chain'}"
            yield found.claim("client_vpn_mutual_tls", said, _DESCRIBE, unprovable=_UNSEEN)
