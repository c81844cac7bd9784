"""The names that a server accepts and whose order decides, compared with an Observation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from model.observation import AcceptedSet
from model.verdict import Preference


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The names that a server accepts, in its own order, and whose order decides.

    ``preference`` is None if the server's documentation does not say whose order decides.
    """

    accepted: tuple[str, ...]
    preference: Preference | None

    @classmethod
    def of(cls, accepted: tuple[str, ...], preference: Preference | None) -> Choice:
        """The choice among ``accepted``; with fewer than two names, no order is visible."""
        return cls(
            accepted=accepted,
            preference=preference if len(accepted) > 1 else Preference.UNKNOWN,
        )


def choice_disagreements(what: str, choice: Choice, found: AcceptedSet) -> Iterator[str]:
    """One sentence for each way in which ``found`` differs from ``choice``."""
    missing = [name for name in choice.accepted if name not in found.accepted]
    surplus = [name for name in found.accepted if name not in choice.accepted]
    if missing or surplus:
        yield f"{what}: not found although accepted {missing}, found although refused {surplus}"
    elif choice.preference is Preference.SERVER and found.accepted != choice.accepted:
        yield f"{what}: truth in the order {choice.accepted}, observed {found.accepted}"
    if choice.preference not in (None, found.preference):
        yield f"{what}: truth preference {choice.preference}, observed {found.preference}"
    if not found.complete:
        note = found.refusal.note if found.refusal else None
        yield f"{what}: truth complete, observed incomplete ({note})"
