"""Application gateways: the addresses of HTTPS and TLS listeners, with what policies, profiles and certificates claim.

The fields are those of the API reference of Microsoft.Network (learn.microsoft.com/rest/api/application-gateway). Azure
compares identifiers of resources without regard to case.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from discovery.cloud.azure.certificates import Leaf, served_leaf
from discovery.cloud.azure.lists import ListKind
from discovery.cloud.azure.resource import AzureResource
from discovery.cloud.azure.ssl_policies import Predefined, predefined_policies, ssl_policy
from discovery.cloud.tls_rules import claimed
from discovery.found import (
    JsonObject,
    Location,
    SourceLocation,
    locations_of_objects,
    meta,
)
from discovery.source import Skipped
from model.claims import Claim
from model.claims.declared import certificate_claim
from model.frozen import frozen

_SOURCE: Final = "Azure applicationGateways"
_LISTENERS: Final = (("httpListeners", "https"), ("listeners", "tls"))
"""The lists of listeners, with the protocol of those that end TLS."""
_PARTS: Final = (
    "frontendIPConfigurations",
    "frontendPorts",
    "sslCertificates",
    "sslProfiles",
)
_WILDCARDS: Final = frozenset("*?")
_PASSTHROUGH: Final = "Passthrough"
"""Of a listener that asks for client certificates and leaves them to the back end."""
_VERIFIES: Final = (claimed("client_certificate_verified"),)
"""A gateway finishes the handshake without a certificate too, and answers with HTTP status 400."""


@frozen
class _Read:
    """What was read in addition to the gateways: public IP addresses by their identifier in lower case, and SSL policies."""

    addresses: Mapping[str, JsonObject]
    predefined: Predefined


@frozen
class _Gateway:
    """A gateway, with its parts by kind and identifier in lower case."""

    resource: JsonObject
    properties: JsonObject
    parts: Mapping[str, Mapping[str, JsonObject]]

    @classmethod
    def of(cls, resource: JsonObject) -> _Gateway:
        properties = resource["properties"]
        parts = {kind: _by_identifier(properties.get(kind) or ()) for kind in _PARTS}
        return cls(resource=resource, properties=properties, parts=parts)

    @property
    def shown(self) -> str:
        """Its resource group and name."""
        return f"application gateway {_group(self.resource)}/{self.resource.get('name')}"

    def part(self, kind: str, reference: Any) -> JsonObject:
        """The properties of the part to which ``reference`` leads; empty if there is no reference, or no such part."""
        return self.parts[kind].get(str((reference or {}).get("id")).lower(), {})


def _by_identifier(listed: Iterable[JsonObject]) -> dict[str, JsonObject]:
    """The properties of resources, by their identifier in lower case."""
    return {str(one.get("id")).lower(): one.get("properties") or {} for one in listed}


def _of_network(path: str, resource: str) -> ListKind:
    return ListKind(
        path=f"Microsoft.Network/{path}",
        version="2024-05-01",
        action=f"Microsoft.Network/{resource}/read",
    )


def _locations(
    gateways: Iterable[JsonObject], addresses: Iterable[JsonObject], policies: Iterable[JsonObject]
) -> Iterator[Location]:
    """The targets at the listeners of these gateways that end TLS."""
    read = _Read(addresses=_by_identifier(addresses), predefined=predefined_policies(policies))
    return locations_of_objects(
        gateways,
        lambda one: f"application gateway {one.get('id')}",
        lambda one, _: _of_gateway(_Gateway.of(one), read),
    )


APPLICATION_GATEWAYS: Final = AzureResource(
    lists=(
        _of_network("applicationGateways", "applicationGateways"),
        _of_network("publicIPAddresses", "publicIPAddresses"),
        _of_network(
            "applicationGatewayAvailableSslOptions/default/predefinedPolicies",
            "applicationGatewayAvailableSslOptions/predefinedPolicies",
        ),
    ),
    locations=_locations,
)


def _of_gateway(gateway: _Gateway, read: _Read) -> Iterator[Location]:
    listeners = [
        one
        for kind, protocol in _LISTENERS
        for one in gateway.properties.get(kind) or ()
        if str((one.get("properties") or {}).get("protocol")).lower() == protocol
    ]
    return locations_of_objects(
        listeners,
        lambda one: f"{gateway.shown}, listener {one.get('name')}",
        lambda one, place: _of_listener(gateway, one, place, read),
    )


def _of_listener(
    gateway: _Gateway, listener: JsonObject, place: str, read: _Read
) -> Iterator[Location]:
    properties = listener["properties"]
    frontend = gateway.part("frontendIPConfigurations", properties["frontendIPConfiguration"])
    host = _host(frontend, read.addresses)
    if host is None:
        yield Skipped(place=place, problem=_without_address(frontend))
        return
    port = gateway.part("frontendPorts", properties["frontendPort"])["port"]
    certificate = gateway.part("sslCertificates", properties.get("sslCertificate"))
    leaf = served_leaf(str(certificate.get("publicCertData") or ""))
    names = _names(properties, leaf)
    if not names:
        yield Skipped(place=place, problem="all its host names have wildcards: add targets for it")
    claims = tuple(_claims(gateway, listener, leaf, read.predefined))
    labels = _labels(gateway, listener, is_public=frontend.get("publicIPAddress") is not None)
    for name in names:
        yield SourceLocation(
            host=host,
            port=int(port),
            server_name=name,
            labels=labels,
            claims=claims,
            place=place,
        )


def _host(frontend: JsonObject, addresses: Mapping[str, JsonObject]) -> str | None:
    """The address of a frontend, or the name of its public address; None if it is not known."""
    if (public := frontend.get("publicIPAddress")) is None:
        address = frontend.get("privateIPAddress")
    else:
        found = addresses.get(str(public.get("id")).lower(), {})
        address = found.get("ipAddress") or (found.get("dnsSettings") or {}).get("fqdn")
    return str(address) if address else None


def _without_address(frontend: JsonObject) -> str:
    if (public := frontend.get("publicIPAddress")) is None:
        return "its frontend has no address"
    name = str(public.get("id")).rpartition("/")[2]
    return f"no address is known of its public IP address {name}"


def _names(listener: JsonObject, leaf: Leaf | None) -> list[str | None]:
    """The names that clients ask a listener for; those of its certificate if it serves all names."""
    listed = [listener.get("hostName"), *(listener.get("hostNames") or ())]
    own = [str(name) for name in listed if name]
    candidates = own or (leaf.names if leaf else ())
    plain = [name for name in candidates if _WILDCARDS.isdisjoint(name)]
    return list(dict.fromkeys(plain)) or ([] if own else [None])


def _group(resource: JsonObject) -> str:
    """The resource group, from ``/subscriptions/…/resourceGroups/…/providers/…``."""
    return str(resource["id"]).split("/")[4]


def _labels(gateway: _Gateway, listener: JsonObject, *, is_public: bool) -> Mapping[str, str]:
    resource = gateway.resource
    about = {
        "subscription": str(resource["id"]).split("/")[2],
        "resource_group": _group(resource),
        "gateway": resource.get("name"),
        "listener": listener.get("name"),
        "location": resource.get("location"),
        "frontend": "public" if is_public else "private",
        "state": gateway.properties.get("operationalState"),
    }
    return {**meta("azure", about), **meta("azure_tag", resource.get("tags") or {})}


def _claims(
    gateway: _Gateway, listener: JsonObject, leaf: Leaf | None, predefined: Predefined
) -> Iterator[Claim]:
    resource = str(listener["id"])
    named = f"listener {listener.get('name')} of {gateway.resource.get('name')}"
    profile = gateway.part("sslProfiles", listener["properties"].get("sslProfile"))
    policy = ssl_policy(gateway.properties, profile, predefined)
    yield Claim(
        name="azure_ssl_policy",
        statement=f"{named} uses {policy.shown}",
        source=_SOURCE,
        resource=resource,
        rules=policy.rules,
        unprovable=policy.unprovable,
    )
    trusted = profile.get("trustedClientCertificates") or ()
    mode = (profile.get("clientAuthConfiguration") or {}).get("verifyClientAuthMode")
    if trusted and mode != _PASSTHROUGH:
        authorities = ", ".join(str(one.get("id")).rpartition("/")[2] for one in trusted)
        yield Claim(
            name="azure_mutual_tls",
            statement=f"{named} verifies client certificates against {authorities}",
            source=_SOURCE,
            resource=resource,
            rules=_VERIFIES,
        )
    if leaf is not None:
        yield certificate_claim([leaf.sha256], _SOURCE, resource)
