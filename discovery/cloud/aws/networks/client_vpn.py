"""AWS Client VPN: the transport, the certificate and mutual TLS of each endpoint, all inside OpenVPN's packets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from discovery.cloud.aws.api import Answer, AwsApi
from discovery.cloud.aws.certificates import Certificates
from discovery.cloud.aws.resource import Resource, tags_of
from discovery.cloud.tls_rules import MUTUAL_TLS, speaks_tls
from discovery.found import Location
from model.application_protocol import OPENVPN, OPENVPN_UDP
from model.claims import Claim

_DESCRIBE: Final = "DescribeClientVpnEndpoints"
_IN_USE: Final = frozenset({"available", "pending-associate"})
_UDP: Final = "udp"
_PORT: Final = 443
_ANY_NAME: Final = "*."
_OUR_NAME: Final = "tlsprobe."
"""AWS names an endpoint by a wildcard, and clients put a name of their own before it."""


def read_client_vpn(api: AwsApi) -> Iterator[Location]:
    """All endpoints that are not deleted."""
    certificates = Certificates(api)
    for endpoint in api.each(f"ec2.{_DESCRIBE}"):
        if (endpoint.get("Status") or {}).get("Code") not in _IN_USE:
            continue
        found = _resource(api, endpoint)
        claims = [*_claims(found, endpoint), _certificate(found, endpoint, certificates)]
        if name := endpoint.get("DnsName"):
            yield found.at(
                name.replace(_ANY_NAME, _OUR_NAME, 1),
                endpoint.get("VpnPort", _PORT),
                *claims,
                protocol=OPENVPN_UDP if _transport(endpoint) == _UDP else OPENVPN,
            )


def _resource(api: AwsApi, endpoint: Answer) -> Resource:
    identifier = endpoint["ClientVpnEndpointId"]
    return Resource(
        api=api,
        kind="client_vpn_endpoint",
        name=identifier,
        arn=api.arn("ec2", f"client-vpn-endpoint/{identifier}"),
        tags=tags_of(endpoint.get("Tags")),
        more={"vpc_id": endpoint.get("VpcId")},
    )


def _transport(endpoint: Answer) -> str:
    return str(endpoint.get("TransportProtocol", _UDP))


def _claims(found: Resource, endpoint: Answer) -> Iterator[Claim]:
    port = endpoint.get("VpnPort", _PORT)
    said = f"{found.name} accepts OpenVPN with TLS over {_transport(endpoint)} at port {port}"
    yield found.claim("client_vpn_transport", said, _DESCRIBE, speaks_tls())
    for option in endpoint.get("AuthenticationOptions", ()):
        if option.get("Type") == "certificate-authentication":
            chain = (option.get("MutualAuthentication") or {}).get("ClientRootCertificateChain")
            said = f"{found.name} verifies client certificates against {chain or 'its chain'}"
            yield found.claim("client_vpn_mutual_tls", said, _DESCRIBE, MUTUAL_TLS)


def _certificate(found: Resource, endpoint: Answer, certificates: Certificates) -> Claim | None:
    arn = endpoint.get("ServerCertificateArn")
    if not arn:
        return None
    said = f"{found.name} serves the certificate {arn}"
    return certificates.claim(found, arn, "client_vpn_certificate", said, _DESCRIBE)
