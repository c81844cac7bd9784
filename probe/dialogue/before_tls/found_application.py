"""Which application protocol an endpoint speaks, and what checks need to know of how TLS begins in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from model.application_protocol import DEFAULT_PROTOCOL
from probe.dialogue.before_tls.injection import Injection
from probe.dialogue.before_tls.plaintext_findings import PlaintextFindings
from probe.dialogue.before_tls.scripted import Scripted


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundApplication:
    """One endpoint's protocol.

    ``greeting`` are the bytes by which it was found, empty where the server said nothing by itself, and None
    where the target names the protocol. ``begins_in_plaintext`` is whether words come before TLS;
    ``looks_in_plaintext`` makes the Dialogue that looks at the server without TLS.
    """

    name: str
    greeting: bytes | None = None
    begins_in_plaintext: bool = False
    injection: Injection | None = None
    looks_in_plaintext: Callable[[], Scripted[PlaintextFindings]] | None = None


FROM_THE_FIRST_BYTE: Final = FoundApplication(name=DEFAULT_PROTOCOL)
"""TLS with nothing before it, and no look without it."""
