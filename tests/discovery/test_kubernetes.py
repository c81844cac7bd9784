"""A replayed cluster API: objects that are valid by its published OpenAPI schemas, and the targets found in them.

No package provides an API server. The Gateway API is not part of those schemas; its objects have the fields
of its published types.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import kubernetes_validate
import pytest

from discovery.apis.web import WebApi
from discovery.found import SourceLocation
from discovery.kubernetes.objects import (
    API_SERVICES,
    EARLIER_VERSIONS,
    GATEWAYS,
    INGRESSES,
    RESOURCES,
    ROUTES,
    SECRETS,
    SERVICES,
    WEBHOOKS,
    locations_of,
)
from discovery.kubernetes.source import USUAL_RESOURCES, KubernetesSource
from discovery.source import Skipped
from model.target import Target
from tests.discovery.declared import declared_certificates
from tests.pki.certificates.making import Made, make
from tests.pki.revocation.servers import WebServer, web_server

pytestmark = pytest.mark.slow

PATIENCE_SECONDS = 60.0

INGRESS = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "Ingress",
    "metadata": {"name": "shop", "namespace": "web", "labels": {"team": "a"}},
    "spec": {"tls": [{"hosts": ["shop.test", "*.shop.test"], "secretName": "shop-tls"}]},
}
GATEWAY = {
    "metadata": {"name": "edge", "namespace": "infra"},
    "spec": {
        "gatewayClassName": "some",
        "listeners": [
            {
                "name": "https",
                "protocol": "HTTPS",
                "port": 8443,
                "hostname": "edge.test",
                "tls": {"certificateRefs": [{"name": "shop-tls", "namespace": "web"}]},
            },
            {"name": "any", "protocol": "TLS", "port": 443},
            {
                "name": "wild",
                "protocol": "HTTPS",
                "port": 9443,
                "hostname": "*.apps.test",
                "allowedRoutes": {"namespaces": {"from": "All"}},
            },
            {"name": "http", "protocol": "HTTP", "port": 80},
        ],
    },
    "status": {"addresses": [{"type": "IPAddress", "value": "192.0.2.9"}]},
}
HTTP_ROUTE = {
    "metadata": {"name": "mail", "namespace": "apps"},
    "spec": {
        "parentRefs": [{"name": "edge", "namespace": "infra", "sectionName": "wild"}],
        "hostnames": ["mail.apps.test", "*.apps.test", "elsewhere.test"],
    },
}
FOREIGN_ROUTE = {
    "metadata": {"name": "other", "namespace": "apps"},
    "spec": {"parentRefs": [{"name": "edge"}], "hostnames": ["not-mine.apps.test"]},
}
SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "db", "namespace": "data", "annotations": {"tlsprobe/port": "5432"}},
    "spec": {
        "type": "LoadBalancer",
        "ports": [{"name": "https", "port": 9443}, {"name": "http", "port": 80}],
    },
    "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.10"}]}},
}
_RULES = {"sideEffects": "None", "admissionReviewVersions": ["v1"]}
WEBHOOK_CONFIGURATION = {
    "apiVersion": "admissionregistration.k8s.io/v1",
    "kind": "ValidatingWebhookConfiguration",
    "metadata": {"name": "check"},
    "webhooks": [
        {
            "name": "a.check.test",
            "clientConfig": {"service": {"name": "hook", "namespace": "sys", "port": 8443}},
            **_RULES,
        },
        {
            "name": "b.check.test",
            "clientConfig": {"url": "https://elsewhere.test:444/check"},
            **_RULES,
        },
    ],
}
API_SERVICE = {
    "apiVersion": "apiregistration.k8s.io/v1",
    "kind": "APIService",
    "metadata": {"name": "v1beta1.metrics.k8s.io"},
    "spec": {
        "service": {"name": "metrics-server", "namespace": "kube-system"},
        "group": "metrics.k8s.io",
        "version": "v1beta1",
        "groupPriorityMinimum": 100,
        "versionPriority": 100,
    },
}
CLUSTER: Mapping[str, Sequence[Mapping[str, Any]]] = {
    INGRESSES: [INGRESS],
    GATEWAYS: [GATEWAY],
    ROUTES[0]: [HTTP_ROUTE, FOREIGN_ROUTE],
    SERVICES: [SERVICE],
    WEBHOOKS[0]: [WEBHOOK_CONFIGURATION],
    API_SERVICES: [API_SERVICE],
}
"""Some objects of each kind; an unknown kind is a 404."""


def as_list(items: Sequence[Mapping[str, Any]], version: str = "7") -> bytes:
    return json.dumps({"metadata": {"resourceVersion": version}, "items": items}).encode()


def cluster() -> dict[str, bytes]:
    return {path: as_list(items) for path, items in CLUSTER.items()}


def source_at(server: WebServer, *resources: str) -> KubernetesSource:
    api = WebApi(url=server.url(""), timeout_seconds=5.0)
    return KubernetesSource(
        "k8s", api, refresh_seconds=600.0, resources=resources or USUAL_RESOURCES
    )


def keys(targets: Sequence[Target] | None) -> list[str]:
    assert targets is not None
    return [target.key for target in targets]


@pytest.fixture(scope="module")
def made() -> Made:
    return make("shop.test")


@pytest.fixture
def secret(made: Made) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "kubernetes.io/tls",
        "metadata": {"name": "shop-tls", "namespace": "web"},
        "data": {"tls.crt": base64.b64encode(made.pem).decode(), "tls.key": "c2VjcmV0"},
    }


@pytest.mark.parametrize(
    "item", [INGRESS, SERVICE, WEBHOOK_CONFIGURATION, API_SERVICE], ids=lambda one: one["kind"]
)
def test_the_test_objects_are_valid_kubernetes_objects(item: dict[str, Any]) -> None:
    kubernetes_validate.validate(item, kubernetes_validate.latest_version(), strict=True)


def test_the_test_secret_is_a_valid_kubernetes_object(secret: dict[str, Any]) -> None:
    kubernetes_validate.validate(secret, kubernetes_validate.latest_version(), strict=True)


async def test_a_cluster_is_read_again_when_it_reports_a_change() -> None:
    async with web_server(cluster()) as server:
        server.files[f"{INGRESSES}?watch=1&resourceVersion=7"] = b'{"type": "DELETED"}\n'
        updates = source_at(server).watch()
        first = await anext(updates)
        server.files[INGRESSES] = as_list([], "8")
        second = await anext(updates)
    assert keys(first.targets) == [
        "shop.test:443",
        "edge.test:8443",
        "192.0.2.9:443",
        "mail.apps.test:9443",
        "db.data.svc:5432",
        "192.0.2.10:9443",
        "hook.sys.svc:8443",
        "elsewhere.test:444",
        "metrics-server.kube-system.svc:443",
    ]
    assert first.targets is not None
    labels = first.targets[0].labels
    assert labels["__meta_kubernetes_tls_secret"] == "shop-tls"
    assert labels["__meta_kubernetes_label_team"] == "a"
    assert first.targets[0].claims == ()
    assert "shop.test:443" not in keys(second.targets)
    assert not any(SECRETS in path for path in server.asked)


async def test_a_watch_that_ends_is_resumed_where_it_stopped() -> None:
    """An API server ends each watch after some minutes; that does not list everything again."""
    watch = f"{INGRESSES}?watch=1&resourceVersion=7"
    async with (
        web_server({INGRESSES: as_list([INGRESS])}) as server,
        asyncio.timeout(PATIENCE_SECONDS),
    ):
        server.files[watch] = b""
        updates = source_at(server, "ingresses").watch()
        await anext(updates)
        following = asyncio.ensure_future(anext(updates))
        while server.asked.count(watch) < 2:
            await server.next_request()
        assert server.asked.count(INGRESSES) == 1
        server.files[watch] = b'{"type": "ADDED"}\n'
        await following
        assert server.asked.count(INGRESSES) == 2


async def test_a_secret_holds_the_expected_certificate(secret: dict[str, Any], made: Made) -> None:
    files = cluster() | {f"{SECRETS}?fieldSelector=type%3Dkubernetes.io%2Ftls": as_list([secret])}
    async with web_server(files) as server:
        update = await anext(source_at(server, *RESOURCES).watch())
    assert update.targets is not None
    expected = hashlib.sha256(made.der).hexdigest()
    by_key = {target.key: target for target in update.targets}
    assert declared_certificates(by_key["shop.test:443"]) == expected
    assert declared_certificates(by_key["edge.test:8443"]) == expected
    assert by_key["192.0.2.9:443"].claims == ()
    (claim,) = by_key["shop.test:443"].claims
    assert (claim.source, claim.resource) == ("kubernetes", "Ingress web/shop")
    assert "secret" not in str(update).replace("tls_secret", "")


def test_a_secret_without_a_certificate_declares_nothing(secret: dict[str, Any]) -> None:
    for text in ("", "%%%", base64.b64encode(b"no certificate").decode()):
        broken = secret | {"data": {"tls.crt": text}}
        found = list(locations_of({INGRESSES: [INGRESS], SECRETS: [broken]}))
        (location,) = (one for one in found if isinstance(one, SourceLocation))
        assert location.claims == ()
        skipped = [str(one) for one in found if isinstance(one, Skipped)]
        assert "the secret web/shop-tls is not in the cluster or has no certificate" in skipped[0]


@pytest.mark.parametrize("body", [b"[]", b'{"items": [7]}', b'{"items": 7}'])
async def test_an_unexpected_answer_of_the_cluster_keeps_the_known_targets(body: bytes) -> None:
    async with web_server({INGRESSES: body}) as server:
        update = await anext(source_at(server).watch())
    assert (update.targets, update.error is not None) == (None, True)


async def test_an_earlier_release_of_the_gateway_api_has_its_own_paths() -> None:
    (beta,) = EARLIER_VERSIONS[GATEWAYS]
    async with web_server({beta: as_list([GATEWAY])}) as server:
        update = await anext(source_at(server, "gateways").watch())
    assert "edge.test:8443" in keys(update.targets)


async def test_a_url_that_has_none_of_the_lists_is_an_error() -> None:
    async with web_server({"/": b"{}"}) as server:
        update = await anext(source_at(server).watch())
    assert update.targets is None
    assert "has none of the lists" in (update.error or "")


def skipped_of(path: str, *items: Mapping[str, Any]) -> list[str]:
    return [str(one) for one in locations_of({path: items}) if isinstance(one, Skipped)]


def hosts_of(path: str, *items: Mapping[str, Any]) -> list[str]:
    found = locations_of({path: items})
    return [f"{one.host}:{one.port}" for one in found if isinstance(one, SourceLocation)]


def test_one_invalid_object_costs_only_itself() -> None:
    assert hosts_of(INGRESSES, {"metadata": {"name": "x"}, "spec": 7}, INGRESS) == ["shop.test:443"]
    (first, _) = skipped_of(INGRESSES, {"metadata": {"name": "x"}, "spec": 7}, INGRESS)
    assert first.startswith("Ingress x: the object is invalid")


def test_a_port_that_is_not_finite_makes_the_object_invalid() -> None:
    item = json.loads('{"spec": {"listeners": [{"protocol": "TLS", "port": 1e999}]}}')
    assert "the object is invalid" in skipped_of(GATEWAYS, item)[0]


def test_an_invalid_secret_costs_only_itself() -> None:
    found = list(locations_of({SECRETS: [{"metadata": 7}], INGRESSES: [INGRESS]}))
    assert [one.host for one in found if isinstance(one, SourceLocation)] == ["shop.test"]


def test_a_wildcard_is_asked_by_the_hosts_of_the_rules() -> None:
    rules = [{"host": "a.shop.test"}, {"host": "b.c.shop.test"}, {"host": "other.test"}]
    item = INGRESS | {"spec": {"tls": [{"hosts": ["*.shop.test"]}], "rules": rules}}
    assert hosts_of(INGRESSES, item) == ["a.shop.test:443"]
    alone = INGRESS | {"spec": {"tls": [{"hosts": ["*.shop.test"]}]}}
    assert "the wildcard *.shop.test has no name to ask for" in skipped_of(INGRESSES, alone)[0]


def test_an_ingress_whose_tls_has_no_hosts_has_those_of_its_rules() -> None:
    item = INGRESS | {"spec": {"tls": [{"secretName": "x"}], "rules": [{"host": "a.test"}]}}
    assert hosts_of(INGRESSES, item) == ["a.test:443"]
    assert "has no hosts" in skipped_of(INGRESSES, INGRESS | {"spec": {"tls": [{}]}})[0]


def test_a_certificate_in_an_annotation_is_reported() -> None:
    annotations = {"alb.ingress.kubernetes.io/certificate-arn": "arn:aws:acm:x"}
    item = {"metadata": {"name": "x", "annotations": annotations}, "spec": {}}
    assert "certificate-arn" in skipped_of(INGRESSES, item)[0]


def test_routes_of_other_namespaces_are_attached_only_where_they_are_allowed() -> None:
    listener = {"name": "wild", "protocol": "HTTPS", "port": 9443, "hostname": "*.apps.test"}
    gateway = GATEWAY | {"spec": {"listeners": [listener]}}
    found = list(locations_of({GATEWAYS: [gateway], ROUTES[0]: [HTTP_ROUTE]}))
    assert [str(one).partition(" nor ")[0] for one in found] == [
        "Gateway infra/edge, listener wild: neither the listener, its routes"
    ]


def test_a_service_without_an_address_or_with_an_odd_annotation_is_reported() -> None:
    pending = SERVICE | {"status": {}}
    assert skipped_of(SERVICES, pending) == [
        "Service data/db: the load balancer has no address yet"
    ]
    odd = {"metadata": {"name": "db", "annotations": {"tlsprobe/port": "https"}}, "spec": {}}
    assert skipped_of(SERVICES, odd) == [
        "Service db: the annotation tlsprobe/port is 'https': use port numbers"
    ]


def test_a_webhook_that_is_not_at_https_is_reported() -> None:
    item = {"metadata": {"name": "x"}, "webhooks": [{"clientConfig": {"url": "http://a.test/"}}]}
    assert "is not a URL with https" in skipped_of(WEBHOOKS[0], item)[0]
