"""A fast estimate of a value's size in memory, never far too low, by which caches are bounded."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum

_SHARED = (bool, type(None), Enum, type)
"""Each of these values exists once, however many references it has."""

_OPAQUE_BYTES = 1024
"""The estimate for an object whose content cannot be inspected."""


def weight(value: object) -> int:
    """The size in bytes of ``value`` and its content: containers, dataclasses, text, bytes and numbers.

    An object that occurs twice counts once. An object of any other type counts 1 kB: a caller that stores
    larger ones adds the difference.
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
