"""Builds the files of a release in a new folder, and signs the list of their checksums.

    python -m scripts.supply_chain.release FOLDER [--key FILE] [--builder URI]

The work tree must be clean and at the tag of its version, such as v0.1.0. Two builds of one commit give the same wheel and
source archive. The folder then has these, the Helm chart, a bill of materials, the provenance and SHA256SUMS; with
a key, also SHA256SUMS.sig, which ``ssh-keygen -Y verify`` checks. With ssh-agent, FILE may be the public key.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import helm_python

from model.version import TOOL_VERSION
from scripts.supply_chain.bill_of_materials import bill_of_materials
from scripts.supply_chain.provenance import provenance, sha256_of

ROOT: Final = Path(__file__).parents[2]
NAMESPACE: Final = "tlsprobe-release"
"""What the signature is for: one key may sign other things too, and these do not count here."""

SHIPPED_LOCKS: Final = ("workers.txt", "quic.txt")
"""What the image installs: together they have everything that any installation has."""

CHECKSUMS: Final = "SHA256SUMS"


class ReleaseError(Exception):
    """The release cannot be made; the text says why, and what to do."""


def main(arguments: Sequence[str]) -> int:
    """Make the release with these command-line arguments, and return the exit code."""
    parser = argparse.ArgumentParser(prog="scripts.supply_chain.release", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--key", type=Path)
    parser.add_argument("--builder", default="a maintainer's machine", metavar="URI")
    options = parser.parse_args(arguments)
    try:
        commit = released_commit(ROOT, TOOL_VERSION)
        build(ROOT, options.folder, commit)
        describe(ROOT, options.folder, commit, options.builder)
        if options.key is not None:
            sign(options.folder / CHECKSUMS, options.key)
    except ReleaseError as error:
        print(f"release: {error}", file=sys.stderr)
        return 2
    print(*sorted(one.name for one in options.folder.iterdir()), sep="\n")
    return 0


def released_commit(root: Path, version: str) -> str:
    """The commit of the work tree.

    Raises:
        ReleaseError: if it has uncommitted changes or is not at the tag of its version.
    """
    if _run(root, "git", "status", "--porcelain"):
        raise ReleaseError("the work tree has uncommitted changes: commit them or clone again")
    tags = _run(root, "git", "tag", "--points-at", "HEAD").split()
    if f"v{version}" not in tags:
        raise ReleaseError(
            f"model/version.py has version {version}, but HEAD is not tagged v{version}: "
            f"git tag --sign v{version}"
        )
    return _run(root, "git", "rev-parse", "HEAD").strip()


def build(root: Path, folder: Path, commit: str) -> None:
    """Build what a release has, in ``folder``: source archive, wheel, chart and bill of materials.

    The wheel is built from the archive, so that it has only what is committed.

    Raises:
        ReleaseError: if the folder is not empty or a tool fails.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise ReleaseError(f"{folder} is not empty: name a new folder")
    name = f"tlsprobe-{TOOL_VERSION}"
    archive = (folder / f"{name}.tar.gz").resolve()
    _run(root, "git", "archive", f"--prefix={name}/", f"--output={archive}", commit)
    seconds = _run(root, "git", "show", "--no-patch", "--format=%ct", commit).strip()
    with tempfile.TemporaryDirectory() as temporary:
        _run(Path(temporary), "tar", "--extract", "--file", str(archive))
        source = Path(temporary) / name
        _build_wheel(source, folder.resolve(), seconds)
        _package_chart(source, folder)
        bill = bill_of_materials(
            "".join((source / "requirements" / one).read_text() for one in SHIPPED_LOCKS),
            version=TOOL_VERSION,
            moment=datetime.fromtimestamp(int(seconds), UTC),
        )
    (folder / f"{name}.cdx.json").write_text(bill, encoding="utf-8")


def _build_wheel(source: Path, folder: Path, seconds: str) -> None:
    uv = str(Path(sys.executable).parent / "uv")
    options = ("--wheel", "--quiet", "--no-config", "--offline", "--no-build-isolation")
    command = (uv, "build", *options, "--python", sys.executable, "--out-dir", str(folder))
    _run(source, *command, environment={**os.environ, "SOURCE_DATE_EPOCH": seconds})
    (folder / ".gitignore").unlink(missing_ok=True)


def _package_chart(source: Path, folder: Path) -> None:
    packaged = helm_python.package(source / "deploy/helm/tlsprobe", destination=folder)
    Path(packaged).rename(folder / f"tlsprobe-chart-{TOOL_VERSION}.tgz")


def describe(root: Path, folder: Path, commit: str, builder: str) -> None:
    """Write the provenance of the files in ``folder``, and the checksums of all of them."""
    statement = provenance(
        folder.iterdir(),
        commit=commit,
        version=TOOL_VERSION,
        builder=builder,
        locks=(root / "requirements").glob("*.txt"),
    )
    (folder / f"tlsprobe-{TOOL_VERSION}.provenance.json").write_text(statement, encoding="utf-8")
    lines = [f"{sha256_of(one)}  {one.name}\n" for one in sorted(folder.iterdir())]
    (folder / CHECKSUMS).write_text("".join(lines), encoding="utf-8")


def sign(checksums: Path, key: Path) -> None:
    """Write the signature of the list of checksums next to it.

    Raises:
        ReleaseError: if ssh-keygen cannot sign with the key.
    """
    command = ("ssh-keygen", "-Y", "sign", "-n", NAMESPACE, "-f", str(key), str(checksums))
    _run(Path.cwd(), *command)


def _run(root: Path, *command: str, environment: dict[str, str] | None = None) -> str:
    try:
        done = subprocess.run(
            command, cwd=root, env=environment, capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise ReleaseError(f"{command[0]} cannot be started ({error}): install it") from None
    if done.returncode != 0:
        reason = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        raise ReleaseError(f"{' '.join(command[:3])} failed: {''.join(reason)}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
