"""A container engine with a store of its own, whose only image at first is a bare Debian.

It needs no daemon and no network but the machine's own. ``scripts/install-test-servers.sh`` makes the tree
of Debian, which stands for the base that the Dockerfile names: both are Debian's smallest set of packages.
"""

from __future__ import annotations

import os
import select
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
BASE: Final = "localhost/debian-trixie"
_AS_ROOT: Final = () if os.geteuid() == 0 else ("sudo", "--non-interactive")
_COMPOSE: Final = Path(sys.executable).with_name("podman-compose")
_TREE: Final = ROOT / ".cache/debian-trixie.tar"
_CERTIFICATES: Final = Path(os.environ.get("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt"))
_IN_CONTAINER: Final = "/run/host-certificates.crt"
# The engine would raise this limit above what an unprivileged root may set.
_LIMITS: Final = ("--ulimit", "nofile=4096:4096", "--ulimit", "nproc=4096:4096")


@dataclass(frozen=True, slots=True)
class Podman:
    """The engine whose images and containers are in ``folder``."""

    folder: Path
    certificates: Sequence[str] = (f"--volume={_CERTIFICATES}:{_IN_CONTAINER}:ro",)
    """Options for downloads: this machine may have a certificate authority of its own."""

    def __call__(
        self, *arguments: str | Path, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """What podman does with these arguments; fails with its output."""
        done = subprocess.run(
            self.command(*arguments), capture_output=True, text=True, check=False, cwd=ROOT
        )
        assert not check or done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
        return done

    def command(self, *arguments: str | Path) -> Sequence[str]:
        """The command line of podman with these arguments."""
        return [*_AS_ROOT, "podman", *self._options, *map(str, arguments)]

    @property
    def _options(self) -> Sequence[str]:
        names = ("root", "runroot", "tmpdir")
        places = (f"--{name}={self.folder / name}" for name in names)
        return (*places, "--cgroup-manager=cgroupfs", "--runtime=runc", "--events-backend=none")

    def build(self, tag: str, *arguments: str | Path) -> None:
        """Build an image from a Dockerfile, with this machine's certificates for downloads."""
        options = ("--isolation", "chroot", "--network", "host", "--format", "docker")
        self("build", *options, *self.certificates, "--tag", tag, *arguments)

    def run(
        self, image: str, *arguments: str | Path, options: Sequence[str] = (), check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run a container until it ends, and remove it."""
        named = ("run", "--rm", "--network", "host", *_LIMITS, *options, image, *arguments)
        return self(*named, check=check)

    @contextmanager
    def running(
        self, image: str, *arguments: str | Path, options: Sequence[str] = ()
    ) -> Iterator[str]:
        """The identifier of a container that runs until the end of the block."""
        named = ("run", "--detach", "--network", "host", *_LIMITS, *options, image, *arguments)
        identifier = self(*named).stdout.strip()
        try:
            yield identifier
        finally:
            self("rm", "--force", "--time", "10", "--volumes", identifier)

    @contextmanager
    def composed(self, service: str, *files: Path) -> Iterator[str]:
        """The identifier of the container that podman-compose starts for a service, until the end of the block.

        A later file changes an earlier one. The image must exist.
        """
        self._compose(files, "--profile", service, "up", "--detach", "--no-build", service)
        try:
            label = f"label=io.podman.compose.service={service}"
            yield self("ps", "--quiet", "--no-trunc", "--filter", label).stdout.strip()
        finally:
            self._compose(files, "--profile", service, "down", "--volumes", "--timeout", "10")

    def _compose(self, files: Sequence[Path], *arguments: str) -> None:
        """Run podman-compose, in a project of this engine's: networks have names for the whole machine."""
        named = (word for file in files for word in ("--file", str(file)))
        options = (
            f"--podman-args={shlex.join(self._options)}",
            f"--podman-run-args={shlex.join(_LIMITS)}",
            "--in-pod=false",
            f"--project-name={self.folder.name}",
        )
        done = subprocess.run(
            [*_AS_ROOT, _COMPOSE, *options, *named, *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=ROOT,
        )
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]


@contextmanager
def podman() -> Iterator[Podman]:
    """An engine with the image ``BASE``; nothing of it stays."""
    folder = Path(tempfile.mkdtemp(prefix="tlsprobe-podman-"))
    engine = Podman(folder)
    try:
        variables = (f"{name}={_IN_CONTAINER}" for name in ("SSL_CERT_FILE", "PIP_CERT"))
        changes = [word for one in variables for word in ("--change", f"ENV {one}")]
        engine("import", *changes, _TREE, BASE)
        yield engine
    finally:
        _remove(folder)


def _remove(folder: Path) -> None:
    """Remove the store; a build that was interrupted leaves file systems mounted in it."""
    _wait_for_clean_up(folder)
    mounted = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    for place in reversed([one for one in mounted if one.startswith(f"{folder}/")]):
        subprocess.run([*_AS_ROOT, "umount", "--lazy", place], check=True)
    subprocess.run([*_AS_ROOT, "rm", "-rf", folder], check=True)


def _wait_for_clean_up(folder: Path) -> None:
    """Wait for the engine's own processes: the one that follows a container's end mounts the store again."""
    while running := _processes(folder):
        for process in running:
            with suppress(ProcessLookupError), os.fdopen(os.pidfd_open(process)) as ended:
                assert select.select([ended], [], [], 60)[0], f"{process} still uses {folder}."


def _processes(folder: Path) -> Sequence[int]:
    """The numbers of the processes whose command line names the folder."""
    found = []
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if os.fsencode(folder) in line.read_bytes():
                found.append(int(line.parent.name))
    return found
