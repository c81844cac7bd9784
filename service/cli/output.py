"""What commands share that print text or JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from service.cli.app import EXIT_OK, say


def print_either(as_object: dict[str, Any] | None, lines: Iterable[str]) -> int:
    """Print the object as JSON, or the lines if there is no object; returns the exit code."""
    if as_object is not None:
        say(json.dumps(as_object))
    else:
        say(*lines)
    return EXIT_OK
