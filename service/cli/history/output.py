"""What the commands of this folder have in common: text or JSON, and a host that is not known."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from service.cli.app import EXIT_OK


def print_either(as_object: dict[str, Any] | None, lines: Iterable[str]) -> int:
    """Print the object as JSON, or the lines where there is none; returns the exit code."""
    if as_object is not None:
        print(json.dumps(as_object))
    else:
        for line in lines:
            print(line)
    return EXIT_OK


def no_endpoint_of(host: str) -> str:
    """What to say where the database has no endpoint of ``host``."""
    return (
        f"the database knows no endpoint of {host!r}: give the host, the target or the endpoint as "
        "`tlsprobe inventory` prints it"
    )
