"""Lines, tunnels and VPCs: what AWS declares of them is in the ledger, with the reason why no probe proves it."""

from __future__ import annotations

from typing import Any

import pytest
import trustme

from discovery.merge import sift_claims
from discovery.relabel import Action, Rule
from discovery.source import SourceReading
from model.claims import ClaimKind
from model.claims.ledger import ledger
from tests.discovery.aws.network_answers import (
    TUNNEL,
    client_vpn,
    controls,
    interface_endpoint,
    line,
    negotiated,
    peering,
    tunnel,
    values,
)
from tests.discovery.aws.reading import read, rules
from tests.discovery.aws.test_load_balancers import CERTIFICATE
from tests.support.aws_server import AwsServer

UNSEEN = "no visit is made, because AWS's end of a tunnel is for the customer gateway alone"
LINE = "arn:aws:directconnect:eu-west-1:123456789012:dxcon/dxcon-1"


def said(found: SourceReading) -> list[tuple[str, str, str]]:
    """Name, statement and reason of each claim in the ledger."""
    return [
        (one.held.claim.name, one.held.claim.statement, one.held.observed)
        for one in ledger((), found.resource_claims)
    ]


@pytest.fixture
def lines(aws: AwsServer) -> AwsServer:
    aws.answers["directconnect", "DescribeLags"] = {"lags": []}
    return aws


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {},
            [
                (
                    "direct_connect_macsec",
                    "office passes traffic with MACsec only (must_encrypt)",
                    "no probe can see MACsec on a line; AWS reports Encryption Up",
                )
            ],
        ),
        (
            {"encryptionMode": "no_encrypt", "portEncryptionStatus": "Encryption Down"},
            [
                (
                    "direct_connect_plaintext",
                    "office passes traffic without MACsec, and is capable of it",
                    "no probe can see MACsec on a line; AWS reports Encryption Down",
                )
            ],
        ),
        ({"connectionState": "deleted"}, []),
    ],
)
async def test_a_line_says_whether_it_has_macsec(
    lines: AwsServer, changes: dict[str, Any], expected: list[tuple[str, str, str]]
) -> None:
    lines.answers["directconnect", "DescribeConnections"] = {"connections": [line(**changes)]}
    assert said(await read(lines, "directconnect")) == expected


async def test_a_line_that_may_encrypt_and_does_not_is_reported(lines: AwsServer) -> None:
    down = line(encryptionMode="should_encrypt", portEncryptionStatus="Encryption Down")
    group = {
        "lagId": "dxlag-1",
        "lagState": "available",
        "macSecCapable": True,
        "encryptionMode": "should_encrypt",
        "connections": [down, line()],
    }
    lines.answers["directconnect", "DescribeConnections"] = {"connections": []}
    lines.answers["directconnect", "DescribeLags"] = {"lags": [group]}
    found = await read(lines, "directconnect")
    kinds = {one.claim.name: one.claim.kind for one in found.resource_claims}
    assert kinds == {
        "direct_connect_macsec": ClaimKind.DECLARED,
        "direct_connect_plaintext": ClaimKind.REPORTED,
    }
    assert "Encryption Down, Encryption Up" in found.resource_claims[0].claim.unprovable


async def test_all_pages_are_read_of_operations_for_which_botocore_has_no_paginator(
    lines: AwsServer,
) -> None:
    lines.answers["directconnect", "DescribeConnections"] = [
        {"connections": [line()], "nextToken": "2"},
        {"connections": [line(connectionId="dxcon-2")]},
    ]
    assert len((await read(lines, "directconnect")).resource_claims) == 2
    lines.answers["directconnect", "DescribeConnections"] = {
        "connections": [line()],
        "nextToken": "again",
    }
    (skipped,) = (await read(lines, "directconnect")).skipped
    assert "nextToken comes twice" in skipped.problem


async def test_rules_see_the_labels_of_a_resource(lines: AwsServer) -> None:
    lines.answers["directconnect", "DescribeConnections"] = {"connections": [line()]}
    (claim,) = (await read(lines, "directconnect")).resource_claims
    assert (claim.resource, claim.source) == (LINE, "aws")
    team = Rule(source_labels=("__meta_aws_tag_team",), target_label="team")
    (kept,) = await sift_claims([claim], [team])
    assert kept.labels == {"team": "network"}
    drop = Rule(action=Action.DROP, source_labels=("__meta_aws_kind",), regex=team.regex)
    assert await sift_claims([claim], [drop]) == ()


async def test_a_tunnel_says_what_it_permits_and_what_aws_reports(aws: AwsServer) -> None:
    aws.answers["ec2", "DescribeVpnConnections"] = tunnel(
        IkeVersions=values("ikev2"),
        Phase1EncryptionAlgorithms=values("AES256", "AES256-GCM-16"),
        Phase1DHGroupNumbers=values(20),
    )
    aws.answers["ec2", "GetActiveVpnTunnelStatus"] = negotiated()
    found = await read(aws, "vpn")
    ((name, statement, why),) = said(found)
    assert name == "vpn_tunnel_options"
    assert statement == (
        f"tunnel {TUNNEL} of vpn-1 permits IKE version ikev2; "
        "phase 1 encryption AES256, AES256-GCM-16; phase 1 group 20"
    )
    assert why.startswith(UNSEEN)
    assert "; AWS reports IKE version ikev2, phase 1 encryption" in why
    assert "pre-shared" not in repr(found)


async def test_a_tunnel_that_negotiated_what_it_does_not_permit_is_reported(aws: AwsServer) -> None:
    aws.answers["ec2", "DescribeVpnConnections"] = tunnel(
        Phase1EncryptionAlgorithms=values("AES256"), Phase1DHGroupNumbers=values(20)
    )
    aws.answers["ec2", "GetActiveVpnTunnelStatus"] = negotiated(
        Phase1EncryptionAlgorithm="AES128", Phase1DHGroup=2
    )
    _, (name, statement, _) = sorted(said(await read(aws, "vpn")), reverse=True)
    assert name == "vpn_tunnel_negotiated"
    assert statement.endswith("does not permit: phase 1 encryption AES128, phase 1 group 2")


async def test_a_tunnel_that_is_down_is_not_asked_what_it_negotiated(aws: AwsServer) -> None:
    answer = tunnel()
    answer["VpnConnections"][0]["VgwTelemetry"][0]["Status"] = "DOWN"
    aws.answers["ec2", "DescribeVpnConnections"] = answer
    aws.answers["ec2", "GetActiveVpnTunnelStatus"] = negotiated()
    ((_, statement, why),) = said(await read(aws, "vpn"))
    assert statement == f"tunnel {TUNNEL} of vpn-1 permits what AWS permits by default"
    assert why == f"{UNSEEN}; AWS does not report what it negotiated"
    assert not aws.called("ec2", "GetActiveVpnTunnelStatus")


async def test_client_vpn_has_its_transport_certificate_and_mutual_tls(aws: AwsServer) -> None:
    aws.answers["ec2", "DescribeClientVpnEndpoints"] = client_vpn(
        "certificate-authentication", "federated-authentication"
    )
    pem = trustme.CA().issue_cert("vpn.example").cert_chain_pems[0].bytes().decode()
    aws.answers["acm", "GetCertificate"] = {"Certificate": pem}
    (target,) = (await read(aws, "client_vpn")).targets
    host = "tlsprobe.cvpn-endpoint-1.prod.clientvpn.eu-west-1.amazonaws.com"
    assert (target.protocol, target.host, target.port) == ("openvpn-udp", host, 443)
    by_name = {one.name: one for one in target.claims}
    assert by_name.keys() == {
        "client_vpn_transport",
        "client_vpn_certificate",
        "client_vpn_mutual_tls",
    }
    assert "OpenVPN with TLS over udp at port 443" in by_name["client_vpn_transport"].statement
    assert by_name["client_vpn_certificate"].related == (CERTIFICATE,)
    assert rules(target, "client_vpn_mutual_tls").keys() == {
        "client_certificate_required",
        "client_certificate_verified",
    }


async def test_client_vpn_over_tcp_is_a_target_of_openvpn_over_tcp(aws: AwsServer) -> None:
    answer = client_vpn()
    answer["ClientVpnEndpoints"][0] |= {"TransportProtocol": "tcp", "VpnPort": 1194}
    aws.answers["ec2", "DescribeClientVpnEndpoints"] = answer
    (target,) = (await read(aws, "client_vpn")).targets
    assert (target.protocol, target.port) == ("openvpn", 1194)


