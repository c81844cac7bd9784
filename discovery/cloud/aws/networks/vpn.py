"""AWS Site-to-Site VPN: what the options of each tunnel permit, and what the tunnel negotiated by AWS's word.

AWS's answer has the pre-shared keys of the tunnels too; nothing of that is kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from discovery.cloud.aws.api import Answer, AwsApi
from discovery.cloud.aws.resource import Resource, tags_of
from discovery.found import Location
from model.claims.resource_claim import ResourceClaim

_CONNECTIONS: Final = "DescribeVpnConnections"
_STATUS: Final = "GetActiveVpnTunnelStatus"
_UNSEEN: Final = "no visit is made, because AWS's end of a tunnel is for the customer gateway alone"
_OPTIONS: Final = (
    ("IKE version", "IkeVersions", "IkeVersion"),
    ("phase 1 encryption", "Phase1EncryptionAlgorithms", "Phase1EncryptionAlgorithm"),
    ("phase 1 integrity", "Phase1IntegrityAlgorithms", "Phase1IntegrityAlgorithm"),
    ("phase 1 group", "Phase1DHGroupNumbers", "Phase1DHGroup"),
    ("phase 2 encryption", "Phase2EncryptionAlgorithms", "Phase2EncryptionAlgorithm"),
    ("phase 2 integrity", "Phase2IntegrityAlgorithms", "Phase2IntegrityAlgorithm"),
    ("phase 2 group", "Phase2DHGroupNumbers", "Phase2DHGroup"),
)
"""What a tunnel negotiates, with AWS's names of what is permitted and of what was negotiated."""


def read_vpn(api: AwsApi) -> Iterator[Location]:
    """The tunnels of all connections."""
    for connection in api.each("ec2.DescribeVpnConnections"):
        if connection.get("State") != "available":
            continue
        identifier = connection["VpnConnectionId"]
        found = Resource(
            api=api,
            kind="vpn_connection",
            name=identifier,
            arn=api.arn("ec2", f"vpn-connection/{identifier}"),
            tags=tags_of(connection.get("Tags")),
        )
        up = {
            one.get("OutsideIpAddress")
            for one in connection.get("VgwTelemetry", ())
            if one.get("Status") == "UP"
        }
        for tunnel in (connection.get("Options") or {}).get("TunnelOptions", ()):
            address = tunnel.get("OutsideIpAddress")
            if address:
                negotiated = _negotiated(api, identifier, address) if address in up else {}
                yield from _claims(found, tunnel, negotiated)


def _negotiated(api: AwsApi, identifier: str, address: str) -> Mapping[str, str]:
    """What the tunnel negotiated, by what it negotiates."""
    answer = api.one(
        f"ec2.{_STATUS}", VpnConnectionId=identifier, VpnTunnelOutsideIpAddress=address
    )
    status: Mapping[str, Any] = (answer or {}).get("ActiveVpnTunnelStatus") or {}
    return {what: str(status[name]) for what, _, name in _OPTIONS if status.get(name)}


def _claims(
    found: Resource, tunnel: Answer, negotiated: Mapping[str, str]
) -> Iterator[ResourceClaim]:
    address = tunnel["OutsideIpAddress"]
    permitted = {
        what: [str(one["Value"]) for one in tunnel.get(name, ())] for what, name, _ in _OPTIONS
    }
    listed = "; ".join(f"{what} {', '.join(some)}" for what, some in permitted.items() if some)
    said = f"tunnel {address} of {found.name} permits {listed or 'what AWS permits by default'}"
    shown = ", ".join(f"{what} {value}" for what, value in negotiated.items())
    reported = f"AWS reports {shown}" if shown else "AWS does not report what it negotiated"
    claim = found.claim(
        "vpn_tunnel_options", said, _CONNECTIONS, unprovable=f"{_UNSEEN}; {reported}"
    )
    other = [
        f"{what} {value}"
        for what, value in negotiated.items()
        if permitted[what] and value.lower() not in map(str.lower, permitted[what])
    ]
    claims = [claim]
    if other:
        said = f"tunnel {address} of {found.name} negotiated what it does not permit: {', '.join(other)}"
        claims.append(found.weakness("vpn_tunnel_negotiated", said, _STATUS, _UNSEEN))
    for one in claims:
        yield found.own(replace(one, resource=f"{found.arn} (tunnel {address})"))
