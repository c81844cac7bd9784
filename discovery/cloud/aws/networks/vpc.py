"""Amazon VPC: interface endpoints as targets, and what AWS says of the encryption below TLS.

Workers inside the VPC reach the endpoints: give the targets its zone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from discovery.cloud.aws.api import Answer, AwsApi
from discovery.cloud.aws.resource import Resource, tags_of
from discovery.found import Location
from discovery.source import Skipped

_HTTPS: Final = 443
_PORTS: Final = {"cassandra": 9142, "email-smtp": 465}
"""Services of AWS whose TLS is not at the port of HTTPS."""
_OWN: Final = ".vpce."
"""In the names of services that others than AWS offer (PrivateLink)."""
_BELOW_TLS: Final = "no probe can see encryption below TLS, on the lines and in the hardware of AWS"
_CONTROLS: Final = "DescribeVpcEncryptionControls"
_BLOCKING: Final = "GetVpcResourcesBlockingEncryptionEnforcement"


def read_vpc(api: AwsApi) -> Iterator[Location]:
    """Interface endpoints, peering between regions, transit gateways, and VPC Encryption Controls."""
    for endpoint in api.each("ec2.DescribeVpcEndpoints"):
        is_interface = endpoint.get("VpcEndpointType") == "Interface"
        if is_interface and endpoint.get("State", "").lower() == "available":
            yield _endpoint(api, endpoint)
    for peering in api.each("ec2.DescribeVpcPeeringConnections"):
        yield from _peering(api, peering)
    for gateway in api.each("ec2.DescribeTransitGateways"):
        yield from _transit_gateway(api, gateway)
    for controls in api.each(f"ec2.{_CONTROLS}"):
        if controls.get("State") not in ("deleted", "deleting"):
            yield from _encryption_controls(api, controls)


def _of_ec2(api: AwsApi, described: Answer, kind: str, identifier: str) -> Resource:
    return Resource(
        api=api,
        kind=kind,
        name=identifier,
        arn=api.arn("ec2", f"{kind.replace('_', '-')}/{identifier}"),
        tags=tags_of(described.get("Tags")),
        more={"vpc_id": described.get("VpcId"), "service_name": described.get("ServiceName")},
    )


def _endpoint(api: AwsApi, endpoint: Answer) -> Location:
    found = _of_ec2(api, endpoint, "vpc_endpoint", endpoint["VpcEndpointId"])
    service = str(endpoint.get("ServiceName", ""))
    place = f"account {api.account}, {api.region}, {found.name}"
    if _OWN in service:
        problem = f"nothing says at which port {service} has TLS: add a target with its port"
        return Skipped(place=place, problem=problem)
    names = [one.get("DnsName", "") for one in endpoint.get("DnsEntries", ())]
    usable = [name for name in names if name and not name.startswith("*.")]
    if not usable:
        return Skipped(place=place, problem=f"{service} has no single name: add a target for it")
    return found.at(usable[0], _PORTS.get(service.rpartition(".")[2], _HTTPS))


def _peering(api: AwsApi, peering: Answer) -> Iterator[Location]:
    """Only between regions, where AWS encrypts all traffic; elsewhere it depends on the instances."""
    ends = [peering.get("RequesterVpcInfo") or {}, peering.get("AccepterVpcInfo") or {}]
    regions = {end.get("Region") for end in ends}
    is_active = (peering.get("Status") or {}).get("Code") == "active"
    if not is_active or None in regions or len(regions) == 1:
        return
    found = _of_ec2(api, peering, "vpc_peering_connection", peering["VpcPeeringConnectionId"])
    one, other = (f"{end.get('VpcId')} in {end['Region']}" for end in ends)
    said = f"AWS encrypts the traffic of {found.name} between {one} and {other}"
    yield found.own(
        found.claim(
            "vpc_peering_encryption", said, "DescribeVpcPeeringConnections", unprovable=_BELOW_TLS
        )
    )


def _transit_gateway(api: AwsApi, gateway: Answer) -> Iterator[Location]:
    support = (gateway.get("Options") or {}).get("EncryptionSupport") or {}
    if support.get("EncryptionState") != "enabled":
        return
    found = _of_ec2(api, gateway, "transit_gateway", gateway["TransitGatewayId"])
    said = f"{found.name} encrypts the traffic between VPCs that enforce encryption"
    yield found.own(
        found.claim(
            "transit_gateway_encryption", said, "DescribeTransitGateways", unprovable=_BELOW_TLS
        )
    )


def _encryption_controls(api: AwsApi, controls: Answer) -> Iterator[Location]:
    vpc, state = controls["VpcId"], controls.get("State", "unknown")
    found = _of_ec2(api, controls, "vpc", vpc)
    if controls.get("Mode") == "enforce":
        excluded = [
            name
            for name, one in (controls.get("ResourceExclusions") or {}).items()
            if one.get("State") in ("enabled", "enabling")
        ]
        rest = f", except for {', '.join(sorted(excluded))}" if excluded else ""
        said = f"{vpc} admits only resources that encrypt in transit{rest}"
    else:
        said = f"AWS monitors encryption in transit in {vpc}, and enforces none"
    message = controls.get("StateMessage")
    unprovable = f"{_BELOW_TLS}; the controls are {state}" + (f": {message}" if message else "")
    yield found.own(found.claim("vpc_encryption_controls", said, _CONTROLS, unprovable=unprovable))
    for blocking in api.each(f"ec2.{_BLOCKING}", VpcId=vpc):
        yield _blocking(api, blocking, vpc)


def _blocking(api: AwsApi, blocking: Answer, vpc: str) -> Location:
    """A resource of which AWS says that it does not encrypt; its identifier is what AWS gives, often no ARN."""
    identifier = blocking["Id"]
    found = Resource(
        api=api,
        kind=str(blocking.get("Type", "resource")),
        name=identifier,
        arn=identifier,
        more={"vpc_id": vpc},
    )
    described = f" ({blocking['Description']})" if blocking.get("Description") else ""
    said = f"{identifier} in {vpc} does not enforce encryption in transit{described}"
    return found.own(found.weakness("vpc_resource_plaintext", said, _BLOCKING, _BELOW_TLS))
