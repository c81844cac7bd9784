"""The Debian package: built by the project's script in a bare Debian, installed, started, and purged there."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from model.version import TOOL_VERSION
from tests.deploy.containers import until_answers, until_demo_is_visited
from tests.deploy.files import ROOT
from tests.deploy.unit_confinement import confinement, unit_settings, without_writable_code
from tests.support.podman import BASE, Podman, podman
from tests.support.ports import free_port

pytestmark = [
    pytest.mark.integration,
    pytest.mark.process,
    pytest.mark.slow,
    pytest.mark.timeout(900),
]

UNIT: Final = ROOT / "deploy/systemd/tlsprobe.service"
BUILDER: Final = f"""
FROM {BASE}
RUN apt-get update && apt-get install --yes --no-install-recommends python3 python3-venv
"""
TARGET: Final = f"""
FROM {BASE}
RUN apt-get update && apt-get install --yes --no-install-recommends adduser python3
"""
DEB: Final = "/package.deb"
INSTALLED: Final = "installed"


TRIES: Final = """
import mmap, os, socket
for attempt in (
    lambda: mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC),
    lambda: os.sched_setaffinity(0, {0}),
    lambda: socket.socket(socket.AF_VSOCK),
    lambda: open("/usr/lib/tlsprobe/new", "w"),
):
    try:
        attempt()
    except OSError:
        print("refused")
    else:
        print("allowed")
"""
"""Code for writable memory, another processor, another family of sockets, a file of the system."""


@pytest.fixture(scope="module")
def engine() -> Iterator[Podman]:
    with podman() as engine:
        yield engine


@pytest.fixture(scope="module")
def package(engine: Podman, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package, built from this checkout by an image that has what the script says that it needs."""
    folder = tmp_path_factory.mktemp("package")
    (folder / "Dockerfile").write_text(BUILDER)
    engine.build("builder", folder)
    mounts = [f"--volume={ROOT}:/source:ro", f"--volume={folder}:/built", "--no-healthcheck"]
    variables = ["--env=DEBFULLNAME=The maintainers", "--env=DEBEMAIL=maintainers@tlsprobe.org"]
    script = ("/source/scripts/debian-package.sh", "/built")
    engine.run("builder", *script, options=[*mounts, *engine.certificates, *variables])
    (built,) = folder.glob(f"tlsprobe_{TOOL_VERSION}_*.deb")
    return built


@pytest.fixture(scope="module")
def installed(engine: Podman, package: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """An image of a bare Debian in which the package is installed."""
    folder = tmp_path_factory.mktemp("target")
    (folder / "Dockerfile").write_text(TARGET)
    engine.build("target", folder)
    with engine.running("target", "sleep", "infinity", options=[mount(package)]) as identifier:
        engine("exec", identifier, "dpkg", "--install", DEB)
        engine("commit", "--quiet", identifier, INSTALLED)
    return INSTALLED


def mount(package: Path) -> str:
    return f"--volume={package}:{DEB}:ro"


def test_lintian_finds_nothing(package: Path) -> None:
    done = subprocess.run(
        ["lintian", "--allow-root", "--info", "--fail-on", "error,warning", package],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_package_is_installed_again_and_purged_without_a_trace(
    engine: Podman, package: Path, installed: str
) -> None:
    sleep = ("sleep", "infinity")
    with engine.running(installed, *sleep, options=[mount(package)]) as identifier:

        def output(*command: str) -> str:
            return engine("exec", identifier, *command).stdout

        def paths() -> set[str]:
            return set(output("find", "/", "-xdev", "-name", "*tlsprobe*").split())

        assert output("dpkg", "--verify", "tlsprobe") == ""
        user = output("getent", "passwd", "tlsprobe")
        output("sh", "-c", "echo '- a.example' > /etc/tlsprobe/targets.yml")
        output("touch", "/var/lib/tlsprobe/tlsprobe.db")
        # The step that configures runs again.
        output("dpkg", "--force-confold", "--install", DEB)
        assert output("getent", "passwd", "tlsprobe") == user
        assert output("cat", "/etc/tlsprobe/targets.yml") == "- a.example\n"

        output("dpkg", "--remove", "tlsprobe")
        assert {"/var/lib/tlsprobe", "/etc/tlsprobe"} <= paths()
        assert "/usr/lib/tlsprobe" not in paths()

        output("dpkg", "--purge", "tlsprobe")
        assert paths() == set()
        assert engine("exec", identifier, "getent", "passwd", "tlsprobe", check=False).stdout == ""


async def test_the_unit_s_command_serves_with_all_that_the_unit_takes_away(
    engine: Podman, installed: str, tmp_path: Path
) -> None:
    (command,) = unit_settings(UNIT)["ExecStart"]
    listen = f"127.0.0.1:{free_port()}"
    start = without_writable_code(UNIT, *command.split(), "--listen", listen)
    with engine.running(installed, *start, options=confinement(UNIT, tmp_path)) as identifier:
        await until_answers(engine, identifier, f"http://{listen}/-/ready")
        status = engine("exec", identifier, "tlsprobe", "status", "--url", f"http://{listen}")
        assert "0 known" in status.stdout


async def test_visits_need_nothing_that_the_unit_takes_away(
    engine: Podman, installed: str, tmp_path: Path
) -> None:
    listen = f"127.0.0.1:{free_port()}"
    start = without_writable_code(UNIT, "/usr/bin/tlsprobe", "demo", "--listen", listen)
    with engine.running(installed, *start, options=confinement(UNIT, tmp_path)) as identifier:
        await until_demo_is_visited(engine, identifier, listen)


def test_the_confinement_of_these_tests_is_in_force(
    engine: Podman, installed: str, tmp_path: Path
) -> None:
    command = without_writable_code(UNIT, "/usr/bin/python3", "-c", TRIES)
    done = engine.run(installed, *command, options=confinement(UNIT, tmp_path))
    assert done.stdout.split() == ["refused"] * 4


def test_the_command_uses_only_packages_of_its_own(engine: Podman, installed: str) -> None:
    """A package of the user or in the working directory must not take the place of one of tlsprobe's."""
    options = ["--env=PYTHONPATH=/tmp/other", "--workdir=/tmp/other", "--tmpfs=/tmp/other"]
    script = (
        "mkdir model && echo 'raise SystemExit(9)' > model/__init__.py && exec tlsprobe --version"
    )
    done = engine.run(installed, "sh", "-c", script, options=options)
    assert done.stdout == f"tlsprobe {TOOL_VERSION}\n"


def test_the_script_names_what_is_missing(tmp_path: Path) -> None:
    for command in ("bash", "dirname", "env"):
        found = shutil.which(command)
        assert found is not None
        (tmp_path / command).symlink_to(found)
    done = subprocess.run(
        [ROOT / "scripts/debian-package.sh"],
        env={"PATH": str(tmp_path)},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "missing" in done.stderr
    assert done.stderr.count("\n") == 1
