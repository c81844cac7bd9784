"""The ClusterRole of the chart permits the requests that discovery makes, and no others."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

import pytest

from discovery.kubernetes.objects import RESOURCES
from discovery.kubernetes.source import USUAL_RESOURCES
from scripts.manifests import CHART
from tests.deploy.files import read_yaml
from tests.deploy.kubernetes.rendering import ONE_POD, objects, of_kind, one_of_kind, pods
from tests.discovery.test_kubernetes import as_list, source_at
from tests.pki.revocation.servers import web_server

PATIENCE_SECONDS = 60.0
ALONE = [(name,) for name in RESOURCES]


def permission(request: str) -> tuple[str, str, str]:
    """The API group, the resource and the verb of a GET request (Kubernetes, "Determine the request verb")."""
    url = urlsplit(request)
    *group, _version, resource = url.path.removeprefix("/apis/").removeprefix("/api/").split("/")
    return group[0] if group else "", resource, "watch" if "watch=1" in url.query else "list"


async def requests_of_discovery(*resources: str) -> set[tuple[str, str, str]]:
    """The permissions that the source needs to read all lists once, and to watch each of them."""
    paths = [path for name in resources for path in RESOURCES[name]]
    lists = {path: as_list([]) for path in paths}
    secrets = {f"{path}?fieldSelector=type%3Dkubernetes.io%2Ftls": as_list([]) for path in paths}
    async with web_server({**lists, **secrets}) as server, asyncio.timeout(PATIENCE_SECONDS):
        updates = source_at(server, *resources).watch()
        await anext(updates)
        waiting = asyncio.ensure_future(anext(updates))
        while sum("watch=1" in one for one in server.asked) < len(paths):
            await server.next_request()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        return {permission(one) for one in server.asked}


@pytest.mark.parametrize("resources", [*ALONE, USUAL_RESOURCES], ids="-".join)
async def test_the_role_permits_what_discovery_requests_and_no_more(
    resources: tuple[str, ...],
) -> None:
    found = objects({**ONE_POD, "discovery": {"enabled": True, "resources": list(resources)}})
    rules = one_of_kind(found, "ClusterRole")["rules"]
    permitted = {
        (group, resource, verb)
        for rule in rules
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
    assert permitted == await requests_of_discovery(*resources)


def test_without_discovery_there_is_no_role_and_no_token() -> None:
    found = objects(ONE_POD)
    assert of_kind(found, "ClusterRole") + of_kind(found, "ClusterRoleBinding") == []
    assert [pod["spec"]["automountServiceAccountToken"] for pod in pods(found)] == [False]


def test_the_default_resources_are_those_of_the_setting() -> None:
    assert tuple(read_yaml(CHART / "values.yaml")["discovery"]["resources"]) == USUAL_RESOURCES


def test_the_role_is_bound_to_the_account_of_the_pods() -> None:
    values = {**ONE_POD, "discovery": {"enabled": True}, "serviceAccount": {"name": "probing"}}
    found = objects(values, name="edge", namespace="watch")
    binding = one_of_kind(found, "ClusterRoleBinding")
    assert binding["roleRef"]["name"] == one_of_kind(found, "ClusterRole")["metadata"]["name"]
    assert binding["subjects"] == [
        {"kind": "ServiceAccount", "name": "probing", "namespace": "watch"}
    ]
    assert [pod["spec"]["serviceAccountName"] for pod in pods(found)] == ["probing"]
