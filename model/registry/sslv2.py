"""The cipher kinds of SSL 2.0 (three-byte code points), all of them insecure."""

from __future__ import annotations

from typing import Final

from model.frozen import frozen
from model.registry.cipher_suites import Strength, cipher_suite_by_name
from model.registry.table import read_table


@frozen
class Sslv2CipherKind:
    """One cipher kind; ``code_point`` has three bytes."""

    code_point: int
    name: str


SSLV2_CIPHER_KINDS: Final = tuple(
    Sslv2CipherKind(code_point=int(row["code_point"], 16), name=row["name"])
    for row in read_table("sslv2_cipher_kinds")
)
"""All cipher kinds in code point order."""

_NAMES: Final = frozenset(kind.name for kind in SSLV2_CIPHER_KINDS)


def strength_by_name(name: str) -> Strength | None:
    """The strength of the cipher suite or kind with that name; None if no registry has it."""
    if name in _NAMES:
        return Strength.INSECURE
    suite = cipher_suite_by_name(name)
    return suite.strength if suite is not None else None
