"""What a value takes in memory, estimated fast and never far too low: by it caches are bounded."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum

_SHARED = (bool, type(None), Enum, type)
"""Of these there is one object, whoever refers to it."""

_OPAQUE_BYTES = 1024
"""Of an object that does not say what it holds."""


def weight(value: object) -> int:
    """The bytes of ``value`` and all that it holds: containers, dataclasses, text, bytes and numbers.

    What it holds twice counts once. Any other object counts 1 kB: a caller that stores larger ones adds what it
    knows of them.
    """
    total, seen, waiting = 0, set[int](), [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, _SHARED) or id(one) in seen:
            continue
        seen.add(id(one))
        total += sys.getsizeof(one)
        if isinstance(one, str | bytes | bytearray | int | float):
            continue
        if isinstance(one, Mapping):
            waiting += one.keys()
            waiting += one.values()
        elif isinstance(one, tuple | list | set | frozenset):
            waiting += one
        elif is_dataclass(one):
            waiting += [getattr(one, field.name) for field in fields(one)]
        else:
            total += _OPAQUE_BYTES
    return total
