"""``tlsprobe modules``: which modules of /probe can be used, and which stay in their own exporter."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

from service.cli.app import EXIT_OK, fail
from service.cli.options import AsJson
from service.cli.output import print_either
from service.cli.parameters import Argument, command

EXIT_SOME_STAY: Final = 1


@command(
    short_help="Show which modules of blackbox_exporter and ssl_exporter tlsprobe can use.",
    epilog="""\b
Examples:
  tlsprobe modules /etc/prometheus/blackbox.yml
  tlsprobe modules ssl_exporter.yml
  tlsprobe modules tlsprobe.yml

Exit codes: 0 all modules can be used; 1 some cannot; 2 the file cannot be read.""",
)
def modules(
    file: Annotated[
        Path,
        Argument(metavar="FILE", help="A file with `modules`: of an exporter, or of tlsprobe."),
    ],
    *,
    as_json: AsJson = False,
) -> int:
    """Check every module of a file, and report all reasons why tlsprobe cannot use some of them.

    Nothing is probed, and nothing is changed.
    """
    from policy.files.yaml_file import ConfigError
    from service.config.modules.check import check_modules, modules_json, modules_lines

    try:
        checked = check_modules(file)
    except ConfigError as error:
        return fail(str(error))
    print_either(modules_json(checked) if as_json else None, modules_lines(checked))
    return EXIT_OK if all(one.emits for one in checked) else EXIT_SOME_STAY
