"""AWS Direct Connect: whether lines and groups of lines encrypt with MACsec, by their mode and by AWS's word."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from discovery.cloud.aws.api import Answer, AwsApi
from discovery.cloud.aws.resource import Resource
from discovery.found import Location

_IN_USE: Final = frozenset({"available", "down"})
_ENCRYPTS: Final = {
    "must_encrypt": "passes traffic with MACsec only",
    "should_encrypt": "encrypts with MACsec where both ends can",
}
_UP: Final = "Encryption Up"
_UNSEEN: Final = "no probe can see MACsec on a line"


def read_direct_connect(api: AwsApi) -> Iterator[Location]:
    """The connections and link aggregation groups that are in use."""
    for line in api.each("directconnect.DescribeConnections"):
        if line.get("connectionState") in _IN_USE:
            found = _resource(api, line, "connection", "dxcon")
            yield from _claims(found, line, [line], "DescribeConnections")
    for group in api.each("directconnect.DescribeLags"):
        if group.get("lagState") in _IN_USE:
            found = _resource(api, group, "lag", "dxlag")
            yield from _claims(found, group, group.get("connections") or [], "DescribeLags")


def _resource(api: AwsApi, described: Answer, kind: str, prefix: str) -> Resource:
    identifier = described[f"{kind}Id"]
    return Resource(
        api=api,
        kind=f"direct_connect_{kind}",
        name=described.get(f"{kind}Name") or identifier,
        arn=api.arn("directconnect", f"{prefix}/{identifier}"),
        tags={one["key"]: one.get("value") or "" for one in described.get("tags", ())},
        more={"location": described.get("location")},
    )


def _claims(
    found: Resource, described: Answer, lines: list[Answer], operation: str
) -> Iterator[Location]:
    mode = described.get("encryptionMode", "")
    states = sorted(
        {line["portEncryptionStatus"] for line in lines if "portEncryptionStatus" in line}
    )
    reported = f"; AWS reports {', '.join(states)}" if states else ""
    if mode in _ENCRYPTS:
        said = f"{found.name} {_ENCRYPTS[mode]} ({mode})"
        yield found.own(
            found.claim("direct_connect_macsec", said, operation, unprovable=_UNSEEN + reported)
        )
    if mode != "must_encrypt" and states != [_UP] and "macSecCapable" in described:
        able = "is capable of it" if described["macSecCapable"] else "is not capable of it"
        said = f"{found.name} passes traffic without MACsec, and {able}"
        yield found.own(
            found.weakness("direct_connect_plaintext", said, operation, _UNSEEN + reported)
        )