@pytest.fixture
def vpc(aws: AwsServer) -> AwsServer:
    """An account without networks."""
    aws.answers |= {
        ("ec2", "DescribeVpcEndpoints"): {"VpcEndpoints": []},
        ("ec2", "DescribeVpcPeeringConnections"): {"VpcPeeringConnections": []},
        ("ec2", "DescribeTransitGateways"): {"TransitGateways": []},
        ("ec2", "DescribeVpcEncryptionControls"): {"VpcEncryptionControls": []},
        ("ec2", "GetVpcResourcesBlockingEncryptionEnforcement"): {"NonCompliantResources": []},
    }
    return aws


async def test_an_interface_endpoint_is_a_target_for_workers_in_its_vpc(vpc: AwsServer) -> None:
    name = "vpce-1.kms.eu-west-1.vpce.amazonaws.com"
    vpc.answers["ec2", "DescribeVpcEndpoints"] = {
        "VpcEndpoints": [
            interface_endpoint("com.amazonaws.eu-west-1.kms", name, f"zonal.{name}"),
            interface_endpoint("com.amazonaws.eu-west-1.cassandra", "cassandra.example"),
            interface_endpoint("com.amazonaws.vpce.eu-west-1.vpce-svc-1", "private.example"),
            interface_endpoint("com.amazonaws.eu-west-1.s3", "*.vpce-1.s3.example"),
            {**interface_endpoint("com.amazonaws.eu-west-1.s3"), "VpcEndpointType": "Gateway"},
        ]
    }
    found = await read(vpc, "vpc")
    assert [one.key for one in found.targets] == [f"{name}:443", "cassandra.example:9142"]
    assert found.targets[0].labels["__meta_aws_vpc_id"] == "vpc-1"
    assert ["at which port" in one.problem for one in found.skipped] == [True, False]


async def test_only_what_aws_encrypts_below_tls_is_claimed(vpc: AwsServer) -> None:
    """Peering within a region depends on the instances, and a gateway encrypts once its support is enabled."""
    vpc.answers["ec2", "DescribeVpcPeeringConnections"] = {
        "VpcPeeringConnections": [peering("us-east-1"), peering("eu-west-1")]
    }
    vpc.answers["ec2", "DescribeTransitGateways"] = {
        "TransitGateways": [
            {
                "TransitGatewayId": f"tgw-{state}",
                "Options": {"EncryptionSupport": {"EncryptionState": state}},
            }
            for state in ("enabled", "enabling", "disabled")
        ]
    }
    statements = {name: statement for name, statement, _ in said(await read(vpc, "vpc"))}
    assert statements == {
        "vpc_peering_encryption": (
            "AWS encrypts the traffic of pcx-1 between vpc-1 in eu-west-1 and vpc-2 in us-east-1"
        ),
        "transit_gateway_encryption": (
            "tgw-enabled encrypts the traffic between VPCs that enforce encryption"
        ),
    }


async def test_controls_that_enforce_name_their_exclusions(vpc: AwsServer) -> None:
    exclusions = {"NatGateway": {"State": "enabled"}, "Lambda": {"State": "disabled"}}
    vpc.answers["ec2", "DescribeVpcEncryptionControls"] = controls(
        "enforce", ResourceExclusions=exclusions
    )
    ((_, statement, why),) = said(await read(vpc, "vpc"))
    assert statement == (
        "vpc-1 admits only resources that encrypt in transit, except for NatGateway"
    )
    assert why.endswith("the controls are available")


async def test_resources_that_block_enforcement_are_reported_and_reach_their_targets(
    vpc: AwsServer,
) -> None:
    vpc.answers["ec2", "DescribeVpcEncryptionControls"] = controls("monitor")
    vpc.answers["ec2", "GetVpcResourcesBlockingEncryptionEnforcement"] = {
        "NonCompliantResources": [
            {"Id": "i-1", "Type": "instance", "Description": "no Nitro", "IsExcludable": False}
        ]
    }
    found = await read(vpc, "vpc")
    monitored, blocking = found.resource_claims
    assert monitored.claim.statement.endswith(
        "monitors encryption in transit in vpc-1, and enforces none"
    )
    assert (blocking.resource, blocking.claim.kind) == ("i-1", ClaimKind.REPORTED)
    assert "(no Nitro)" in blocking.claim.statement
