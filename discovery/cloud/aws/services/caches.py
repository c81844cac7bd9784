"""Amazon ElastiCache, MemoryDB and DAX: caches that encrypt in transit. Others have no endpoint with TLS."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from discovery.cloud.aws.api import Answer, AwsApi
from discovery.cloud.aws.resource import Resource
from discovery.cloud.tls_rules import NO_PLAINTEXT, speaks_tls
from discovery.found import Location

_GROUPS: Final = "DescribeReplicationGroups"
_SERVERLESS: Final = "DescribeServerlessCaches"
_CLUSTERS: Final = "DescribeClusters"


def read_caches(api: AwsApi) -> Iterator[Location]:
    """Replication groups, serverless caches, MemoryDB and DAX clusters."""
    for group in api.each("elasticache.DescribeReplicationGroups"):
        if group.get("TransitEncryptionEnabled"):
            yield from _replication_group(api, group)
    for cache in api.each("elasticache.DescribeServerlessCaches"):
        found = Resource(
            api=api,
            kind="serverless_cache",
            name=cache["ServerlessCacheName"],
            arn=cache["ARN"],
            more={"engine": cache.get("Engine")},
        )
        yield from _encrypted(
            found, [cache.get("Endpoint"), cache.get("ReaderEndpoint")], _SERVERLESS
        )
    for cluster in api.each("memorydb.DescribeClusters"):
        if cluster.get("TLSEnabled"):
            found = Resource(
                api=api, kind="memorydb_cluster", name=cluster["Name"], arn=cluster["ARN"]
            )
            yield from _encrypted(found, [cluster.get("ClusterEndpoint")], _CLUSTERS)
    for cluster in api.each("dax.DescribeClusters"):
        if cluster.get("ClusterEndpointEncryptionType") == "TLS":
            yield from _dax_cluster(api, cluster)


def _dax_cluster(api: AwsApi, cluster: Answer) -> Iterator[Location]:
    """The discovery endpoint, from which clients learn the nodes."""
    found = Resource(
        api=api, kind="dax_cluster", name=cluster["ClusterName"], arn=cluster["ClusterArn"]
    )
    endpoint = cluster.get("ClusterDiscoveryEndpoint") or {}
    if endpoint.get("Address"):
        said = f"{found.name} encrypts in transit (ClusterEndpointEncryptionType is TLS)"
        claim = found.claim("dax_encryption_in_transit", said, _CLUSTERS, speaks_tls())
        yield found.at(endpoint["Address"], endpoint["Port"], claim)


def _replication_group(api: AwsApi, group: Answer) -> Iterator[Location]:
    found = Resource(
        api=api, kind="replication_group", name=group["ReplicationGroupId"], arn=group["ARN"]
    )
    endpoints = [group.get("ConfigurationEndpoint")]
    for node in group.get("NodeGroups", ()):
        endpoints += [node.get("PrimaryEndpoint"), node.get("ReaderEndpoint")]
    # The mode `preferred` accepts plaintext too: AWS claims nothing then.
    is_required = group.get("TransitEncryptionMode", "required") == "required"
    yield from _encrypted(found, endpoints, _GROUPS if is_required else "")


def _encrypted(
    found: Resource, endpoints: list[Mapping[str, Any] | None], operation: str
) -> Iterator[Location]:
    """The endpoints of a cache; with an ``operation``, the claim that they refuse plaintext."""
    said = f"{found.name} accepts connections with TLS only"
    claim = (
        found.claim("cache_plaintext_refused", said, operation, NO_PLAINTEXT) if operation else None
    )
    for endpoint in endpoints:
        if endpoint and endpoint.get("Address"):
            yield found.at(endpoint["Address"], endpoint["Port"], claim, protocol="redis")
