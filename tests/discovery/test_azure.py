"""Azure's application gateways, by answers in the form of Azure Resource Manager (Microsoft.Network 2024-05-01).

The fields are those of the examples and definitions in Azure's REST API specifications; names and addresses are
documentation's. What the predefined policies permit is in "Application Gateway TLS policy overview" on learn.microsoft.com.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509 import load_pem_x509_certificate
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from discovery.apis.web import WebApi
from discovery.cloud.azure.certificates import served_leaf
from discovery.cloud.azure.reader import AzureReader
from discovery.source import SourceError, SourceReading
from model.target import Target
from pki.net_guard.gate import SocketGate
from policy.claims import check_claim
from service.config.clouds.azure import AzureSettings
from service.config.discovery import AnySourceSettings
from service.config.sources import SourceContext
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


async def test_a_listener_is_a_target_for_each_name_with_its_claims() -> None:
    target = await target_of(gateway())
    assert (target.host, target.port, target.server_name) == ("192.0.2.10", 443, "www.example.com")
    assert target.labels == {
        "__meta_azure_subscription": SUBSCRIPTION,
        "__meta_azure_resource_group": "web-group",
        "__meta_azure_gateway": "web",
        "__meta_azure_listener": "https",
        "__meta_azure_location": "westeurope",
        "__meta_azure_frontend": "public",
        "__meta_azure_state": "Running",
        "__meta_azure_tag_team": "shop",
    }
    der = LEAF.public_bytes(Encoding.DER)
    allowed = {"allowed": [hashlib.sha256(der).hexdigest()]}
    assert rules(target, "declared_certificate")["leaf_certificates"] == allowed
    assert {one.resource for one in target.claims} == {f"{GATEWAY}/httpListeners/https"}


async def test_host_names_come_before_those_of_the_certificate() -> None:
    names = ["shop.example.com", "*.example.com", "w?w.example.com"]
    many = listener("many", hostNames=names)
    one = listener("one", hostName="api.example.com", requireServerNameIndication=True)
    found = await reading_of(gateway(many, one))
    assert [target.server_name for target in found.targets] == [
        "shop.example.com",
        "api.example.com",
    ]
    found = await reading_of(gateway(listener("wild", hostNames=["*.example.com"])))
    assert found.targets == ()
    assert [str(one) for one in found.skipped] == [
        "application gateway web-group/web, listener wild: all its host names have wildcards: add targets for it"
    ]


async def test_private_frontends_tls_listeners_and_http() -> None:
    private = part(
        "frontendIPConfigurations",
        "inside",
        privateIPAddress="198.51.100.7",
        privateIPAllocationMethod="Static",
    )
    mail = {"protocol": "Tls", "frontendPort": to("frontendPorts", "port993")} | {
        "frontendIPConfiguration": to("frontendIPConfigurations", "inside")
    }
    found = await reading_of(
        gateway(
            listener("plain", protocol="Http"),
            frontendIPConfigurations=[private],
            frontendPorts=[part("frontendPorts", "port993", port=993)],
            listeners=[listener("mail", **mail), listener("raw", **mail | {"protocol": "Tcp"})],
        )
    )
    assert found.skipped == ()
    (target,) = found.targets
    assert (target.host, target.port) == ("198.51.100.7", 993)
    assert target.labels["__meta_azure_frontend"] == "private"


async def test_a_public_address_without_a_number_is_reached_by_its_name() -> None:
    dynamic = ADDRESS | {"properties": {"dnsSettings": {"fqdn": "web.westeurope.example"}}}
    found = await reading_of(gateway(), addresses=[dynamic])
    assert [one.host for one in found.targets] == ["web.westeurope.example"]


@pytest.mark.parametrize(
    ("policy", "shown", "versions", "has_3des"),
    [
        (
            {"policyType": "Predefined", "policyName": "AppGwSslPolicy20170401S"},
            "the SSL policy AppGwSslPolicy20170401S",
            ["TLSv1.2", "TLSv1.3"],
            False,
        ),
        (
            {"policyType": "Custom", "minProtocolVersion": "TLSv1_1"}
            | {"cipherSuites": ["TLS_RSA_WITH_3DES_EDE_CBC_SHA"]},
            "an SSL policy of its own (Custom, TLSv1_1)",
            ["TLSv1.1", "TLSv1.2", "TLSv1.3"],
            True,
        ),
        (
            {"policyType": "CustomV2", "minProtocolVersion": "TLSv1_3", "cipherSuites": []},
            "an SSL policy of its own (CustomV2, TLSv1_3)",
            ["TLSv1.3"],
            None,
        ),
        (
            {"disabledSslProtocols": ["TLSv1_0", "TLSv1_1"]},
            "an SSL policy without TLSv1_0, TLSv1_1",
            ["TLSv1.2", "TLSv1.3"],
            None,
        ),
    ],
)
async def test_each_kind_of_policy(
    policy: Json, shown: str, versions: list[str], has_3des: bool | None
) -> None:
    target = await target_of(gateway(sslPolicy=policy))
    (claim,) = [one for one in target.claims if one.name == "azure_ssl_policy"]
    assert claim.statement == f"listener https of web uses {shown}"
    said = rules(target, "azure_ssl_policy")
    assert said["protocol_versions"] == {"allowed": versions}
    assert ("cipher_suites" in said) is (has_3des is not None)
    if has_3des is not None:
        allowed = set(said["cipher_suites"]["allowed"])
        assert {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384"} <= allowed
        assert ("TLS_RSA_WITH_3DES_EDE_CBC_SHA" in allowed) is has_3des


@pytest.mark.parametrize(
    ("default", "least"),
    [("AppGwSslPolicy20220101", "TLSv1.2"), (None, "TLSv1.0")],
)
async def test_without_a_policy_the_default_depends_on_when_the_gateway_was_made(
    default: str | None, least: str
) -> None:
    target = await target_of(gateway(defaultPredefinedSslPolicy=default))
    (claim,) = [one for one in target.claims if one.name == "azure_ssl_policy"]
    name = default or "AppGwSslPolicy20150501"
    assert (
        claim.statement
        == f"listener https of web uses the SSL policy {name}, Azure's default for it"
    )
    assert claim.rules[0].parameters["allowed"][0] == least


async def test_an_ssl_profile_overrides_the_policy_and_verifies_clients() -> None:
    profile = part(
        "sslProfiles",
        "strict",
        sslPolicy={"policyType": "CustomV2", "minProtocolVersion": "TLSv1_3"},
        clientAuthConfiguration={"verifyClientCertIssuerDN": True},
        trustedClientCertificates=[to("trustedClientCertificates", "partners")],
    )
    one = listener(sslProfile=to("sslProfiles", "strict"))
    policy = {"policyType": "Predefined", "policyName": "AppGwSslPolicy20170401S"}
    target = await target_of(gateway(one, sslProfiles=[profile], sslPolicy=policy))
    assert rules(target, "azure_ssl_policy")["protocol_versions"] == {"allowed": ["TLSv1.3"]}
    # A gateway finishes the handshake with every client, and answers with HTTP status 400.
    assert rules(target, "azure_mutual_tls").keys() == {"client_certificate_verified"}
    profile["properties"]["clientAuthConfiguration"]["verifyClientAuthMode"] = "Passthrough"
    target = await target_of(gateway(one, sslProfiles=[profile]))
    assert "azure_mutual_tls" not in {claim.name for claim in target.claims}


async def test_what_cannot_be_known_is_not_claimed() -> None:
    """A policy and a version of the future, and certificates that are none or that have two leaves."""
    future = {"policyType": "Predefined", "policyName": "AppGwSslPolicy20300101"}
    other = load_pem_x509_certificate(
        AUTHORITY.issue_cert("other.example.com").cert_chain_pems[0].bytes()
    )
    both = pkcs7.serialize_certificates([LEAF, other], Encoding.DER)
    for data in ("*****", base64.b64encode(both).decode()):
        certificates = [part("sslCertificates", "web-cert", publicCertData=data)]
        target = await target_of(gateway(sslCertificates=certificates, sslPolicy=future))
        (claim,) = target.claims
        assert claim.unprovable == (
            "the predefined policies that could be read have none with the name AppGwSslPolicy20300101"
        )
    later = {"policyType": "CustomV2", "minProtocolVersion": "TLSv2_0"}
    target = await target_of(gateway(sslPolicy=later))
    assert target.claims[0].unprovable == "the policy has a TLS version that tlsprobe does not know"


async def test_what_was_deleted_in_between_costs_itself_alone() -> None:
    gone = part("frontendIPConfigurations", "gone", **public("deleted"))
    kept = part("frontendIPConfigurations", "front", **public())
    at_gone = listener("old", frontendIPConfiguration=to("frontendIPConfigurations", "gone"))
    without_port = listener("odd", frontendPort=to("frontendPorts", "deleted"))
    found = await reading_of(
        gateway(listener(), at_gone, without_port, frontendIPConfigurations=[kept, gone])
    )
    assert [one.host for one in found.targets] == ["192.0.2.10"]
    assert [one.problem for one in found.skipped] == [
        "no address is known of its public IP address deleted",
        "the object is invalid (KeyError: 'port')",
    ]


async def test_all_pages_are_read_from_the_same_server_only() -> None:
    other = gateway(listener("second", hostName="second.example.com"))
    files = files_of([])
    async with web_server(files) as server:
        following = f"{BASE}/applicationGateways?$skiptoken=2"
        first = {"value": [gateway()], "nextLink": server.url(following)}
        server.files[GATEWAYS] = json.dumps(first).encode()
        server.files[following] = json.dumps({"value": [other]}).encode()
        found = await read(server)
        names = sorted(str(target.server_name) for target in found.targets)
        assert names == ["second.example.com", "www.example.com"]
        for link in (
            "https://attacker.example/next",
            "http://[",
            f"http://localhost:{server.port}/",
        ):
            first["nextLink"] = link
            server.files[GATEWAYS] = json.dumps(first).encode()
            with pytest.raises(SourceError, match="Azure's nextLink"):
                await read(server)


def refusal(code: str, message: str) -> bytes:
    """An error in the form of Azure Resource Manager."""
    return json.dumps({"error": {"code": code, "message": message}}).encode()


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (
            401,
            "ExpiredAuthenticationToken",
            "the token is not valid, or has expired: write a new one",
        ),
        (404, "SubscriptionNotFound", "there is no such subscription: check `subscription`"),
        (
            409,
            "MissingSubscriptionRegistration",
            "register the resource provider of this action",
        ),
        (429, "TooManyRequests", "Azure still throttles: raise refresh_seconds"),
        (500, "InternalServerError", "failed with HTTP status 500"),
    ],
)
async def test_a_refusal_names_the_action_and_says_what_to_do(
    status: int, code: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_TOKEN", "a-secret-token")
    async with web_server({GATEWAYS: refusal(code, "Azure's own\nwords.")}) as server:
        server.status = f"{status} Refused"
        with pytest.raises(SourceError, match=words) as caught:
            await read(server)
        assert "authorization: bearer a-secret-token" in server.heads[0].lower()
    text = str(caught.value)
    assert text.startswith("Microsoft.Network/applicationGateways/read: ")
    assert f"({code}: Azure's own words)" in text
    assert "a-secret-token" not in text


@pytest.mark.parametrize(
    ("path", "action"),
    [
        (GATEWAYS, "Microsoft.Network/applicationGateways/read"),
        (ADDRESSES, "Microsoft.Network/publicIPAddresses/read"),
        (
            POLICIES,
            "Microsoft.Network/applicationGatewayAvailableSslOptions/predefinedPolicies/read",
        ),
    ],
)
async def test_a_list_that_may_not_be_read_keeps_the_last_reading_for_a_while(
    path: str, action: str
) -> None:
    now = 0.0
    async with web_server(files_of([gateway()])) as server:
        source = reader(server, lambda: now)
        complete = await source.read()
        server.files[path] = refusal("AuthorizationFailed", "No.")
        server.statuses[path] = "403 Forbidden"
        now = 60.0
        during = await source.read()
        now = 61.0
        after = await source.read()
    assert during.targets == complete.targets != ()
    (skipped,) = during.skipped
    assert str(skipped).startswith(f"subscription {SUBSCRIPTION}: {action}: not permitted: ")
    if path in (GATEWAYS, ADDRESSES):
        assert after.targets == ()
    else:
        (target,) = after.targets
        assert "azure_ssl_policy" in {one.name for one in target.claims if one.unprovable}


@pytest.mark.parametrize("status", ["200 OK", "403 Forbidden"])
async def test_a_page_of_a_proxy_is_not_taken_for_azures_word(status: str) -> None:
    page = b"<!DOCTYPE html><html><body>Please log in</body></html>"
    async with web_server(dict.fromkeys(files_of([]), page)) as server:
        server.status = status
        with pytest.raises(SourceError, match="does not come from Azure: check the proxy"):
            await read(server)


@pytest.mark.parametrize(
    ("header", "tries"), [({"Retry-After": "0"}, 3), ({"Retry-After": "3600"}, 1), ({}, 1)]
)
async def test_a_throttled_request_waits_as_azure_asks(
    header: Mapping[str, str], tries: int
) -> None:
    async with web_server({GATEWAYS: refusal("TooManyRequests", "Slow down.")}, header) as server:
        server.status = "429 Too Many Requests"
        with pytest.raises(SourceError, match="Azure still throttles"):
            await read(server)
    assert len(server.asked) == tries


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
async def test_a_reading_goes_on_after_the_time_that_azure_asks_for(status: str) -> None:
    async with web_server(files_of([gateway()]), {"Retry-After": "0"}) as server:
        server.status = status
        reading = asyncio.create_task(read(server))
        await server.next_request()
        server.status = "200 OK"
        assert len((await reading).targets) == 1
    assert len(server.asked) == 4


async def test_the_settings_read_a_renewed_token_from_its_file(tmp_path: Path) -> None:
    token = tmp_path / "token"
    context = SourceContext(gate=SocketGate(), statuses=lambda: ())
    async with web_server(files_of([])) as server:
        settings = AzureSettings(
            type="azure", subscription=SUBSCRIPTION, url=server.url(""), token_file=token
        )
        read_once = settings.reader("azure", context)
        for text in ("first", "second"):
            token.write_text(text + "\n")
            await read_once()
            assert f"authorization: bearer {text}\r\n" in server.heads[-1].lower()


def test_settings_that_cannot_be_right_say_what_to_write() -> None:
    for settings, words in (
        (
            {"type": "azure", "subscription": "prod"},
            "'prod' is not the identifier of a subscription",
        ),
        ({"type": "google_cloud", "project": "My project"}, "is not the identifier of a project"),
        ({"type": "azure", "subscription": SUBSCRIPTION}, "set token_file or token_variable"),
    ):
        token = {} if "token" in words else {"token_variable": "AZURE_TOKEN"}
        with pytest.raises(ValidationError, match=words):
            TypeAdapter(AnySourceSettings).validate_python(settings | token)


async def test_what_is_not_the_api_is_an_error() -> None:
    for body in (b"[]", b"{}", b'{"value": 5}', b'{"value": [5]}'):
        async with web_server(dict.fromkeys(files_of([]), body)) as server:
            with pytest.raises(SourceError):
                await read(server)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


async def test_an_address_of_another_type_costs_its_listener_alone() -> None:
    odd = ADDRESS | {"properties": {"ipAddress": 5}}
    found = await reading_of(gateway(), addresses=[odd])
    assert (len(found.targets), len(found.skipped)) == (0, 1)


@given(
    st.dictionaries(st.sampled_from([*gateway()["properties"], "listeners", "sslProfiles"]), _JSON),
    st.dictionaries(st.sampled_from([*listener()["properties"], "hostNames", "sslProfile"]), _JSON),
)
async def test_an_odd_object_costs_itself_alone(
    odd_gateway: dict[str, Any], odd_listener: dict[str, Any]
) -> None:
    odd = gateway(**odd_gateway) | {"id": f"{GATEWAY}-odd"}
    found = await reading_of(gateway(listener(), listener("odd", **odd_listener)), odd)
    assert ("192.0.2.10", "www.example.com") in {
        (one.host, one.server_name) for one in found.targets
    }


@given(st.binary(max_size=64) | st.text(max_size=64))
def test_any_certificate_data_is_a_leaf_or_none(data: bytes | str) -> None:
    text = data if isinstance(data, str) else base64.b64encode(data).decode()
    assert served_leaf(text) is None
