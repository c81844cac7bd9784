"""Every named group (elliptic curves, finite fields, post-quantum KEMs) of the registry."""

from __future__ import annotations

from typing import Final

from model.frozen import frozen
from model.registry.table import code_point_name, read_table


@frozen
class NamedGroup:
    """One row of the registry; ``security_bits`` is None if there is no agreed value."""

    code_point: int
    name: str
    kind: str
    security_bits: int | None
    post_quantum: bool
    usable_in_tls13: bool


def _from_row(row: dict[str, str]) -> NamedGroup:
    return NamedGroup(
        code_point=int(row["code_point"], 16),
        name=row["name"],
        kind=row["kind"],
        security_bits=int(row["security_bits"]) if row["security_bits"] else None,
        post_quantum=row["post_quantum"] == "True",
        usable_in_tls13=row["tls13"] == "True",
    )


NAMED_GROUPS: Final = tuple(_from_row(row) for row in read_table("named_groups"))
"""All named groups in code point order."""

_BY_CODE_POINT: Final = {group.code_point: group for group in NAMED_GROUPS}


def named_group_name(code_point: int) -> str:
    """The group's registry name, or ``0xABCD`` if it has none."""
    group = _BY_CODE_POINT.get(code_point)
    return group.name if group else code_point_name(code_point)


_CODE_POINTS: Final = {group.name: group.code_point for group in reversed(NAMED_GROUPS)}


def named_group_code_point(name: str) -> int | None:
    """The code point of a name from ``named_group_name``; None if the registry does not have it."""
    return _CODE_POINTS.get(name)
