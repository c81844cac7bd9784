"""The environment of a real server under test: a folder of its own, and a user without privileges.

Servers that refuse to run as root, or drop their privileges themselves, must be able to read their files. If
the tests run as root, the folder therefore belongs to an unprivileged user.
"""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.probe.starttls.listening import wait_until_it_listens
from tests.zoo.certificates import Certificates
from tests.zoo.process import STOPPED_WITHIN_SECONDS, Command, running

_PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/local/sbin:/usr/sbin:/sbin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """A server's folder with its key and chain, and the user it runs as; None is the current user."""

    directory: Path
    key: Path
    chain: Path
    root: Path
    user: str | None

    @property
    def user_name(self) -> str:
        """The user's name, for configurations that need one."""
        return self.user or pwd.getpwuid(os.geteuid()).pw_name

    @property
    def group_name(self) -> str:
        """That user's group."""
        return grp.getgrgid(pwd.getpwnam(self.user_name).pw_gid).gr_name

    def write(self, name: str, text: str) -> Path:
        """Writes a configuration file."""
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        self._give(path.parent)
        self._give(path)
        return path

    def make(self, name: str) -> Path:
        """Makes an empty folder."""
        path = self.directory / name
        path.mkdir(parents=True)
        self._give(path)
        return path

    def run(self, *arguments: str | Path, environment: Mapping[str, str] | None = None) -> None:
        """Runs a command to completion, as the server's user."""
        subprocess.run(
            [str(argument) for argument in arguments],
            check=True,
            cwd=self.directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={"PATH": _PATH, "HOME": str(self.directory), **(environment or {})},
            user=self.user,
            group=pwd.getpwnam(self.user).pw_gid if self.user else None,
        )

    @contextmanager
    def running(
        self, *arguments: str | Path, ready: str, environment: Mapping[str, str] | None = None
    ) -> Iterator[None]:
        """Runs the server while the context lasts; ``ready`` is the line that it prints when it listens."""
        command = Command(
            arguments=[str(argument) for argument in arguments],
            ready=ready,
            environment={"PATH": _PATH, "HOME": str(self.directory), **(environment or {})},
            user=self.user,
        )
        with running(command, self.directory):
            yield

    @contextmanager
    def listening(
        self,
        *arguments: str | Path,
        ports: Sequence[int],
        environment: Mapping[str, str] | None = None,
    ) -> Iterator[None]:
        """The same for a server that prints no such line: it is ready once its ports accept connections."""
        log = self.directory / f"{ports[0]}.log"
        with log.open("w") as output:
            process = subprocess.Popen(
                [str(argument) for argument in arguments],
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={"PATH": _PATH, "HOME": str(self.directory), **(environment or {})},
                user=self.user,
                group=pwd.getpwnam(self.user).pw_gid if self.user else None,
                # Some servers, such as Cyrus, end by a signal to their whole group.
                process_group=0,
            )
        try:
            for port in ports:
                wait_until_it_listens(port, process, log)
            yield
        finally:
            process.terminate()
            try:
                process.wait(STOPPED_WITHIN_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _give(self, path: Path) -> None:
        if self.user is not None:
            shutil.chown(path, self.user)


@contextmanager
def home(certificates: Certificates, *, as_ourselves: bool = False) -> Iterator[Home]:
    """A new folder, removed at the end; ``as_ourselves`` for servers that drop privileges themselves."""
    user = None if as_ourselves or os.geteuid() != 0 else "nobody"
    with tempfile.TemporaryDirectory(prefix="tlsprobe-") as name:
        directory = Path(name)
        directory.chmod(0o755)
        key, chain, root = directory / "key.pem", directory / "chain.pem", directory / "root.pem"
        shutil.copy(certificates.rsa.key_file, key)
        shutil.copy(certificates.rsa.chain_file, chain)
        shutil.copy(certificates.root_file, root)
        key.chmod(0o600)
        one = Home(directory=directory, key=key, chain=chain, root=root, user=user)
        for path in (directory, key, chain, root):
            one._give(path)
        yield one
