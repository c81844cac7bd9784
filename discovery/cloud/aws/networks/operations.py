"""The operations about networks."""

from __future__ import annotations

from typing import Final

from discovery.cloud.aws.operation import claimed, found

NETWORK_OPERATIONS: Final = (
    found("ec2", "DescribeVpcEndpoints", "ec2:DescribeVpcEndpoints", "VpcEndpoints"),
    claimed(
        "ec2",
        "DescribeVpcPeeringConnections",
        "ec2:DescribeVpcPeeringConnections",
        "VpcPeeringConnections",
    ),
    claimed("ec2", "DescribeTransitGateways", "ec2:DescribeTransitGateways", "TransitGateways"),
    claimed(
        "ec2",
        "DescribeVpcEncryptionControls",
        "ec2:DescribeVpcEncryptionControls",
        "VpcEncryptionControls",
    ),
    claimed(
        "ec2",
        "GetVpcResourcesBlockingEncryptionEnforcement",
        "ec2:GetVpcResourcesBlockingEncryptionEnforcement",
        "NonCompliantResources",
        gone=("InvalidVpcID.NotFound",),
    ),
    claimed("ec2", "DescribeVpnConnections", "ec2:DescribeVpnConnections", "VpnConnections"),
    claimed(
        "ec2",
        "GetActiveVpnTunnelStatus",
        "ec2:GetActiveVpnTunnelStatus",
        gone=("InvalidVpnConnectionID.NotFound",),
    ),
    claimed(
        "ec2",
        "DescribeClientVpnEndpoints",
        "ec2:DescribeClientVpnEndpoints",
        "ClientVpnEndpoints",
    ),
    claimed(
        "directconnect", "DescribeConnections", "directconnect:DescribeConnections", "connections"
    ),
    claimed("directconnect", "DescribeLags", "directconnect:DescribeLags", "lags"),
)
