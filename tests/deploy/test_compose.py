"""The compose file, the Dockerfile and the configuration of Prometheus and Grafana must use the same names.

Linters check the files themselves (hadolint, the compose schema); these tests check that the files agree.
"""

from __future__ import annotations

import json

import pytest

from discovery.files.targets_file import read_targets_file
from service.config.load import load_settings
from tests.deploy.files import (
    DASHBOARDS,
    PROMETHEUS_CONFIG,
    ROOT,
    compose,
    dashboard,
    dockerfile_instruction,
    read_yaml,
)

FIRST = ("tlsprobe", "prometheus", "alertmanager", "grafana")
WITH_WORKERS = ("postgresql", "scheduler", "worker")
SERVICES = (*FIRST, *WITH_WORKERS)


def mounts(service: str) -> dict[str, str]:
    """The path in the container at which each folder of the checkout is mounted."""
    volumes = [volume.split(":") for volume in compose()["services"][service].get("volumes", [])]
    return {source: destination for source, destination, *_ in volumes if source.startswith("./")}


def test_exactly_the_listed_services_run() -> None:
    profiles = {name: service.get("profiles") for name, service in compose()["services"].items()}
    assert profiles == dict.fromkeys(FIRST) | {name: ["workers"] for name in WITH_WORKERS}


def test_scheduler_and_workers_have_one_configuration_and_one_database() -> None:
    scheduler, worker = (compose()["services"][name] for name in ("scheduler", "worker"))
    assert scheduler["environment"] == worker["environment"]
    assert mounts("scheduler") == mounts("worker")
    for command in (scheduler["command"], worker["command"]):
        folder, _, name = command[command.index("--config") + 1].rpartition("/")
        assert mounts("worker")["./deploy/workers"] == folder
        assert (ROOT / "deploy/workers" / name).is_file()


def test_the_workers_configuration_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TLSPROBE_DATABASE", "postgresql://tlsprobe@postgresql/tlsprobe")
    settings = load_settings(ROOT / "deploy/workers/tlsprobe.yml")
    assert settings.workers.enabled
    folder = mounts("worker")["./deploy/workers"]
    for path in settings.targets_files:
        assert str(path.parent) == folder
        reading = read_targets_file(ROOT / "deploy/workers" / path.name)
        assert (bool(reading.targets), reading.skipped) == (True, ())


@pytest.mark.parametrize("service", SERVICES)
def test_every_port_is_open_to_this_machine_only(service: str) -> None:
    ports = compose()["services"][service].get("ports", [])
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


@pytest.mark.parametrize("service", SERVICES)
def test_every_mounted_folder_is_in_the_checkout(service: str) -> None:
    assert [source for source in mounts(service) if not (ROOT / source).is_dir()] == []


@pytest.mark.parametrize("service", SERVICES)
def test_every_named_volume_is_declared(service: str) -> None:
    declared = set(compose()["volumes"])
    used = {volume.split(":")[0] for volume in compose()["services"][service]["volumes"]}
    assert {name for name in used if not name.startswith("./")} <= declared


def test_prometheus_scrapes_both_pages_at_the_port_the_image_opens() -> None:
    jobs = read_yaml(PROMETHEUS_CONFIG)["scrape_configs"]
    port = dockerfile_instruction("EXPOSE")
    scraped = {(job["metrics_path"], job["static_configs"][0]["targets"][0]) for job in jobs}
    assert scraped == {
        ("/metrics", f"tlsprobe:{port}"),
        ("/metrics/endpoints", f"tlsprobe:{port}"),
    }


def test_the_image_listens_at_the_port_it_opens() -> None:
    command = json.loads(dockerfile_instruction("CMD"))
    listen = f"0.0.0.0:{dockerfile_instruction('EXPOSE')}"
    assert command == ["demo", "--listen", listen, "--allow-unauthenticated"]


def test_the_health_check_queries_the_port_the_image_opens() -> None:
    health = dockerfile_instruction("HEALTHCHECK")
    assert f"http://127.0.0.1:{dockerfile_instruction('EXPOSE')}/-/healthy" in health


def test_the_image_does_not_run_as_root() -> None:
    assert dockerfile_instruction("USER") not in {"root", "0"}


def test_grafana_finds_the_dashboards_where_its_provider_looks() -> None:
    provider = read_yaml(ROOT / "deploy/grafana/provisioning/dashboards/tlsprobe.yml")
    folder = provider["providers"][0]["options"]["path"]
    assert mounts("grafana")["./deploy/grafana/dashboards"] == folder


def test_grafana_opens_with_a_dashboard_that_exists() -> None:
    home = compose()["services"]["grafana"]["environment"][
        "GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"
    ]
    folder = mounts("grafana")["./deploy/grafana/dashboards"]
    assert home in {f"{folder}/{path.name}" for path in DASHBOARDS}


def test_dashboards_read_the_provisioned_data_source() -> None:
    sources = read_yaml(ROOT / "deploy/grafana/provisioning/datasources/prometheus.yml")
    uids = {
        panel["datasource"]["uid"] for path in DASHBOARDS for panel in dashboard(path)["panels"]
    }
    assert uids == {sources["datasources"][0]["uid"]}
