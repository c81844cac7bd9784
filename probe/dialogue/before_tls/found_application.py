"""The application protocol of an endpoint, and what checks need to know about how TLS begins in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from model.application_protocol import DEFAULT_PROTOCOL
from model.frozen import frozen
from model.verdict import Fact, Verdict
from probe.dialogue.answer import ConnectFailure, conversation_evidence
from probe.dialogue.before_tls.first_command import FirstCommand
from probe.dialogue.before_tls.injection import Injection
from probe.dialogue.before_tls.plaintext_findings import PlaintextFindings
from probe.dialogue.before_tls.scripted import Scripted
from probe.tls.limits import MAX_EVIDENCE_LENGTH

LooksInPlaintext: TypeAlias = Callable[[], Scripted[PlaintextFindings | ConnectFailure]]
"""Makes the Dialogue that tests a server without TLS; it fails if the server talks to no client, or not to us."""


@frozen
class FoundApplication:
    """The protocol of one endpoint.

    ``greeting`` holds the bytes by which it was found; it is empty if the server sent nothing unasked, and
    None if the target names the protocol. ``begins_in_plaintext`` is true if there is a plaintext phase
    before TLS, and ``has_starttls`` if its end is the client's request for TLS; ``looks_in_plaintext`` makes the Dialogue that tests the server without TLS; ``first_command``
    may be sent inside TLS before a login.
    """

    name: str
    greeting: bytes | None = None
    begins_in_plaintext: bool = False
    has_starttls: bool = False
    injection: Injection | None = None
    first_command: FirstCommand | None = None
    looks_in_plaintext: LooksInPlaintext | None = None

    @property
    def detected(self) -> Fact | None:
        """The fact that the visit detected this protocol; None if the target names it."""
        if self.greeting is None:
            return None
        note = (
            "its greeting shows it"
            if self.greeting
            else "it sent no greeting; inferred from its port"
        )
        heard, is_cut = (
            self.greeting[:MAX_EVIDENCE_LENGTH],
            len(self.greeting) > MAX_EVIDENCE_LENGTH,
        )
        proof = conversation_evidence(b"", heard, note, is_cut=is_cut)
        return Fact(verdict=Verdict.YES, evidence=proof, value=self.name)


FROM_THE_FIRST_BYTE: Final = FoundApplication(name=DEFAULT_PROTOCOL)
"""TLS from the first byte, without a test for service without TLS."""
