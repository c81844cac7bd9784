"""How often Python looks for garbage: rarely while a command imports its modules, because modules are not garbage.

A scan imports so many that it would look a hundred times, which takes a fifteenth of its processor time.
"""

from __future__ import annotations

import gc
from typing import Final

_USUAL: Final = gc.get_threshold()

_MANY_OBJECTS: Final = 100_000
"""More than a command has when it begins its work."""


def collect_rarely() -> None:
    """For the time until the command begins its work."""
    gc.set_threshold(_MANY_OBJECTS)


def keep_for_long() -> None:
    """Search no object again that exists by now: statuses of a million endpoints, which have no cycles, take seconds."""
    gc.freeze()


def collect_as_usual() -> None:
    """For work that creates and drops many objects. The modules that exist by now are not searched again."""
    if gc.get_threshold() != _USUAL:
        gc.freeze()
        gc.set_threshold(*_USUAL)
