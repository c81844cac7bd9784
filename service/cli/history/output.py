"""What the commands of this folder share: text or JSON output, and the message for an unknown host."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from service.cli.app import EXIT_OK


def print_either(as_object: dict[str, Any] | None, lines: Iterable[str]) -> int:
    """Print the object as JSON, or the lines if there is no object; returns the exit code."""
    if as_object is not None:
        print(json.dumps(as_object))
    else:
        for line in lines:
            print(line)
    return EXIT_OK


def no_endpoint_of(host: str) -> str:
    """The message for a ``host`` of which the database has no endpoint."""
    return (
        f"the database has no endpoint of {host!r}: give a host, a target or an endpoint as "
        "`tlsprobe inventory` lists it"
    )
