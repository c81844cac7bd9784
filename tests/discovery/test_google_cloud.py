"""Google Cloud's load balancers, by answers in the form of the Compute Engine API (v1).

The fields are those of cloud.google.com/compute/docs/reference/rest/v1 for forwardingRules, targetHttpsProxies,
targetSslProxies, sslPolicies and sslCertificates. The names and addresses are documentation's.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any, Final

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificate
from hypothesis import given
from hypothesis import strategies as st

from discovery.apis.web import WebApi
from discovery.cloud.google.reader import GoogleCloudReader
from discovery.source import SourceError, SourceReading
from model.target import Target
from policy.claims import check_claim
from tests.pki.revocation.servers import WebServer, web_server

PROJECT: Final = "example-prod"
BASE: Final = f"https://www.googleapis.com/compute/v1/projects/{PROJECT}"
API: Final = f"/compute/v1/projects/{PROJECT}"
PARTIAL: Final = "?returnPartialSuccess=true"
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
    proxies = lists.get("targetSslProxies", [])
    answers[f"{API}/global/targetSslProxies"] = {
        "kind": "compute#targetSslProxyList",
        "items": proxies,
    }
    return {f"{path}{PARTIAL}": json.dumps(answer).encode() for path, answer in answers.items()}


def refusal(status: int, reason: str, message: str) -> bytes:
    """An error in the form of Google's JSON APIs."""
    listed = [{"message": message, "domain": "global", "reason": reason}]
    return json.dumps({"error": {"code": status, "message": message, "errors": listed}}).encode()


def reader(server: WebServer, clock: Callable[[], float] = lambda: 0.0) -> GoogleCloudReader:
    api = WebApi(url=server.url(""), token_variable="GOOGLE_TOKEN")
    return GoogleCloudReader(api, PROJECT, "google", max_stale_seconds=60, clock=clock)


async def read(server: WebServer) -> SourceReading:
    found = await reader(server).read()
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
    path = f"{API}/aggregated/forwardingRules{PARTIAL}"
    first = aggregated("forwardingRules", [RULE]) | {"nextPageToken": "more"}
    files[path] = json.dumps(first).encode()
    files[f"{path}&pageToken=more"] = json.dumps(aggregated("forwardingRules", [other])).encode()
    async with web_server(files) as server:
        found = await read(server)
    assert sorted(target.host for target in found.targets) == ["192.0.2.10", "192.0.2.11"]


