"""``tlsprobe demo``: runs the service against six local demo servers."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from service.cli.app import (
    EXIT_OK,
    fail,
)
from service.cli.options import AllowUnauthenticated
from service.cli.parameters import Option, command


@command(
    short_help="Run the service against six local demo servers.",
    epilog="""\b
Examples:
  tlsprobe demo
  tlsprobe demo --aws
  tlsprobe demo --listen 127.0.0.1:9900 --directory ~/tlsprobe-demo""",
)
def demo(
    *,
    listen: Annotated[
        str, Option(metavar="HOST:PORT", help="Address to serve metrics on.")
    ] = "127.0.0.1:9844",
    aws: Annotated[
        bool,
        Option(
            help="Also read a small AWS account on this machine, and show which of its claims about the "
            "servers are proved and contradicted. Needs tlsprobe[aws]; your own AWS account is not used.",
        ),
    ] = False,
    allow_unauthenticated: AllowUnauthenticated = False,
    directory: Annotated[
        Path | None,
        Option(
            metavar="DIRECTORY",
            help="Store the demo's certificates and database here. Default: a temporary "
            "directory, which is removed at the end.",
        ),
    ] = None,
) -> int:
    """Start six real TLS servers on this machine, each with something to find, and probe them.

    No network is needed: the servers listen on loopback, and stop with the demo.
    """
    from policy.files.yaml_file import ConfigError
    from service.demo.demonstrate import demonstrate
    from service.process.event_loop import run_service
    from service.process.start_up import StartError

    try:
        run_service(
            demonstrate(
                listen,
                directory,
                sys.stdout,
                allow_unauthenticated=allow_unauthenticated,
                with_aws=aws,
            )
        )
    except (ConfigError, StartError) as error:
        return fail(str(error))
    return EXIT_OK
