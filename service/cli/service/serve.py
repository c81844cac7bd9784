"""``tlsprobe serve``: runs the service until it is stopped."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

from service.cli.app import (
    EXIT_OK,
    fail,
)
from service.cli.options import AllowUnauthenticated
from service.cli.parameters import Option, command

_TargetsFiles: TypeAlias = Annotated[
    list[Path] | None,
    Option(
        metavar="FILE",
        help="A YAML or JSON file of targets, read again when it changes; repeatable. "
        "Replaces the configuration's targets_files.",
    ),
]

_Listen: TypeAlias = Annotated[
    str | None,
    Option(metavar="HOST:PORT", help="Address to serve metrics on. [default: 127.0.0.1:9844]"),
]


@command(
    short_help="Probe endpoints at intervals, and serve metrics.",
    epilog="""\b
Examples:
  tlsprobe serve --targets targets.yml
  tlsprobe serve --config /etc/tlsprobe/tlsprobe.yml
  tlsprobe serve --targets targets.yml --listen 127.0.0.1:9900
  tlsprobe serve   (clients add the targets through the API)

Metrics are at /metrics (the service) and /metrics/endpoints (the endpoints' facts).

SIGTERM or Ctrl-C stops it within 10 seconds. Every setting: docs/reference/configuration.md.""",
)
def serve(
    *,
    config: Annotated[
        Path | None, Option(metavar="FILE", help="The configuration, a YAML file.")
    ] = None,
    targets: _TargetsFiles = None,
    listen: _Listen = None,
    allow_unauthenticated: AllowUnauthenticated = False,
    database: Annotated[
        str | None,
        Option(metavar="URL", help="Where to store results. [default: sqlite:///tlsprobe.db]"),
    ] = None,
) -> int:
    """Probe the endpoints of targets files at intervals, store the results, and serve metrics."""
    from policy.files.yaml_file import ConfigError
    from service.config.load import load_settings
    from service.process.event_loop import run_service

    said = {
        "targets_files": targets,
        "listen": listen,
        "allow_unauthenticated": allow_unauthenticated or None,
        "database": database,
    }
    given = {name: value for name, value in said.items() if value is not None}
    try:
        settings = load_settings(config, **given)
    except ConfigError as error:
        return fail(str(error))
    if settings.http.admin == "off" and not settings.names_targets:
        return fail(
            "there is nothing to probe, and http.admin: off lets no client add a target: add --targets FILE, "
            "or set targets_files or discovery in the configuration"
        )
    from service.daemon.run import serve as serve_until_stopped
    from service.process.start_up import StartError

    try:
        run_service(
            serve_until_stopped(settings, read_again=lambda: load_settings(config, **given))
        )
    except StartError as error:
        return fail(str(error))
    return EXIT_OK
