"""The facts that a conversation without TLS has shown so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from model.frozen import frozen
from model.verdict import Verdict

_LONGEST_LIST: Final = 500
"""Characters of a list of mechanisms: 25 SASL names of maximum length (RFC 4422, section 3.1)."""


@frozen
class PlaintextFact:
    """One fact learned in plaintext, without the bytes that prove it."""

    verdict: Verdict
    note: str
    value: str | None = None


@dataclass(slots=True)
class PlaintextFindings:
    """Findings by the names of ``Observation.plaintext``."""

    remarks: dict[str, PlaintextFact] = field(default_factory=dict)

    def note(self, name: str, *, holds: bool, note: str, value: str | None = None) -> None:
        """Records a fact; a later one with the same name replaces it."""
        verdict = Verdict.YES if holds else Verdict.NO
        self.remarks[name] = PlaintextFact(verdict=verdict, note=note, value=value)

    def goes_on(self, *, holds: bool, note: str, value: str | None = None) -> None:
        """Records whether a session in a protocol with STARTTLS continues without it."""
        self.note("answers_in_plaintext", holds=holds, note=note, value=value)
        self.note("starttls_enforced", holds=not holds, note=note)

    def login(self, mechanisms: str) -> None:
        """Records which login mechanisms are offered before TLS; an empty text means none.

        A list longer than any real one is cut and ends with an ellipsis.
        """
        shown = mechanisms[:_LONGEST_LIST] + "…" * (len(mechanisms) > _LONGEST_LIST)
        note = f"offered before TLS: {shown or 'no login'}"
        self.note("login_before_tls", holds=bool(shown), note=note, value=shown or None)

    def offered(self, *, holds: bool, note: str) -> None:
        """Records whether the server states that it has STARTTLS."""
        self.note("starttls_offered", holds=holds, note=note)
