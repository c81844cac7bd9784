"""Finds the protocol of a server whose target does not name it, by listening first."""

from __future__ import annotations

from probe.connect.starttls.application import Application
from probe.connect.starttls.detect import LISTENS_SECONDS, Listening, application_of
from probe.dialogue.answer import ConnectFailure
from probe.transport import ProbeTransport


async def find_application(transport: ProbeTransport, port: int) -> tuple[Application, bytes]:
    """The protocol of the server at ``port``, and the greeting that shows it; empty if none came."""
    heard = await transport.converse_in_plaintext(Listening(), LISTENS_SECONDS)
    greeting = b"" if isinstance(heard, ConnectFailure) else heard
    return application_of(greeting, port), greeting
