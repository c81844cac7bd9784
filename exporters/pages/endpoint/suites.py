"""The cipher suites of an endpoint as a matrix: a line for each suite, a column for each version."""

from __future__ import annotations

from collections.abc import Iterator

from exporters.pages.rows import STRENGTH_MARKS, Badge
from model.frozen import frozen
from model.observation import Observation
from model.registry import Strength, cipher_suite_by_name, strength_by_name
from model.verdict import Preference, UnknownCause

_ORDER = list(Strength)


@frozen
class SuiteLine:
    """One suite; ``openssl`` is its other name. ``ranks`` has its place in each version, None if it is refused."""

    name: str
    openssl: str
    strength: Badge
    ranks: tuple[int | None, ...]


@frozen
class SuiteMatrix:
    """The columns, newest version first, the lines, weakest first, and sentences about whole columns."""

    versions: tuple[str, ...]
    lines: tuple[SuiteLine, ...]
    notes: tuple[str, ...]


def suite_matrix(observation: Observation) -> SuiteMatrix:
    """All suites that any version accepts."""
    sets = sorted(observation.cipher_suites.items(), reverse=True)
    names = dict.fromkeys(name for _, found in sets for name in found.accepted)
    lines = [
        SuiteLine(
            name=name,
            openssl=_openssl(name),
            strength=_badge(_strength(name)),
            ranks=tuple(
                found.accepted.index(name) + 1 if name in found.accepted else None
                for _, found in sets
            ),
        )
        for name in sorted(names, key=lambda name: _ORDER.index(_strength(name)))
    ]
    return SuiteMatrix(
        versions=tuple(version.display_name for version, _ in sets),
        lines=tuple(lines),
        notes=tuple(_notes(observation)),
    )


def _notes(observation: Observation) -> Iterator[str]:
    orders = {
        Preference.SERVER: "the server's own order decides",
        Preference.CLIENT: "the client's order decides",
        Preference.UNKNOWN: "whose order decides is unknown",
    }
    for version, found in sorted(observation.cipher_suites.items(), reverse=True):
        note = f"{version.display_name}: {orders[found.preference]}"
        if not found.complete:
            is_withheld = found.cause is UnknownCause.NEEDS_CLIENT_CERTIFICATE
            why = ", because the server needs a client certificate" if is_withheld else ""
            note += f"; the list may be incomplete{why}"
        yield f"{note}."


def _strength(name: str) -> Strength:
    return strength_by_name(name) or Strength.INSECURE


def _badge(strength: Strength) -> Badge:
    return Badge(text=strength.value, mark=STRENGTH_MARKS[strength])


def _openssl(name: str) -> str:
    suite = cipher_suite_by_name(name)
    return (suite and suite.openssl_name) or ""
