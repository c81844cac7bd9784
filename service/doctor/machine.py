"""Examines this machine: its limit of open files, the directories that the service writes to, the trust stores."""

from __future__ import annotations

import resource
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from exporters.plurals import counted
from pki.certificates import TrustStoreError, load_trust_store
from service.config.settings import ServiceSettings
from service.doctor.diagnosis import Condition, Diagnosis
from service.process.limits import files_needed
from service.process.state_files import state_base

_LEAST_FREE_BYTES: Final = 256 * 2**20


def examine_machine(settings: ServiceSettings) -> Iterator[Diagnosis]:
    """Open files, directories and trust stores; blocks."""
    yield _open_files(settings)
    base = state_base(settings.database, settings.state_directory)
    directories = {"state directory": base.parent}
    if settings.push.textfile is not None:
        directories["textfile directory"] = settings.push.textfile.parent
    for name, directory in directories.items():
        yield examine_directory(name, directory)
    for name, file in settings.trust_stores.items():
        yield _trust_store(name, file)


def _open_files(settings: ServiceSettings) -> Diagnosis:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = files_needed(settings.probe.connections_open, settings.http.connections)
    is_enough = hard == resource.RLIM_INFINITY or hard >= needed
    limit = "unlimited" if hard == resource.RLIM_INFINITY else str(hard)
    return Diagnosis(
        name="open files",
        found=f"{needed} are needed, {limit} are allowed",
        condition=Condition.OK if is_enough else Condition.WARNING,
        fix=""
        if is_enough
        else "raise the limit (LimitNOFILE= in a systemd unit, `ulimit -n` in a shell), or lower "
        "probe.connections_open: until then fewer connections are open at once",
        details={"needed": needed, "allowed": None if hard == resource.RLIM_INFINITY else hard},
    )


def examine_directory(name: str, directory: Path) -> Diagnosis:
    """Whether a file can be created in a directory, or in the one in which it will be created, and fits there."""
    present = next(one for one in (directory, *directory.absolute().parents) if one.exists())
    try:
        with tempfile.TemporaryFile(dir=present):
            free = shutil.disk_usage(present).free
    except OSError as error:
        return Diagnosis(
            name=name,
            found=f"{directory} cannot be written to: {(error.strerror or str(error)).lower()}",
            condition=Condition.FAILED,
            fix=f"let the service's user write to {present}, or name another directory",
        )
    is_roomy = free >= _LEAST_FREE_BYTES
    created = "" if present == directory else ", which will be created"
    return Diagnosis(
        name=name,
        found=f"{directory}{created}: writable, {free // 2**20} MiB free",
        condition=Condition.OK if is_roomy else Condition.WARNING,
        fix="" if is_roomy else "free space on this disk, or shorten `retention`",
        details={"free_bytes": free},
    )


def _trust_store(name: str, file: Path | None) -> Diagnosis:
    try:
        size = len(load_trust_store(name, file).certificates)
    except TrustStoreError as error:
        return Diagnosis(
            name="trust store",
            found=f"{name}: {error}",
            condition=Condition.FAILED,
            fix="correct `trust_stores`",
        )
    return Diagnosis(name="trust store", found=f"{name}: {counted(size, 'CA certificate')}")
