"""What a conversation without TLS has shown so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from model.verdict import Verdict

_LONGEST_LIST: Final = 500
"""Characters of a list of mechanisms: 25 names of SASL's greatest length (RFC 4422, section 3.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaintextFact:
    """One fact learned in clear, before the bytes that prove it are put beside it."""

    verdict: Verdict
    note: str
    value: str | None = None


@dataclass(slots=True)
class PlaintextFindings:
    """Remarks by the names of ``Observation.plaintext``."""

    remarks: dict[str, PlaintextFact] = field(default_factory=dict)

    def note(self, name: str, *, holds: bool, note: str, value: str | None = None) -> None:
        """Writes a fact down; a later word on it takes the place of an earlier one."""
        verdict = Verdict.YES if holds else Verdict.NO
        self.remarks[name] = PlaintextFact(verdict=verdict, note=note, value=value)

    def goes_on(self, *, holds: bool, note: str, value: str | None = None) -> None:
        """Whether a session in a protocol with STARTTLS goes on without it."""
        self.note("answers_in_clear", holds=holds, note=note, value=value)
        self.note("starttls_enforced", holds=not holds, note=note)

    def login(self, mechanisms: str) -> None:
        """Which mechanisms of login are offered before TLS; none where the text is empty.

        A list longer than any real one is cut, and ends in an ellipsis.
        """
        shown = mechanisms[:_LONGEST_LIST] + "…" * (len(mechanisms) > _LONGEST_LIST)
        note = f"offered before TLS: {shown or 'no login'}"
        self.note("login_before_tls", holds=bool(shown), note=note, value=shown or None)

    def offered(self, *, holds: bool, note: str) -> None:
        """Whether the server says that it has STARTTLS."""
        self.note("starttls_offered", holds=holds, note=note)
