"""Amazon MSK and Amazon MQ: the brokers' listeners with TLS. Brokers of MQ have no others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from discovery.cloud.aws.api import Answer, AwsApi
from discovery.cloud.aws.resource import Resource
from discovery.found import Location
from model.claims import Claim

_PLAINTEXT: Final = frozenset({"BootstrapBrokerString", "BootstrapBrokerStringIpv6"})
_MQ_PROTOCOLS: Final = {
    "amqp+ssl": "amqps",
    "amqps": "amqps",
    "mqtt+ssl": "mqtts",
    "ssl": "tls",
    "stomp+ssl": "tls",
    "wss": "tls",
}
"""Protocols by the scheme of an endpoint of MQ: OpenWire (``ssl``) and STOMP begin with TLS."""
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


def read_mq(api: AwsApi) -> Iterator[Location]:
    """All endpoints of all brokers, of ActiveMQ and RabbitMQ."""
    for listed in api.each("mq.ListBrokers"):
        broker = api.one("mq.DescribeBroker", BrokerId=listed["BrokerId"]) or {}
        urls = [
            url for one in broker.get("BrokerInstances", ()) for url in one.get("Endpoints", ())
        ]
        for url in urls:
            parts = urlsplit(url)
            if parts.hostname and parts.port and parts.scheme in _MQ_PROTOCOLS:
                found = Resource(
                    api=api,
                    kind="mq_broker",
                    name=broker["BrokerName"],
                    arn=broker["BrokerArn"],
                    tags=broker.get("Tags") or {},
                    more={"engine": broker.get("EngineType")},
                )
                yield found.at(parts.hostname, parts.port, protocol=_MQ_PROTOCOLS[parts.scheme])
