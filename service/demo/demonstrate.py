"""Runs the demo's servers and the service that probes them, with a separate database."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory
from typing import Any, Final, TextIO

from model.intrusiveness import Intrusiveness
from service.config.load import load_settings
from service.config.settings import ServiceSettings
from service.daemon.run import serve
from service.demo import DemoFleet
from service.demo.aws_account import DemoAwsAccount
from service.demo.recipes import RECIPES
from service.process.start_up import StartError

_INTERVAL_SECONDS: Final = 60.0
"""Short enough for a newcomer to see the service at work."""
_POLICIES: Final = ("encryption-in-transit", "mozilla-intermediate")


async def demonstrate(
    listen: str,
    directory: Path | None,
    stream: TextIO,
    *,
    allow_unauthenticated: bool = False,
    with_aws: bool = False,
) -> None:
    """Run the demo until SIGTERM or SIGINT, with its files in ``directory`` or a temporary one.

    At the start it describes the demo on ``stream``. ``with_aws`` adds what an AWS account declares of the servers.

    Raises:
        ConfigError: if ``listen`` is not an address.
        StartError: if the port is taken, the directory cannot be used, or the package for AWS is missing.
    """
    if with_aws and find_spec("botocore") is None:
        raise StartError("the Python package botocore is missing: install tlsprobe[aws]")
    async with AsyncExitStack() as stack:
        try:
            home = directory or Path(stack.enter_context(TemporaryDirectory(prefix="tlsprobe-")))
            fleet = await stack.enter_async_context(DemoFleet(directory=home.absolute()))
            account = DemoAwsAccount(fleet)
            if with_aws:
                await stack.enter_async_context(account)
        except OSError as error:
            place = f"{error.filename}: " if error.filename else ""
            raise StartError(
                f"the demo's servers cannot start ({place}{error.strerror}): give a --directory "
                "that this user can write to"
            ) from error
        settings = _settings(
            listen,
            fleet,
            allow_unauthenticated=allow_unauthenticated,
            discovery=[account.source] if with_aws else [],
        )
        await serve(
            settings,
            targets=fleet.targets,
            on_start=lambda url: _introduce(url, fleet, stream, _claims(url) if with_aws else ()),
        )


def _settings(listen: str, fleet: DemoFleet, **more: Any) -> ServiceSettings:
    return load_settings(
        None,
        listen=listen,
        database=f"sqlite:///{fleet.directory / 'tlsprobe.db'}",
        targets_files=(),
        interval_seconds=_INTERVAL_SECONDS,
        metrics={"detail": "all"},
        probe={"intrusiveness": Intrusiveness.FULL},
        policies=_POLICIES,
        trust_stores={"mozilla": None, **fleet.trust_stores},
        **more,
    )


def _program() -> str:
    """How the reader calls tlsprobe in another terminal: by its name, or by the path that started the demo."""
    started = sys.argv[0]
    return started if Path(started).name == "tlsprobe" and not which("tlsprobe") else "tlsprobe"


def _introduce(url: str, fleet: DemoFleet, stream: TextIO, claims: Sequence[str]) -> None:
    stream.write(f"{_introduction(url, fleet, claims)}\n")
    stream.flush()


def _claims(url: str) -> Sequence[str]:
    return (
        "What an AWS account declares of them, proved and contradicted:",
        f"  {url}/claims",
    )


def _introduction(url: str, fleet: DemoFleet, claims: Sequence[str]) -> str:
    servers = [
        f"  {target.host}:{target.port}  {recipe.name:<10}  {recipe.says}"
        for target, recipe in zip(fleet.targets, RECIPES, strict=True)
    ]
    first = fleet.targets[0]
    (name, file), *_ = fleet.trust_stores.items()
    command = (
        f"{_program()} scan {first.host}:{first.port} --server-name {first.server_name} "
        f"--trust-store {name}={file}"
    )
    return "\n".join(
        (
            f"Six TLS servers on this machine, each probed every {_INTERVAL_SECONDS:g} seconds:",
            *servers,
            "",
            "What tlsprobe found out about them:",
            f"  {url}/metrics/endpoints",
            f"Compliance with the policies {' and '.join(_POLICIES)}:",
            f"  {url}/reports/html",
            *claims,
            "The service itself:",
            f"  {url}/",
            "Scan one yourself, from another terminal:",
            f"  {command}",
            "See what changed:",
            f"  {_program()} changes --since 1d --database sqlite:///{fleet.directory / 'tlsprobe.db'}",
            "",
            "Ctrl-C stops everything.",
        )
    )