@pytest.mark.parametrize(
    ("status", "reason", "words"),
    [
        (401, "authError", "the token is not valid, or has expired: write a new one"),
        (403, "accessNotConfigured", "enable the Compute Engine API in the project"),
        (403, "rateLimitExceeded", "the quota of the project is used up"),
        (404, "notFound", "there is no such project: check `project`"),
        (429, "rateLimitExceeded", "the quota of the project is used up"),
        (500, "backendError", "failed with HTTP status 500"),
    ],
)
async def test_a_refusal_says_what_to_do(
    status: int, reason: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_TOKEN", "a-secret-token")
    body = refusal(status, reason, "Google's own words.")
    async with web_server(dict.fromkeys(files_of(USUAL), body)) as server:
        server.status = f"{status} Refused"
        with pytest.raises(SourceError, match=words) as caught:
            await read(server)
    assert str(caught.value).endswith(f"({reason}: Google's own words).")
    assert "a-secret-token" not in str(caught.value)


LIST_OF_RULES: Final = f"{API}/aggregated/forwardingRules{PARTIAL}"


async def test_without_the_list_of_addresses_the_last_reading_stays_with_the_missing_permission() -> (
    None
):
    async with web_server(files_of(USUAL)) as server:
        source = reader(server)
        complete = await source.read()
        server.files[LIST_OF_RULES] = refusal(403, "forbidden", "Required permission.")
        server.statuses[LIST_OF_RULES] = "403 Forbidden"
        during, first = await source.read(), await read(server)
    assert during.targets == complete.targets
    assert first.targets == ()
    assert during.skipped == first.skipped
    (skipped,) = first.skipped
    assert skipped.problem.startswith("compute.forwardingRules.list: not permitted")


@pytest.mark.parametrize("kind", ["sslPolicies", "sslCertificates", "targetSslProxies"])
async def test_a_list_that_may_not_be_read_costs_what_it_says(kind: str) -> None:
    files = files_of(USUAL)
    (path,) = [one for one in files if f"/{kind}?" in one]
    files[path] = refusal(403, "forbidden", f"Required 'compute.{kind}.list' permission.")
    async with web_server(files) as server:
        server.statuses[path] = "403 Forbidden"
        found = await read(server)
    (target,) = found.targets
    (skipped,) = found.skipped
    assert skipped.place == "project example-prod, all scopes"
    assert skipped.problem.startswith(f"compute.{kind}.list: not permitted: grant this permission")
    names = {one.name: one.unprovable for one in target.claims}
    assert ("declared_certificate" in names) is (kind != "sslCertificates")
    unread = "the list sslPolicies could not be read" if kind == "sslPolicies" else ""
    assert names["google_ssl_policy"] == unread


@pytest.mark.parametrize("status", ["200 OK", "403 Forbidden"])
async def test_a_page_of_a_proxy_is_not_taken_for_googles_word(status: str) -> None:
    page = b"<!DOCTYPE html><html><body>Please log in</body></html>"
    async with web_server(dict.fromkeys(files_of(USUAL), page)) as server:
        server.status = status
        with pytest.raises(SourceError, match="does not come from Google Cloud: check the proxy"):
            await read(server)


REGION: Final = "regions/europe-west1"
REGIONAL: Final[dict[str, Any]] = {
    **RULE,
    "name": "regional",
    "selfLink": f"{BASE}/{REGION}/forwardingRules/regional",
    "IPAddress": "192.0.2.20",
    "region": f"{BASE}/{REGION}",
    "target": f"{BASE}/{REGION}/targetHttpsProxies/regional-proxy",
}
REGIONAL_PROXY: Final[dict[str, Any]] = {
    "name": "regional-proxy",
    "selfLink": f"{BASE}/{REGION}/targetHttpsProxies/regional-proxy",
}
UNREACHABLE: Final = {
    "code": "UNREACHABLE",
    "message": "The scope is unreachable.",
    "data": [{"key": "scope", "value": REGION}],
}


def two_scopes() -> dict[str, bytes]:
    """Both resources of the region are in the scope ``global`` of the answer, which makes no difference."""
    proxies = [PROXY, REGIONAL_PROXY]
    return files_of({**USUAL, "forwardingRules": [RULE, REGIONAL], "targetHttpsProxies": proxies})


@pytest.mark.parametrize("kind", ["forwardingRules", "targetHttpsProxies"])
@pytest.mark.parametrize(
    "more",
    [
        {"unreachables": [f"{BASE}/{REGION}"]},
        {"unreachables": [REGION]},
        {"items": {REGION: {"warning": UNREACHABLE}}},
        {"warning": UNREACHABLE},
    ],
)
async def test_a_region_that_cannot_be_reached_keeps_its_targets_for_a_while(
    kind: str, more: dict[str, Any]
) -> None:
    now = 0.0
    async with web_server(two_scopes()) as server:
        source = reader(server, lambda: now)
        complete = await source.read()
        items = {"global": {kind: USUAL[kind]}, **more.get("items", {})}
        answer = {**aggregated(kind, []), **more, "items": items}
        server.files[f"{API}/aggregated/{kind}{PARTIAL}"] = json.dumps(answer).encode()
        now = 60.0
        during = await source.read()
        now = 61.0
        after = await source.read()
    assert sorted(one.host for one in complete.targets) == ["192.0.2.10", "192.0.2.20"]
    assert set(during.targets) == set(complete.targets)
    (skipped,) = during.skipped
    assert str(skipped) == (
        f"project example-prod, {REGION}: compute.{kind}.list: Google Cloud cannot reach this scope now"
    )
    assert [one.host for one in after.targets] == ["192.0.2.10"]
    assert after.skipped == during.skipped


async def test_a_rule_that_was_deleted_does_not_come_back_while_its_region_is_unreachable() -> None:
    async with web_server(two_scopes()) as server:
        source = reader(server)
        await source.read()
        server.files.update(files_of(USUAL))
        await source.read()
        answer = aggregated("forwardingRules", [RULE]) | {"unreachables": [REGION]}
        server.files[LIST_OF_RULES] = json.dumps(answer).encode()
        found = await source.read()
    assert [one.host for one in found.targets] == ["192.0.2.10"]


async def test_what_is_not_the_api_is_an_error() -> None:
    for body in (
        b"{}",
        b"[]",
        b'{"kind": "compute#x", "items": 5}',
        b'{"kind": "compute#x", "items": {"global": 5}}',
    ):
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
