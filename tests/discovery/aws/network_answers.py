"""Answers about networks and certificates that nothing serves, as the documentation of each operation gives them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from tests.discovery.aws.reading import ACCOUNT, REGION
from tests.discovery.aws.test_load_balancers import CERTIFICATE

_ENDS: Final = datetime(2999, 1, 31, tzinfo=UTC)
TUNNEL: Final = "192.0.2.40"
UNUSED: Final = f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/unused"
AUTHORITY: Final = f"arn:aws:acm-pca:{REGION}:{ACCOUNT}:certificate-authority/1"


def values(*some: str | int) -> list[dict[str, Any]]:
    """What a tunnel permits, as AWS lists it."""
    return [{"Value": one} for one in some]


def tunnel(**permitted: Any) -> dict[str, Any]:
    """The answer with one connection, of which one tunnel is up."""
    options = {"OutsideIpAddress": TUNNEL, "PreSharedKey": "a-pre-shared-key", **permitted}
    connection = {
        "VpnConnectionId": "vpn-1",
        "State": "available",
        "Options": {"TunnelOptions": [options]},
        "VgwTelemetry": [{"OutsideIpAddress": TUNNEL, "Status": "UP"}],
        "CustomerGatewayConfiguration": "<pre_shared_key>a-pre-shared-key</pre_shared_key>",
    }
    return {"VpnConnections": [connection]}


def negotiated(**changes: Any) -> dict[str, Any]:
    """What the tunnel negotiated."""
    found = {
        "IkeVersion": "ikev2",
        "Phase1EncryptionAlgorithm": "AES256",
        "Phase1IntegrityAlgorithm": "SHA2-256",
        "Phase1DHGroup": 20,
        "Phase2EncryptionAlgorithm": "AES256-GCM-16",
        "Phase2IntegrityAlgorithm": "SHA2-256",
        "Phase2DHGroup": 20,
        "ProvisioningStatus": "available",
    }
    return {"ActiveVpnTunnelStatus": found | changes}


def client_vpn(*authentication: str) -> dict[str, Any]:
    """An endpoint of Client VPN."""
    chain = {"ClientRootCertificateChain": UNUSED}
    endpoint = {
        "ClientVpnEndpointId": "cvpn-endpoint-1",
        "Status": {"Code": "available"},
        "DnsName": "*.cvpn-endpoint-1.prod.clientvpn.eu-west-1.amazonaws.com",
        "TransportProtocol": "udp",
        "VpnPort": 443,
        "ServerCertificateArn": CERTIFICATE,
        "AuthenticationOptions": [
            {"Type": one, "MutualAuthentication": chain} for one in authentication
        ],
    }
    return {"ClientVpnEndpoints": [endpoint]}


def line(**changes: Any) -> dict[str, Any]:
    """A dedicated connection of Direct Connect."""
    return {
        "connectionId": "dxcon-1",
        "connectionName": "office",
        "connectionState": "available",
        "macSecCapable": True,
        "encryptionMode": "must_encrypt",
        "portEncryptionStatus": "Encryption Up",
        "tags": [{"key": "team", "value": "network"}],
        **changes,
    }


def interface_endpoint(service: str, *names: str) -> dict[str, Any]:
    """An interface endpoint of a VPC."""
    return {
        "VpcEndpointId": "vpce-1",
        "VpcEndpointType": "Interface",
        "State": "available",
        "VpcId": "vpc-1",
        "ServiceName": service,
        "DnsEntries": [{"DnsName": name} for name in names],
    }


def peering(region: str) -> dict[str, Any]:
    """A peering of VPCs between this region and another one."""
    return {
        "VpcPeeringConnectionId": "pcx-1",
        "Status": {"Code": "active"},
        "RequesterVpcInfo": {"VpcId": "vpc-1", "Region": REGION},
        "AccepterVpcInfo": {"VpcId": "vpc-2", "Region": region},
    }


def controls(mode: str, **changes: Any) -> dict[str, Any]:
    """The answer with VPC Encryption Controls of one VPC."""
    found = {"VpcId": "vpc-1", "Mode": mode, "State": "available", **changes}
    return {"VpcEncryptionControls": [found]}


def listed(arn: str = UNUSED, **changes: Any) -> dict[str, Any]:
    """A certificate as ListCertificates gives it."""
    return {
        "CertificateArn": arn,
        "DomainName": "www.example.com",
        "Status": "ISSUED",
        "Type": "AMAZON_ISSUED",
        "KeyAlgorithm": "EC_prime256v1",
        "NotAfter": _ENDS,
        "InUse": False,
        **changes,
    }


def without_endpoints() -> Mapping[tuple[str, str], Any]:
    """Answers that lead the readers to every operation about networks and certificates."""
    soon = datetime.now(UTC)
    name = "com.amazonaws.eu-west-1.kms"
    return {
        ("acm", "ListCertificates"): {
            "CertificateSummaryList": [
                listed(),
                listed(CERTIFICATE, InUse=True, RenewalEligibility="ELIGIBLE", NotAfter=soon),
            ]
        },
        ("acm", "DescribeCertificate"): {
            "Certificate": {"RenewalSummary": renewal("PENDING_VALIDATION")}
        },
        ("iam", "ListServerCertificates"): {"ServerCertificateMetadataList": []},
        ("acm-pca", "ListCertificateAuthorities"): {"CertificateAuthorities": []},
        ("ec2", "DescribeVpcEndpoints"): {
            "VpcEndpoints": [interface_endpoint(name, "vpce-1.kms.eu-west-1.vpce.amazonaws.com")]
        },
        ("ec2", "DescribeVpcPeeringConnections"): {"VpcPeeringConnections": []},
        ("ec2", "DescribeTransitGateways"): {"TransitGateways": []},
        ("ec2", "DescribeVpcEncryptionControls"): controls("monitor"),
        ("ec2", "GetVpcResourcesBlockingEncryptionEnforcement"): {"NonCompliantResources": []},
        ("ec2", "DescribeVpnConnections"): tunnel(),
        ("ec2", "GetActiveVpnTunnelStatus"): negotiated(),
        ("ec2", "DescribeClientVpnEndpoints"): client_vpn(),
        ("directconnect", "DescribeConnections"): {"connections": [line()]},
        ("directconnect", "DescribeLags"): {"lags": []},
        ("organizations", "ListAccounts"): {"Accounts": [{"Id": ACCOUNT, "Status": "ACTIVE"}]},
    }


def renewal(status: str, **changes: Any) -> dict[str, Any]:
    """The state of a renewal."""
    return {
        "RenewalStatus": status,
        "DomainValidationOptions": [{"DomainName": "www.example.com"}],
        "UpdatedAt": _ENDS,
        **changes,
    }
