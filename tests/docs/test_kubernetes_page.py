"""Kubernetes accepts the manifests of docs/start/kubernetes.md, and they agree with the image, the settings and the source."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import kubernetes_validate
import pytest
import yaml

from discovery.kubernetes.objects import RESOURCES
from service.config.load import load_settings
from service.config.settings import ServiceSettings
from tests.deploy.files import dockerfile_instruction
from tests.docs.page_blocks import File, steps

PAGE: Final = Path(__file__).parents[2] / "docs/start/kubernetes.md"
FILES: Final = {
    one.name: one.text for one in steps(PAGE.read_text(encoding="utf-8")) if isinstance(one, File)
}
SERVICE: Final = list(yaml.safe_load_all(FILES["tlsprobe-kubernetes.yml"]))
DISCOVERY: Final = list(yaml.safe_load_all(FILES["tlsprobe-discovery.yml"]))


def of_kind(objects: list[Any], kind: str) -> Any:
    (found,) = (one for one in objects if one["kind"] == kind)
    return found


POD: Final = of_kind(SERVICE, "Deployment")["spec"]["template"]
(CONTAINER,) = POD["spec"]["containers"]


@pytest.fixture
def settings(tmp_path: Path) -> ServiceSettings:
    file = tmp_path / "tlsprobe.yml"
    file.write_text(of_kind(SERVICE, "ConfigMap")["data"][file.name])
    return load_settings(file)


@pytest.mark.parametrize("one", [*SERVICE, *DISCOVERY], ids=lambda one: one["kind"])
def test_kubernetes_accepts_the_object(one: dict[str, Any]) -> None:
    kubernetes_validate.validate(one, kubernetes_validate.latest_version(), strict=True)


def test_a_misspelt_key_is_not_accepted() -> None:
    wrong = {**SERVICE[0], "metdata": {}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, kubernetes_validate.latest_version(), strict=True)


def test_selectors_volumes_and_names_match() -> None:
    labels = POD["metadata"]["labels"]
    assert of_kind(SERVICE, "Deployment")["spec"]["selector"]["matchLabels"] == labels
    assert of_kind(SERVICE, "Service")["spec"]["selector"] == labels
    assert of_kind(SERVICE, "NetworkPolicy")["spec"]["podSelector"]["matchLabels"] == labels
    volumes = {volume["name"]: volume for volume in POD["spec"]["volumes"]}
    assert {mount["name"] for mount in CONTAINER["volumeMounts"]} == volumes.keys()
    config_map, claim = of_kind(SERVICE, "ConfigMap"), of_kind(SERVICE, "PersistentVolumeClaim")
    assert volumes["configuration"]["configMap"]["name"] == config_map["metadata"]["name"]
    assert volumes["data"]["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]
    spaces = {one["metadata"].get("namespace") for one in SERVICE if one["kind"] != "Namespace"}
    assert spaces == {of_kind(SERVICE, "Namespace")["metadata"]["name"]}


def test_the_pod_runs_the_image_as_it_is_built(settings: ServiceSettings) -> None:
    assert POD["spec"]["securityContext"]["runAsUser"] == int(dockerfile_instruction("USER"))
    mounts = {mount["name"]: mount["mountPath"] for mount in CONTAINER["volumeMounts"]}
    assert mounts["data"] == dockerfile_instruction("WORKDIR") == dockerfile_instruction("VOLUME")
    (port,) = CONTAINER["ports"]
    assert port["containerPort"] == int(dockerfile_instruction("EXPOSE"))
    assert settings.listen == f"0.0.0.0:{port['containerPort']}"


def test_its_configuration_reads_the_targets_that_it_mounts(settings: ServiceSettings) -> None:
    assert settings.targets_files is not None
    (targets,) = settings.targets_files
    mounts = {mount["name"]: mount["mountPath"] for mount in CONTAINER["volumeMounts"]}
    assert str(targets.parent) == mounts["configuration"]
    assert targets.name in of_kind(SERVICE, "ConfigMap")["data"]
    assert CONTAINER["args"] == ["serve", "--config", f"{mounts['configuration']}/tlsprobe.yml"]


def test_prometheus_requests_a_name_that_the_service_answers_to(settings: ServiceSettings) -> None:
    jobs = yaml.safe_load(FILES["prometheus.yml"])["scrape_configs"]
    (asked,) = {job["static_configs"][0]["targets"][0].rpartition(":")[0] for job in jobs}
    assert asked in settings.http.allowed_hosts
    name, namespace = asked.split(".")[:2]
    assert of_kind(SERVICE, "Service")["metadata"] == {"name": name, "namespace": namespace}


def test_the_cluster_role_allows_what_discovery_reads_and_no_more(tmp_path: Path) -> None:
    file = tmp_path / "tlsprobe.yml"
    file.write_text(FILES["tlsprobe.yml"])
    (source,) = load_settings(file).discovery
    resources = source.model_dump()["resources"]
    read = set()
    for path in (path for resource in resources for path in RESOURCES[resource]):
        *group, _version, name = path.removeprefix("/apis/").removeprefix("/api/").split("/")
        read.add((group[0] if group else "", name))
    rules = of_kind(DISCOVERY, "ClusterRole")["rules"]
    assert {tuple(rule["verbs"]) for rule in rules} == {("list", "watch")}
    assert read == {
        (group, name) for rule in rules for group in rule["apiGroups"] for name in rule["resources"]
    }
