"""Every signature scheme of the registry, including TLS 1.2's hash and signature pairs."""

from __future__ import annotations

from typing import Final

from model.frozen import frozen
from model.registry.table import code_point_name, read_table


@frozen
class SignatureScheme:
    """One row of the registry."""

    code_point: int
    name: str
    key_type: str
    usable_in_tls13: bool


SIGNATURE_SCHEMES: Final = tuple(
    SignatureScheme(
        code_point=int(row["code_point"], 16),
        name=row["name"],
        key_type=row["key_type"],
        usable_in_tls13=row["tls13"] == "True",
    )
    for row in read_table("signature_schemes")
)
"""All signature schemes in code point order."""

_NAMES: Final = {scheme.code_point: scheme.name for scheme in SIGNATURE_SCHEMES}


def signature_scheme_name(code_point: int) -> str:
    """The scheme's registry name, or ``0xABCD`` if it has none."""
    return _NAMES.get(code_point) or code_point_name(code_point)


_CODE_POINTS: Final = {scheme.name: scheme.code_point for scheme in reversed(SIGNATURE_SCHEMES)}


def signature_scheme_code_point(name: str) -> int | None:
    """The code point of a name from ``signature_scheme_name``; None if the registry does not have it."""
    return _CODE_POINTS.get(name)
