"""A release is built from a tagged commit, the same each time, and its signature covers every file."""

from __future__ import annotations

import json
import shutil
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

from model.version import TOOL_VERSION as VERSION
from scripts.supply_chain.provenance import sha256_of
from scripts.supply_chain.release import (
    CHECKSUMS,
    NAMESPACE,
    ROOT,
    ReleaseError,
    build,
    describe,
    released_commit,
    sign,
)

pytestmark = [pytest.mark.slow, pytest.mark.integration]

PARTS = (
    "pyproject.toml",
    "README.md",
    "LICENSE",
    "model",
    "tlsprobe",
    "requirements",
    "deploy/helm/tlsprobe",
)


def git(root: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=root, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with the parts of this one that a small release needs, at the tag of its version."""
    root = tmp_path_factory.mktemp("source")
    for name in PARTS:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, root / name)
    git(root, "init", "--quiet")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "first")
    git(root, "tag", f"v{VERSION}")
    return root


@pytest.fixture(scope="module")
def release(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("release") / "files"
    commit = released_commit(source, VERSION)
    build(source, folder, commit)
    describe(source, folder, commit, "https://example.com/builder")
    return folder


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("key") / "release"
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(file)]
    subprocess.run(command, check=True, capture_output=True)
    return file


def verified(folder: Path, key: Path, tmp_path: Path) -> bool:
    """As docs/contribute/release.md says."""
    signers = tmp_path / "allowed_signers"
    signers.write_text(
        f'release@example.com namespaces="{NAMESPACE}" {key.with_suffix(".pub").read_text()}'
    )
    command = ["ssh-keygen", "-Y", "verify", "-f", str(signers), "-I", "release@example.com"]
    with (folder / CHECKSUMS).open("rb") as checksums:
        signature = subprocess.run(
            [*command, "-n", NAMESPACE, "-s", str(folder / f"{CHECKSUMS}.sig")],
            stdin=checksums,
            capture_output=True,
            check=False,
        )
    files = subprocess.run(
        ["sha256sum", "--check", "--strict", CHECKSUMS],
        cwd=folder,
        capture_output=True,
        check=False,
    )
    return signature.returncode == files.returncode == 0


def test_the_release_has_its_files(release: Path) -> None:
    assert {one.name for one in release.iterdir()} >= {
        f"tlsprobe-{VERSION}-py3-none-any.whl",
        f"tlsprobe-{VERSION}.tar.gz",
        f"tlsprobe-chart-{VERSION}.tgz",
        f"tlsprobe-{VERSION}.cdx.json",
        f"tlsprobe-{VERSION}.provenance.json",
        CHECKSUMS,
    }
    wheel = zipfile.ZipFile(release / f"tlsprobe-{VERSION}-py3-none-any.whl")
    assert "tlsprobe/__init__.py" in wheel.namelist()
    with tarfile.open(release / f"tlsprobe-chart-{VERSION}.tgz") as chart:
        assert "tlsprobe/Chart.yaml" in chart.getnames()


def test_two_builds_of_a_commit_are_the_same(source: Path, release: Path, tmp_path: Path) -> None:
    build(source, tmp_path / "again", released_commit(source, VERSION))
    again = {one.name: sha256_of(one) for one in (tmp_path / "again").iterdir()}
    assert again == {name: sha256_of(release / name) for name in again}
    assert len(again) == 4


def test_the_provenance_names_every_file_and_the_commit(source: Path, release: Path) -> None:
    """In-toto Statement v1 and SLSA Provenance v1: the required fields."""
    statement = json.loads((release / f"tlsprobe-{VERSION}.provenance.json").read_text())
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == "https://slsa.dev/provenance/v1"
    named = {one["name"]: one["digest"]["sha256"] for one in statement["subject"]}
    described = {one for one in release.iterdir() if "provenance" not in one.name}
    assert named == {
        one.name: sha256_of(one) for one in described if not one.name.startswith(CHECKSUMS)
    }
    definition = statement["predicate"]["buildDefinition"]
    materials = {one["name"]: one["digest"] for one in definition["resolvedDependencies"]}
    assert materials["source"] == {"gitCommit": git(source, "rev-parse", "HEAD")}
    assert "requirements/run.txt" in materials
    details = statement["predicate"]["runDetails"]
    assert details["builder"] == {"id": "https://example.com/builder"}


def test_the_signature_covers_every_file(release: Path, key: Path, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    shutil.copytree(release, folder)
    sign(folder / CHECKSUMS, key)
    listed = {line.split()[1] for line in (folder / CHECKSUMS).read_text().splitlines()}
    unlisted = {one.name for one in folder.iterdir()} - listed
    assert unlisted == {CHECKSUMS, f"{CHECKSUMS}.sig"}
    assert verified(folder, key, tmp_path)
    for name in listed | {CHECKSUMS}:
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content + b"\n")
        assert not verified(folder, key, tmp_path), name
        (folder / name).write_bytes(content)


def test_a_key_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    (tmp_path / CHECKSUMS).write_text("")
    with pytest.raises(ReleaseError, match="ssh-keygen -Y sign failed"):
        sign(tmp_path / CHECKSUMS, tmp_path / "none")


def test_only_a_clean_tagged_tree_is_released(source: Path, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", str(source), str(clone))
    with pytest.raises(ReleaseError, match="not tagged v9\\.9"):
        released_commit(clone, "9.9")
    (clone / "new.txt").write_text("")
    with pytest.raises(ReleaseError, match="uncommitted changes"):
        released_commit(clone, VERSION)


def test_a_folder_with_files_is_not_used(source: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ReleaseError, match="is not empty"):
        build(source, tmp_path, "HEAD")
