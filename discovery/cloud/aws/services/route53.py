"""Amazon Route 53: the names of public zones that point to an address, another name or a resource of AWS."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from discovery.cloud.aws.api import AwsApi
from discovery.cloud.aws.resource import Resource
from discovery.found import Location

_PORT: Final = 443
_TYPES: Final = frozenset({"A", "AAAA", "CNAME"})
_WILDCARD: Final = "\\052."
"""How Route 53 writes an asterisk."""


def read_route53(api: AwsApi) -> Iterator[Location]:
    """Each name once, at port 443; names for wildcards and services (with an underscore) are left out."""
    for zone in api.each("route53.ListHostedZones"):
        if (zone.get("Config") or {}).get("PrivateZone"):
            continue
        zone_id = zone["Id"].rpartition("/")[2]
        arn = api.global_arn("route53", f"hostedzone/{zone_id}")
        seen: set[str] = set()
        for record in api.each("route53.ListResourceRecordSets", HostedZoneId=zone_id):
            name = record["Name"]
            if record["Type"] not in _TYPES or name in seen or name.startswith((_WILDCARD, "_")):
                continue
            seen.add(name)
            alias = record.get("AliasTarget") or {}
            found = Resource(
                api=api,
                kind="route53_record",
                name=name.removesuffix("."),
                arn=arn,
                more={"record_type": record["Type"], "alias_target": alias.get("DNSName")},
            )
            yield found.at(name, _PORT)
