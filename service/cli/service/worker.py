"""``tlsprobe worker``: makes the visits that a scheduler hands out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from service.cli.app import EXIT_OK, fail
from service.cli.parameters import Option, command


@command(
    short_help="Probe endpoints for `tlsprobe serve`, together with other workers.",
    epilog="""\b
Examples:
  tlsprobe worker --config /etc/tlsprobe/tlsprobe.yml
  tlsprobe worker --config tlsprobe.yml --tag zone=dmz

SIGTERM or Ctrl-C stops it within 10 seconds; another worker picks up unfinished probes.

How to run workers: docs/explanation/scale.md.""",
)
def worker(
    config: Annotated[
        Path | None,
        Option(metavar="FILE", help="The configuration of the service, a YAML file."),
    ] = None,
    tag: Annotated[
        list[str] | None,
        Option(
            metavar="zone=NAME",
            help="Probe only endpoints with this label; repeatable. Replaces the "
            "configuration's workers.tags. Default: only endpoints without the label zone.",
        ),
    ] = None,
    database: Annotated[
        str | None,
        Option(metavar="URL", help="The service's PostgreSQL database."),
    ] = None,
) -> int:
    """Take jobs from the service's database, probe their endpoints, and store the results there."""
    from policy.files.yaml_file import ConfigError
    from service.config.load import load_settings
    from service.process.event_loop import run_service
    from service.process.start_up import StartError

    given = {} if database is None else {"database": database}
    try:
        settings = load_settings(config, **given)
    except ConfigError as error:
        return fail(str(error))
    if not settings.workers.enabled:
        return fail("workers are off in this configuration: set workers.enabled: true")
    try:
        from service.fleet.worker import work
    except ModuleNotFoundError as error:
        return fail(f"workers need the Python package {error.name}: install tlsprobe[workers]")
    try:
        run_service(work(settings, tag if tag is not None else settings.workers.tags))
    except (StartError, ValueError) as error:
        return fail(str(error))
    return EXIT_OK
