"""Google Cloud's load balancers, by answers in the form of the Compute Engine API (v1).

The fields are those of cloud.google.com/compute/docs/reference/rest/v1 for forwardingRules, targetHttpsProxies,
targetSslProxies, sslPolicies and sslCertificates. The names and addresses are documentation's.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificate
from hypothesis import given
from hypothesis import strategies as st

from discovery.apis.web import WebApi
from discovery.cloud.google.load_balancers import read_google_load_balancers
from discovery.source import SourceError, SourceReading
from model.target import Target
from policy.claims import check_claim
from tests.pki.revocation.servers import WebServer, web_server

PROJECT: Final = "example-prod"
BASE: Final = f"https://www.googleapis.com/compute/v1/projects/{PROJECT}"
API: Final = f"/compute/v1/projects/{PROJECT}"
PEM: Final = trustme.CA().issue_cert("www.example.com").cert_chain_pems[0].bytes().decode()

RULE: Final = {
    "kind": "compute#forwardingRule",
    "name": "web",
    "selfLink": f"{BASE}/global/forwardingRules/web",
    "IPAddress": "192.0.2.10",
    "IPProtocol": "TCP",
    "portRange": "443-443",
    "target": f"{BASE}/global/targetHttpsProxies/web-proxy",
    "loadBalancingScheme": "EXTERNAL_MANAGED",
}
PROXY: Final = {
    "kind": "compute#targetHttpsProxy",
    "name": "web-proxy",
    "selfLink": f"{BASE}/global/targetHttpsProxies/web-proxy",
    "sslCertificates": [f"{BASE}/global/sslCertificates/web-cert"],
    "sslPolicy": f"{BASE}/global/sslPolicies/modern",
}
CERTIFICATE: Final = {
    "kind": "compute#sslCertificate",
    "name": "web-cert",
    "selfLink": f"{BASE}/global/sslCertificates/web-cert",
    "type": "SELF_MANAGED",
    "certificate": PEM,
    "subjectAlternativeNames": ["www.example.com", "*.example.com"],
}
POLICY: Final = {
    "kind": "compute#sslPolicy",
    "name": "modern",
    "selfLink": f"{BASE}/global/sslPolicies/modern",
    "profile": "CUSTOM",
    "minTlsVersion": "TLS_1_2",
    "enabledFeatures": [
        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    ],
}
NONE_IN_REGION: Final = {"warning": {"code": "NO_RESULTS_ON_PAGE", "message": "none"}}

Lists = Mapping[str, list[dict[str, Any]]]
USUAL: Final[Lists] = {
    "forwardingRules": [RULE],
    "targetHttpsProxies": [PROXY],
    "sslCertificates": [CERTIFICATE],
    "sslPolicies": [POLICY],
}


def aggregated(kind: str, items: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "kind": f"compute#{kind}AggregatedList",
        "items": {"global": {kind: items}, "regions/europe-west1": NONE_IN_REGION},
    }


def files_of(lists: Lists) -> dict[str, bytes]:
    answers = {
        f"{API}/aggregated/{kind}": aggregated(kind, lists.get(kind, []))
        for kind in ("forwardingRules", "targetHttpsProxies", "sslPolicies", "sslCertificates")
    }
    answers[f"{API}/global/targetSslProxies"] = {"items": lists.get("targetSslProxies", [])}
    return {path: json.dumps(answer).encode() for path, answer in answers.items()}


async def read(server: WebServer) -> SourceReading:
    api = WebApi(url=server.url(""), token_variable="GOOGLE_TOKEN")
    found = await read_google_load_balancers(api, PROJECT, "google")
    for target in found.targets:
        for claim in target.claims:
            check_claim(claim)
    return found


async def targets_of(lists: Lists) -> list[Target]:
    async with web_server(files_of(lists)) as server:
        found = await read(server)
    assert found.skipped == ()
    return list(found.targets)


def rules(target: Target, name: str) -> dict[str, Mapping[str, Any]]:
    (claim,) = [one for one in target.claims if one.name == name]
    return {rule.rule: rule.parameters for rule in claim.rules}


async def test_a_load_balancer_is_a_target_for_each_name_with_its_claims() -> None:
    (target,) = await targets_of(USUAL)
    assert (target.host, target.port, target.server_name) == ("192.0.2.10", 443, "www.example.com")
    assert target.labels == {
        "__meta_google_project": PROJECT,
        "__meta_google_forwarding_rule": "web",
        "__meta_google_target_proxy": "web-proxy",
        "__meta_google_region": "global",
        "__meta_google_scheme": "EXTERNAL_MANAGED",
    }
    said = rules(target, "google_ssl_policy")
    assert said["protocol_versions"] == {"allowed": ["TLSv1.2", "TLSv1.3"]}
    allowed_suites = set(said["cipher_suites"]["allowed"])
    # TLS 1.3 cannot be turned off, and no policy lists its suites.
    assert {*POLICY["enabledFeatures"], "TLS_AES_128_GCM_SHA256"} <= allowed_suites
    assert "TLS_RSA_WITH_AES_128_GCM_SHA256" not in allowed_suites
    der = load_pem_x509_certificate(PEM.encode()).public_bytes(Encoding.DER)
    allowed = {"allowed": [hashlib.sha256(der).hexdigest()]}
    assert rules(target, "declared_certificate")["leaf_certificates"] == allowed


async def test_without_a_policy_the_default_permits_tls_1_0() -> None:
    proxy = {name: value for name, value in PROXY.items() if name != "sslPolicy"}
    (target,) = await targets_of({**USUAL, "targetHttpsProxies": [proxy]})
    (claim,) = [one for one in target.claims if one.name == "google_ssl_policy"]
    assert claim.statement == "web uses no SSL policy, which permits TLS 1.0"
    assert claim.rules[0].parameters["allowed"][0] == "TLSv1.0"


async def test_what_cannot_be_known_is_not_claimed() -> None:
    """A policy of another region, a version of the future, and a certificate map of Certificate Manager."""
    mapped = {**PROXY, "certificateMap": "//certificatemanager.googleapis.com/x"}
    unlisted = {**mapped, "sslPolicy": f"{BASE}/regions/us-east1/sslPolicies/other"}
    (target,) = await targets_of({**USUAL, "targetHttpsProxies": [unlisted]})
    (claim,) = target.claims
    assert claim.unprovable == "sslPolicies does not list this policy"
    future = {**POLICY, "minTlsVersion": "TLS_2_0"}
    (target,) = await targets_of({**USUAL, "targetHttpsProxies": [mapped], "sslPolicies": [future]})
    (claim,) = target.claims
    assert claim.unprovable == "the policy has a TLS version that tlsprobe does not know"


async def test_a_regional_rule_an_ssl_proxy_and_rules_without_tls() -> None:
    ssl_proxy = f"{BASE}/global/targetSslProxies/mail"
    rules_ = [
        {**RULE, "name": "mail", "selfLink": f"{BASE}/regions/europe-west1/forwardingRules/mail"}
        | {"region": f"{BASE}/regions/europe-west1", "target": ssl_proxy, "portRange": "993-993"},
        {**RULE, "selfLink": f"{BASE}/global/forwardingRules/http"}
        | {"target": f"{BASE}/global/targetHttpProxies/plain", "portRange": "80-80"},
        {"name": "network", "selfLink": f"{BASE}/global/forwardingRules/network"},
    ]
    proxy = {"name": "mail", "selfLink": ssl_proxy}
    (target,) = await targets_of({"forwardingRules": rules_, "targetSslProxies": [proxy]})
    assert (target.host, target.port, target.server_name) == ("192.0.2.10", 993, None)
    assert target.labels["__meta_google_region"] == "europe-west1"


async def test_all_pages_are_read() -> None:
    other = {
        **RULE,
        "name": "b",
        "selfLink": f"{BASE}/global/forwardingRules/b",
        "IPAddress": "192.0.2.11",
    }
    files = files_of(USUAL)
    path = f"{API}/aggregated/forwardingRules"
    first = aggregated("forwardingRules", [RULE]) | {"nextPageToken": "more"}
    files[path] = json.dumps(first).encode()
    files[f"{path}?pageToken=more"] = json.dumps(aggregated("forwardingRules", [other])).encode()
    async with web_server(files) as server:
        found = await read(server)
    assert sorted(target.host for target in found.targets) == ["192.0.2.10", "192.0.2.11"]


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("401 Unauthorized", "the token is not valid, or has expired: write a new one"),
        ("403 Forbidden", r"grant it the role roles/compute\.networkViewer"),
        ("404 Not Found", "there is no such project: check `project`"),
        ("429 Too Many Requests", "the quota of the project is used up"),
        ("503 Service Unavailable", "HTTP status 503"),
    ],
)
async def test_a_refusal_says_what_to_do(
    status: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_TOKEN", "a-secret-token")
    async with web_server(files_of(USUAL)) as server:
        server.status = status
        with pytest.raises(SourceError, match=words) as caught:
            await read(server)
    assert "a-secret-token" not in str(caught.value)


async def test_what_is_not_the_api_is_an_error() -> None:
    for body in (b"<html>proxy</html>", b"[]", b'{"items": 5}', b'{"items": {"global": 5}}'):
        files = dict.fromkeys(files_of(USUAL), body)
        async with web_server(files) as server:
            with pytest.raises(SourceError):
                await read(server)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*RULE, *PROXY, *POLICY, *CERTIFICATE]), _JSON))
async def test_an_odd_object_costs_itself_alone(odd: dict[str, Any]) -> None:
    odd_rule = {**RULE, "selfLink": f"{BASE}/global/forwardingRules/odd"} | {
        name: value for name, value in odd.items() if name != "selfLink"
    }
    files = files_of({**USUAL, "forwardingRules": [RULE, odd_rule]})
    async with web_server(files) as server:
        found = await read(server)
    assert ("192.0.2.10", "www.example.com") in {
        (one.host, one.server_name) for one in found.targets
    }
