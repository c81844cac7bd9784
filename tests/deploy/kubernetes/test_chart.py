"""What the Helm chart renders: valid objects that agree with each other, with the image and with the settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import helm_python
import kubernetes_validate
import pytest
import yaml

from discovery.files.targets_file import read_targets_file
from model.version import TOOL_VERSION
from scripts.manifests import CHART, MANIFESTS, manifests
from service.config.load import load_settings
from tests.deploy.files import PROMETHEUS_CONFIG, ROOT, dockerfile_instruction, read_yaml
from tests.deploy.kubernetes.rendering import (
    EVERYTHING,
    ONE_POD,
    container,
    objects,
    of_kind,
    one_of_kind,
    pods,
)

VALUES = pytest.mark.parametrize("values", [ONE_POD, EVERYTHING], ids=["one-pod", "everything"])
HASH = "$2y$10$0cSxcaJ1kw/gClQQxijyLerpToD3KHofaX/3tEe4/6KxPC/7VNNAG"
NOTE = 1
"""Helm's severity of remarks such as a missing icon."""

OPERATOR = "monitoring.coreos.com/v1"


@VALUES
def test_helm_finds_nothing_to_criticize(values: dict[str, Any]) -> None:
    report = helm_python.lint(CHART, values, strict=True, with_subcharts=True)
    serious = [one for one in report["messages"] if one["severity"] > NOTE]
    assert (report["errors"], serious) == ([], [])


def test_helm_refuses_a_broken_chart(tmp_path: Path) -> None:
    (tmp_path / "Chart.yaml").write_text((CHART / "Chart.yaml").read_text().replace("v2", "v9"))
    assert helm_python.lint(tmp_path, strict=True)["errors"] != []


@VALUES
def test_kubernetes_accepts_every_object(values: dict[str, Any]) -> None:
    found = [one for one in objects(values) if one["apiVersion"] != OPERATOR]
    assert len(found) >= 6
    for one in found:
        kubernetes_validate.validate(one, kubernetes_validate.latest_version(), strict=True)


def test_kubernetes_refuses_a_misspelt_key() -> None:
    wrong = {**one_of_kind(objects(ONE_POD), "Service"), "metdata": {}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, kubernetes_validate.latest_version(), strict=True)


def test_the_plain_manifests_are_those_of_the_chart() -> None:
    shipped = {path: path.read_text(encoding="utf-8") for path in MANIFESTS.glob("*.yml")}
    assert shipped == manifests(), "run `make docs`"


def test_the_plain_manifests_are_complete_and_valid() -> None:
    for path in MANIFESTS.glob("*.yml"):
        found = list(yaml.safe_load_all(path.read_text(encoding="utf-8")))
        assert len(found) == len({(one["kind"], one["metadata"]["name"]) for one in found})
        for one in found:
            if one["apiVersion"] != OPERATOR:
                kubernetes_validate.validate(one, kubernetes_validate.latest_version(), strict=True)


def test_chart_and_application_have_one_version() -> None:
    chart = read_yaml(CHART / "Chart.yaml")
    assert (chart["version"], chart["appVersion"]) == (TOOL_VERSION, TOOL_VERSION)


