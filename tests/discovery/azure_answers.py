"""Azure's application gateways, by answers in the form of Azure Resource Manager (Microsoft.Network 2024-05-01).

The fields are those of the examples and definitions in Azure's REST API specifications; names and addresses are
documentation's. What the predefined policies permit is in "Application Gateway TLS policy overview" on learn.microsoft.com.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import trustme
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509 import load_pem_x509_certificate

from discovery.apis.web import WebApi
from discovery.cloud.azure.reader import AzureReader
from discovery.source import SourceReading
from model.target import Target
from policy.claims import check_claim
from tests.pki.revocation.servers import WebServer, web_server

SUBSCRIPTION: Final = "00000000-1111-2222-3333-444444444444"
GROUP: Final = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/web-group/providers/Microsoft.Network"
GATEWAY: Final = f"{GROUP}/applicationGateways/web"
BASE: Final = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Network"
VERSION: Final = "?api-version=2024-05-01"
GATEWAYS: Final = f"{BASE}/applicationGateways{VERSION}"
ADDRESSES: Final = f"{BASE}/publicIPAddresses{VERSION}"
POLICIES: Final = (
    f"{BASE}/applicationGatewayAvailableSslOptions/default/predefinedPolicies{VERSION}"
)

Json = dict[str, Any]

AUTHORITY: Final = trustme.CA()
LEAF: Final = load_pem_x509_certificate(
    AUTHORITY.issue_cert("www.example.com", "*.example.com").cert_chain_pems[0].bytes()
)
ROOT: Final = load_pem_x509_certificate(AUTHORITY.cert_pem.bytes())
CERT_DATA: Final = base64.b64encode(
    pkcs7.serialize_certificates([ROOT, LEAF], Encoding.DER)
).decode()

SUITES_2017S: Final = [
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_RSA_WITH_AES_128_CBC_SHA",
]
PREDEFINED: Final[dict[str, tuple[str, list[str]]]] = {
    "AppGwSslPolicy20150501": ("TLSv1_0", [*SUITES_2017S, "TLS_RSA_WITH_3DES_EDE_CBC_SHA"]),
    "AppGwSslPolicy20170401S": ("TLSv1_2", SUITES_2017S),
    "AppGwSslPolicy20220101": (
        "TLSv1_2",
        [
            "TLS_AES_128_GCM_SHA256",
            "TLS_AES_256_GCM_SHA384",
            "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        ],
    ),
}


def part(kind: str, name: str, **properties: Any) -> Json:
    """A part of the gateway, as the API nests it."""
    return {"name": name, "id": f"{GATEWAY}/{kind}/{name}", "properties": properties}


def to(kind: str, name: str) -> Json:
    """A reference to a part of the gateway; the case of identifiers may differ."""
    return {"id": f"{GATEWAY}/{kind}/{name}".replace("resourceGroups", "resourcegroups")}


def public(name: str = "web-address") -> Json:
    return {"publicIPAddress": {"id": f"{GROUP}/publicIPAddresses/{name}"}}


def listener(name: str = "https", **more: Any) -> Json:
    return part("httpListeners", name, **{
        "frontendIPConfiguration": to("frontendIPConfigurations", "front"),
        "frontendPort": to("frontendPorts", "port443"),
        "protocol": "Https",
        "sslCertificate": to("sslCertificates", "web-cert"),
        "requireServerNameIndication": False,
    } | more)  # fmt: skip


def gateway(*listeners: Json, **more: Any) -> Json:
    properties = {
        "sku": {"name": "Standard_v2", "tier": "Standard_v2"},
        "operationalState": "Running",
        "sslCertificates": [part("sslCertificates", "web-cert", publicCertData=CERT_DATA)],
        "frontendIPConfigurations": [part("frontendIPConfigurations", "front", **public())],
        "frontendPorts": [part("frontendPorts", "port443", port=443)],
        "httpListeners": list(listeners) or [listener()],
        "defaultPredefinedSslPolicy": "AppGwSslPolicy20220101",
    }
    return {
        "name": "web",
        "id": GATEWAY,
        "type": "Microsoft.Network/applicationGateways",
        "location": "westeurope",
        "tags": {"team": "shop"},
        "properties": properties | more,
    }


ADDRESS: Final[Json] = {
    "name": "web-address",
    "id": f"{GROUP}/publicIPAddresses/Web-Address",
    "type": "Microsoft.Network/publicIPAddresses",
    "properties": {
        "publicIPAllocationMethod": "Static",
        "ipAddress": "192.0.2.10",
        "dnsSettings": {"fqdn": "web.westeurope.example"},
    },
}


def files_of(gateways: Sequence[Json], addresses: Sequence[Json] = (ADDRESS,)) -> dict[str, bytes]:
    policies = [
        {"name": name, "properties": {"minProtocolVersion": least, "cipherSuites": suites}}
        for name, (least, suites) in PREDEFINED.items()
    ]
    lists = {GATEWAYS: gateways, ADDRESSES: addresses, POLICIES: policies}
    return {path: json.dumps({"value": one}).encode() for path, one in lists.items()}


def reader(server: WebServer, clock: Callable[[], float] = lambda: 0.0) -> AzureReader:
    api = WebApi(url=server.url(""), token_variable="AZURE_TOKEN")
    return AzureReader(api, SUBSCRIPTION, "azure", max_stale_seconds=60, clock=clock)


async def read(server: WebServer) -> SourceReading:
    found = await reader(server).read()
    for target in found.targets:
        for claim in target.claims:
            check_claim(claim)
    return found


async def reading_of(*gateways: Json, addresses: Sequence[Json] = (ADDRESS,)) -> SourceReading:
    async with web_server(files_of(gateways, addresses)) as server:
        return await read(server)


async def target_of(one: Json) -> Target:
    found = await reading_of(one)
    assert found.skipped == ()
    (target,) = found.targets
    return target


def rules(target: Target, name: str) -> dict[str, Mapping[str, Any]]:
    (claim,) = [one for one in target.claims if one.name == name]
    return {rule.rule: rule.parameters for rule in claim.rules}
