"""Amazon MSK: the brokers' listeners with TLS."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from discovery.cloud.aws.api import Answer, AwsApi
from discovery.cloud.aws.resource import Resource
from discovery.found import Location
from model.claims import Claim

_PLAINTEXT: Final = frozenset({"BootstrapBrokerString", "BootstrapBrokerStringIpv6"})
_OTHER_PORT: Final = "a listener without TLS would be at another port of the brokers (9092)"


def read_kafka(api: AwsApi) -> Iterator[Location]:
    """The brokers that AWS names for clients with TLS, SASL/SCRAM and IAM, also public ones."""
    for cluster in api.each("kafka.ListClustersV2"):
        found = Resource(
            api=api,
            kind="kafka_cluster",
            name=cluster["ClusterName"],
            arn=cluster["ClusterArn"],
            tags=cluster.get("Tags") or {},
        )
        claim = _refuses_plaintext(found, cluster)
        brokers = api.one("kafka.GetBootstrapBrokers", ClusterArn=found.arn) or {}
        for name in sorted(brokers):
            if name.startswith("BootstrapBroker") and name not in _PLAINTEXT:
                for broker in str(brokers[name]).split(","):
                    host, _, port = broker.rpartition(":")
                    if port.isdecimal():
                        yield found.at(host, int(port), claim, protocol="kafka")


def _refuses_plaintext(found: Resource, cluster: Answer) -> Claim | None:
    provisioned: Mapping[str, Any] = cluster.get("Provisioned") or {}
    encryption = provisioned.get("EncryptionInfo") or {}
    if (encryption.get("EncryptionInTransit") or {}).get("ClientBroker") != "TLS":
        return None
    said = f"cluster {found.name} has no listener without TLS"
    return found.claim("kafka_plaintext_refused", said, "ListClustersV2", unprovable=_OTHER_PORT)
