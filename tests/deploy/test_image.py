"""The image of the Dockerfile, built by a container engine and run as the compose file says.

The engine has no image of a registry: a bare Debian of the same release stands for the base.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import cyclonedx.schema
import jsonschema
import pytest
from referencing import Registry, Resource

from model.version import TOOL_VERSION
from tests.deploy.containers import until_answers, until_demo_is_visited
from tests.deploy.files import ROOT, compose
from tests.service.delivery.waiting import until_holds
from tests.support.podman import BASE, Podman, podman
from tests.support.ports import free_port

pytestmark = [
    pytest.mark.integration,
    pytest.mark.process,
    pytest.mark.slow,
    pytest.mark.timeout(900),
]

IMAGE: Final = f"tlsprobe:{TOOL_VERSION}"
PYTHON: Final = "/opt/tlsprobe/bin/python"
SBOM: Final = "/usr/local/lib/tlsprobe/sbom.cdx.json"
HEALTHY: Final = ROOT / "deploy/container/healthy.py"
CHANGES: Final = """
services:
  demo:
    ports: !override ["127.0.0.1:{port}:9844"]
    volumes: ["/dev/null:/usr/bin/dash:ro", "/dev/null:/usr/bin/bash:ro"]
"""
"""What a test changes in the compose file: its port is free, and no shell is needed."""

IMPORTABLE_WITHOUT_COMPILING: Final = """
import importlib.util, json, pathlib, sysconfig
files = list(pathlib.Path(sysconfig.get_path("purelib")).rglob("*.py"))
bare = [str(file) for file in files if not pathlib.Path(importlib.util.cache_from_source(file)).is_file()]
print(json.dumps([len(files), bare]))
"""
INSTALLED: Final = """
import importlib.metadata, json
print(json.dumps([[one.metadata["Name"].lower().replace("_", "-").replace(".", "-"), one.version]
                  for one in importlib.metadata.distributions()]))
"""


@pytest.fixture(scope="module")
def engine() -> Iterator[Podman]:
    with podman() as engine:
        engine.build(IMAGE, "--build-arg", f"BASE={BASE}", ROOT)
        yield engine


@pytest.fixture(scope="module")
def image(engine: Podman) -> Any:
    """What the engine knows of the image."""
    (image,) = json.loads(engine("image", "inspect", IMAGE).stdout)
    return image


def confinement(service: str) -> list[str]:
    """What the compose file demands for a service, as options of the engine."""
    options = compose()["services"][service]
    assert options["read_only"]
    return [
        "--read-only",
        *(f"--cap-drop={one}" for one in options["cap_drop"]),
        *(f"--security-opt={one.removesuffix(':true')}" for one in options["security_opt"]),
        *(f"--tmpfs={one}" for one in options["tmpfs"]),
        *(f"--volume={one}" for one in options["volumes"]),
        f"--memory={options['mem_limit']}",
        f"--pids-limit={options['pids_limit']}",
    ]


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def container(engine: Podman, port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The compose file's demo, in a container that has no shell."""
    changes = tmp_path_factory.mktemp("compose") / "changes.yml"
    changes.write_text(CHANGES.format(port=port))
    with engine.composed("demo", ROOT / "docker-compose.yml", changes) as identifier:
        yield identifier


async def test_the_demo_probes_its_servers_in_a_confined_container(
    engine: Podman, container: str, port: int
) -> None:
    await until_demo_is_visited(engine, container, f"127.0.0.1:{port}")
    assert engine("exec", container, "/bin/sh", "-c", "true", check=False).returncode != 0


async def test_the_health_check_of_the_image_finds_the_service_healthy(
    engine: Podman, container: str, image: Any
) -> None:
    kind, *command = image["Healthcheck"]["Test"]
    assert kind == "CMD"

    async def is_healthy() -> bool:
        return engine("exec", container, *command, check=False).returncode == 0

    await until_holds(is_healthy, pause_seconds=0.5)


def test_the_process_has_no_privilege(engine: Podman, container: str) -> None:
    status = engine("exec", container, "/usr/bin/cat", "/proc/1/status").stdout
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert fields["Uid"].split() == ["9844"] * 4
    assert fields["Gid"].split() == ["9844"] * 4
    assert {fields[name] for name in ("CapPrm", "CapEff", "CapBnd")} == {"0" * 16}
    assert (fields["NoNewPrivs"], fields["Seccomp"]) == ("1", "2")


async def test_a_stop_ends_the_service_in_order(engine: Podman) -> None:
    listen = f"127.0.0.1:{free_port()}"
    options = [*confinement("demo"), "--no-healthcheck"]
    with engine.running(IMAGE, "demo", "--listen", listen, options=options) as identifier:
        await until_answers(engine, identifier, f"http://{listen}/-/healthy")
        engine("stop", "--time", "60", identifier)
        code = engine("inspect", "--format", "{{.State.ExitCode}}", identifier).stdout
    assert code.strip() == "0"


def test_every_module_is_compiled(engine: Podman) -> None:
    code = ("-c", IMPORTABLE_WITHOUT_COMPILING)
    count, bare = json.loads(engine.run(IMAGE, *code, options=["--entrypoint", PYTHON]).stdout)
    assert count > 1000
    assert bare == []


def test_the_labels_are_those_of_the_project(image: Any) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    labels = image["Labels"]
    prefix = "org.opencontainers.image"
    assert labels[f"{prefix}.title"] == project["name"]
    assert labels[f"{prefix}.description"] == project["description"]
    assert labels[f"{prefix}.version"] == TOOL_VERSION
    assert labels[f"{prefix}.licenses"] == project["license"]
    assert compose()["services"]["tlsprobe"]["image"] == IMAGE


def test_the_bill_of_materials_names_what_is_installed(engine: Podman) -> None:
    def output(entrypoint: str, *arguments: str) -> str:
        return engine.run(IMAGE, *arguments, options=["--entrypoint", entrypoint]).stdout

    bill = json.loads(output("/usr/bin/cat", SBOM))
    validate(bill)
    named = {(one["name"], one["version"]) for one in bill["components"]}
    python = {(name, version) for name, version in json.loads(output(PYTHON, "-c", INSTALLED))}
    debian = output("/usr/bin/dpkg-query", "--show", "--showformat", "${Package} ${Version}\n")
    assert named == (python | {tuple(line.split()) for line in debian.splitlines()}) - {
        ("tlsprobe", bill["metadata"]["component"]["version"])
    }


def validate(bill: Any) -> None:
    """Fails unless the bill has the form that CycloneDX's own schema describes."""
    folder = Path(cyclonedx.schema.__file__).parent / "_res"
    files = {
        name: json.loads((folder / f"{name}.SNAPSHOT.schema.json").read_text())
        for name in ("bom-1.6", "spdx", "jsf-0.82")
    }
    registry = Registry().with_resources(
        (file["$id"], Resource.from_contents(file)) for file in files.values()
    )
    jsonschema.Draft7Validator(files["bom-1.6"], registry=registry).validate(bill)


def test_the_health_check_says_why_it_fails() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    for wrong, reason in ((url, "does not answer"), ("nowhere", "must be a URL")):
        done = check_health(wrong)
        assert (done.returncode, done.stdout) == (1, "")
        assert wrong in done.stderr
        assert reason in done.stderr


def test_the_health_check_imports_little() -> None:
    done = check_health(f"http://127.0.0.1:{free_port()}", "-X", "importtime")
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "socket" in imported
    assert not imported & {"asyncio", "email", "http.client", "ssl", "typing", "urllib.parse"}


def check_health(url: str, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", "-S", *options, HEALTHY],
        env={**os.environ, "HEALTH_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )
