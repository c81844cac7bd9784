"""The compose file, the Dockerfile and the configuration of Prometheus and Grafana must use the same names.

Linters check the files themselves (hadolint, the compose schema); these tests check that the files agree.
"""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

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

OF_THE_IMAGE = ("tlsprobe", "worker", "demo")
SERVICES = (*OF_THE_IMAGE, "postgresql", "prometheus", "alertmanager", "grafana")
CREATE_SECRETS = ROOT / "deploy/compose/create-secrets.sh"


def mounts(service: str) -> dict[str, str]:
    """The path in the container at which each folder of the checkout is mounted."""
    volumes = [volume.split(":") for volume in compose()["services"][service].get("volumes", [])]
    return {source: destination for source, destination, *_ in volumes if source.startswith("./")}


def test_exactly_the_listed_services_run() -> None:
    profiles = {name: service.get("profiles") for name, service in compose()["services"].items()}
    assert profiles == dict.fromkeys(SERVICES) | {"demo": ["demo"]}


def test_scheduler_and_workers_have_one_configuration_and_one_database() -> None:
    scheduler, worker = (compose()["services"][name] for name in ("tlsprobe", "worker"))
    for command in (scheduler["command"], worker["command"]):
        folder, _, name = command[command.index("--config") + 1].rpartition("/")
        assert mounts("worker")["./deploy/compose"] == folder
        assert (ROOT / "deploy/compose" / name).is_file()
    assert mounts("tlsprobe")["./deploy/compose"] == mounts("worker")["./deploy/compose"]


def test_the_configuration_is_valid_with_the_secrets_that_the_command_creates(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    secrets = tmp_path / "secrets"
    subprocess.run([CREATE_SECRETS, secrets], check=True, capture_output=True)
    file = ROOT / "deploy/compose/tlsprobe.yml"
    for name, place in settings_of_secrets().items():
        monkeypatch.setenv(name, str(secrets / Path(place).name))
    for name, value in compose()["services"]["tlsprobe"]["environment"].items():
        if "/run/secrets/" not in value:
            monkeypatch.setenv(name, value)

    settings = load_settings(file)

    password = (secrets / "postgresql_password").read_text()
    assert settings.database == f"postgresql://tlsprobe:{password}@postgresql/tlsprobe"
    assert settings.workers.enabled
    folder = mounts("worker")["./deploy/compose"]
    for path in settings.targets_files:
        assert str(path.parent) == folder
        reading = read_targets_file(ROOT / "deploy/compose" / path.name)
        assert (bool(reading.targets), reading.skipped) == (True, ())


def settings_of_secrets() -> dict[str, str]:
    """The environment variable of each setting of tlsprobe that names a secret, and the file that it names."""
    configured = read_yaml(ROOT / "deploy/compose/tlsprobe.yml")
    named = {f"TLSPROBE_{name.upper()}": str(value) for name, value in configured.items()}
    named |= compose()["services"]["tlsprobe"]["environment"]
    return {name: value for name, value in named.items() if value.startswith("/run/secrets/")}


def test_a_service_gets_only_the_secrets_that_it_reads() -> None:
    services = compose()["services"]
    read = {
        name: {
            Path(word).name
            for word in map(str, service.get("environment", {}).values())
            if word.startswith("/run/secrets/")
        }
        for name, service in services.items()
    }
    (database_password,) = (
        Path(value).name for name, value in settings_of_secrets().items() if "DATABASE" in name
    )
    for name in ("tlsprobe", "worker"):
        read[name].add(database_password)
    assert read == {name: set(service.get("secrets", [])) for name, service in services.items()}


def test_every_secret_is_a_file_that_the_command_creates_and_never_changes(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    subprocess.run([CREATE_SECRETS, folder], check=True, capture_output=True)
    created = {path.name: path.read_text() for path in folder.iterdir()}
    assert created.keys() == compose()["secrets"].keys()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert len(set(created.values())) == len(created)
    assert all(re.fullmatch("[0-9a-f]{64}", secret) for secret in created.values())

    again = subprocess.run([CREATE_SECRETS, folder], check=False, capture_output=True, text=True)

    assert again.returncode == 1
    assert str(folder) in again.stderr
    assert {path.name: path.read_text() for path in folder.iterdir()} == created


def test_secrets_are_files_outside_git_and_outside_every_mounted_folder() -> None:
    files = [secret["file"] for secret in compose()["secrets"].values()]
    ignored = subprocess.run(
        ["git", "check-ignore", *files], cwd=ROOT, check=False, capture_output=True, text=True
    )
    assert ignored.stdout.split() == files
    mounted = [source for service in SERVICES for source in mounts(service)]
    assert not [file for file in files if any(file.startswith(f"{one}/") for one in mounted)]


def test_no_password_stands_in_the_file() -> None:
    variables = {
        name: value
        for service in compose()["services"].values()
        for name, value in service.get("environment", {}).items()
        if re.search("PASS|SECRET|TOKEN", name)
    }
    assert variables
    assert {
        name for name, value in variables.items() if not value.startswith("/run/secrets/")
    } == set()


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_is_confined_and_limited(service: str) -> None:
    options = compose()["services"][service]
    assert options["read_only"] is True
    assert options["cap_drop"] == ["ALL"]
    assert options["security_opt"] == ["no-new-privileges:true"]
    assert {"mem_limit", "pids_limit"} <= options.keys()
    assert not {"privileged", "cap_add", "network_mode", "pid", "devices"} & options.keys()


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