@VALUES
def test_no_pod_has_a_privilege(values: dict[str, Any]) -> None:
    """The strictest of the Pod Security Standards ("restricted"), and a root that cannot be written to."""
    for pod in pods(objects(values)):
        assert pod["spec"]["securityContext"] == {
            "runAsNonRoot": True,
            "runAsUser": int(dockerfile_instruction("USER")),
            "runAsGroup": int(dockerfile_instruction("USER")),
            "fsGroup": int(dockerfile_instruction("USER")),
            "seccompProfile": {"type": "RuntimeDefault"},
        }
        assert container(pod)["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "privileged": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert pod["spec"].keys().isdisjoint({"hostNetwork", "hostPID", "hostIPC"})
        assert all("hostPath" not in volume for volume in pod["spec"]["volumes"])
        assert container(pod)["resources"]["limits"].keys() >= {"memory"}


@VALUES
def test_selectors_volumes_and_accounts_match(values: dict[str, Any]) -> None:
    found = objects(values)
    for deployment in of_kind(found, "Deployment"):
        pod = deployment["spec"]["template"]
        labels = pod["metadata"]["labels"].items()
        assert deployment["spec"]["selector"]["matchLabels"].items() <= labels
        mounted = [one["name"] for one in container(pod)["volumeMounts"]]
        assert sorted(mounted) == sorted(volume["name"] for volume in pod["spec"]["volumes"])
        account = one_of_kind(found, "ServiceAccount")["metadata"]["name"]
        assert pod["spec"]["serviceAccountName"] == account
    labels = [pod["metadata"]["labels"].items() for pod in pods(found)]
    service = one_of_kind(found, "Service")["spec"]["selector"].items()
    assert [service <= one for one in labels] == [pod_is_service(pod) for pod in pods(found)]
    everyone = one_of_kind(found, "NetworkPolicy")["spec"]["podSelector"]["matchLabels"].items()
    assert all(everyone <= one for one in labels)


def pod_is_service(pod: Any) -> bool:
    return bool(container(pod)["args"][0] == "serve")


@VALUES
def test_the_service_answers_to_its_probes_at_the_port_of_the_image(values: dict[str, Any]) -> None:
    (pod,) = filter(pod_is_service, pods(objects(values)))
    served = container(pod)
    (port,) = served["ports"]
    assert port == {"name": "http", "containerPort": int(dockerfile_instruction("EXPOSE"))}
    asked = {
        name: served[name]["httpGet"]["path"]
        for name in ("startupProbe", "readinessProbe", "livenessProbe")
    }
    assert asked == {
        "startupProbe": "/-/healthy",
        "readinessProbe": "/-/ready",
        "livenessProbe": "/-/healthy",
    }
    scheme = values.get("listener", {}).get("scheme", "HTTP")
    assert {served[name]["httpGet"]["scheme"] for name in asked} == {scheme}


@VALUES
def test_the_configuration_is_valid_and_reads_the_targets(
    values: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = objects(values)
    for name, text in one_of_kind(found, "ConfigMap")["data"].items():
        (tmp_path / name).write_text(text.replace("/etc/tlsprobe-secrets/web", str(tmp_path)))
    (tmp_path / "web.yml").write_text(f"basic_auth_users: {{alice: {HASH}}}\n")
    for pod in pods(found):
        for variable in container(pod).get("env", ()):
            monkeypatch.setenv(variable["name"], "postgresql://tlsprobe@db.internal/tlsprobe")
    settings = load_settings(tmp_path / "tlsprobe.yml")
    (targets,) = settings.targets_files
    reading = read_targets_file(tmp_path / targets.name)
    assert ([one.host for one in reading.targets], reading.skipped) == (["www.example.com"], ())
    mounts = {one["name"]: one["mountPath"] for one in container(pods(found)[0])["volumeMounts"]}
    assert str(targets.parent) == mounts["configuration"]
    assert str(settings.state_directory) == mounts["data"] == dockerfile_instruction("VOLUME")
    assert settings.listen == f"0.0.0.0:{dockerfile_instruction('EXPOSE')}"
    assert settings.workers.enabled == bool(values.get("workers"))
    service = one_of_kind(found, "Service")["metadata"]
    assert f"{service['name']}.{service['namespace']}.svc" in settings.http.allowed_hosts


def test_without_a_database_the_history_is_on_a_volume() -> None:
    found = objects(ONE_POD)
    (pod,) = pods(found)
    (data,) = (volume for volume in pod["spec"]["volumes"] if volume["name"] == "data")
    claim = one_of_kind(found, "PersistentVolumeClaim")["metadata"]["name"]
    assert data["persistentVolumeClaim"] == {"claimName": claim}
    text = one_of_kind(found, "ConfigMap")["data"]["tlsprobe.yml"]
    assert yaml.safe_load(text)["database"] == "sqlite:////var/lib/tlsprobe/tlsprobe.db"
    assert one_of_kind(found, "Deployment")["spec"]["strategy"] == {"type": "Recreate"}


def test_workers_have_the_zone_as_a_tag_and_no_access_to_the_cluster() -> None:
    workers = [pod for pod in pods(objects(EVERYTHING)) if not pod_is_service(pod)]
    config = ["worker", "--config", "/etc/tlsprobe/tlsprobe.yml"]
    assert [container(pod)["args"] for pod in workers] == [config, [*config, "--tag", "zone=dmz"]]
    assert [pod["spec"]["automountServiceAccountToken"] for pod in workers] == [False, False]


def test_groups_of_several_pods_have_a_disruption_budget() -> None:
    found = objects(EVERYTHING)
    selected = [
        one["spec"]["selector"]["matchLabels"]["app.kubernetes.io/component"]
        for one in of_kind(found, "PodDisruptionBudget")
    ]
    assert selected == ["service", "worker-default"]
    assert {one["spec"]["maxUnavailable"] for one in of_kind(found, "PodDisruptionBudget")} == {1}
    assert of_kind(objects(ONE_POD), "PodDisruptionBudget") == []


def test_the_content_of_a_secret_is_in_no_object() -> None:
    found = objects(EVERYTHING)
    assert of_kind(found, "Secret") == []
    for pod in pods(found):
        variables = container(pod)["env"]
        assert [one["name"] for one in variables] == ["TLSPROBE_DATABASE", "TOKEN"]
        assert all(one.keys() == {"name", "valueFrom"} for one in variables)


def test_a_web_configuration_is_mounted_where_the_setting_names_it() -> None:
    found = objects({**ONE_POD, "listener": {"webConfig": "tlsprobe-web"}})
    text = one_of_kind(found, "ConfigMap")["data"]["tlsprobe.yml"]
    file = Path(yaml.safe_load(text)["http"]["web_config"])
    (pod,) = pods(found)
    mounts = {one["mountPath"]: one["name"] for one in container(pod)["volumeMounts"]}
    volumes = {one["name"]: one for one in pod["spec"]["volumes"]}
    secret = volumes[mounts[str(file.parent)]]["secret"]
    assert (file.name, secret["secretName"]) == ("web.yml", "tlsprobe-web")


@pytest.mark.parametrize("kind", ["podMonitor", "serviceMonitor"])
def test_monitors_scrape_what_the_shipped_prometheus_scrapes(kind: str) -> None:
    found = objects({**ONE_POD, kind: {"enabled": True}})
    monitor = one_of_kind(found, kind[0].upper() + kind[1:])["spec"]
    scraped = monitor["podMetricsEndpoints" if kind == "podMonitor" else "endpoints"]
    jobs = read_yaml(PROMETHEUS_CONFIG)["scrape_configs"]
    assert {(one["path"], one["relabelings"][0]["replacement"]) for one in scraped} == {
        (job["metrics_path"], job["job_name"]) for job in jobs
    }
    assert {one["port"] for one in scraped} == {"http"}
    selected = monitor["selector"]["matchLabels"].items()
    selectable = (pods(found)[0] if kind == "podMonitor" else one_of_kind(found, "Service"))[
        "metadata"
    ]["labels"]
    assert selected <= selectable.items()


def test_the_rules_are_the_generated_ones() -> None:
    found = one_of_kind(objects(EVERYTHING), "PrometheusRule")
    assert found["spec"] == read_yaml(ROOT / "deploy/prometheus/rules/tlsprobe.yml")


def test_new_targets_restart_nothing_and_new_settings_restart_all_pods() -> None:
    def marks(values: dict[str, Any]) -> list[dict[str, str]]:
        return [pod["metadata"]["annotations"] for pod in pods(objects(values))]

    before = marks(EVERYTHING)
    assert marks({**EVERYTHING, "targets": ["www.example.com", "new.example.com"]}) == before
    after = marks({**EVERYTHING, "config": {"interval_seconds": 60}})
    assert all(one != other for one, other in zip(before, after, strict=True))
