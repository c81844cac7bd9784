"""``tlsprobe doctor``: examines what the service needs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

from service.cli.app import EXIT_OK, fail
from service.cli.options import AsJson
from service.cli.output import print_either
from service.cli.parameters import Option, command

EXIT_FAILED: Final = 1


@command(
    short_help="Examine what the service needs: each part is ok, or has a fix.",
    epilog="""\b
Examples:
  tlsprobe doctor --config /etc/tlsprobe/tlsprobe.yml
  tlsprobe doctor --config tlsprobe.yml --date-from https://time.example/
  tlsprobe doctor --json | jq -r '.parts[].fix | values'

Exit codes: 0 every part is ok or has a warning; 1 a part failed; 2 the configuration is invalid.""",
)
def doctor(
    *,
    config: Annotated[
        Path | None,
        Option(metavar="FILE", help="The configuration of the service, a YAML file."),
    ] = None,
    database: Annotated[str | None, Option(metavar="URL", help="The service's database.")] = None,
    date_from: Annotated[
        str | None,
        Option(
            metavar="URL", help="Also compare the clock with the Date header of this web server."
        ),
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Examine the database, the clock, directories, open files, trust stores, the network policy, DNS, and the lag of a running service and its workers.

    Nothing is changed and no target is probed.
    """
    from policy.files.yaml_file import ConfigError
    from service.config.load import load_settings
    from service.doctor.diagnosis import Condition, diagnoses_json, diagnoses_lines, worst
    from service.doctor.examine import examine
    from service.process.event_loop import run

    try:
        settings = load_settings(config, **({} if database is None else {"database": database}))
    except ConfigError as error:
        return fail(str(error))
    found = run(examine(settings, date_from))
    print_either(diagnoses_json(found) if as_json else None, diagnoses_lines(found))
    return EXIT_FAILED if worst(found) is Condition.FAILED else EXIT_OK
