"""``tlsprobe status``: shows what a running service is doing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

from service.cli.app import (
    EXIT_OK,
    fail,
    say,
)
from service.cli.options import (
    AsJson,
)
from service.cli.parameters import Option, command


@command(
    short_help="Show what a running service is doing.",
    epilog="""\b
Examples:
  tlsprobe status
  tlsprobe status --url https://probe.example:9844 --token-file viewer-token""",
)
def status(
    *,
    url: Annotated[str, Option(metavar="URL", help="The service's URL.")] = "http://127.0.0.1:9844",
    token_file: Annotated[
        Path | None,
        Option(metavar="FILE", help="A file with a token of the service (http.tokens)."),
    ] = None,
    ca_file: Annotated[
        Path | None,
        Option(metavar="FILE", help="Verify the service's certificate by these (PEM)."),
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Show the lag, the rate of visits, the sources, and the endpoints that have failed longest."""
    from service.http.status_client import StatusError, ask_status, status_lines

    try:
        said = ask_status(url, token_file, ca_file)
    except StatusError as error:
        return fail(str(error))
    say(*([json.dumps(said)] if as_json else status_lines(said)))
    return EXIT_OK
