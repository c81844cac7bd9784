"""Azure's application gateways: the targets and claims of their listeners."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509 import load_pem_x509_certificate
from hypothesis import given
from hypothesis import strategies as st

from discovery.cloud.azure.certificates import served_leaf
from tests.discovery.azure_answers import (
    ADDRESS,
    AUTHORITY,
    GATEWAY,
    LEAF,
    SUBSCRIPTION,
    Json,
    gateway,
    listener,
    part,
    public,
    reading_of,
    rules,
    target_of,
    to,
)


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
