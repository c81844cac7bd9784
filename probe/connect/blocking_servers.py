"""Servers that block a client's address after too many broken connections: how they show, and what is not asked."""

from __future__ import annotations

from typing import Final

from model.application_protocol import blocks_clients
from pki.net_guard.connect_errors import Allowance
from probe.dialogue.answer import ConnectFailure, FailureKind, NotTls
from probe.dialogue.before_tls.greetings import greeting_of

NEVER_BLOCKED: Final = frozenset({"127.0.0.1", "::1"})
"""MySQL and MariaDB do not count errors of these (is_ip_loopback in sql/hostname.cc)."""


def over_allowance(allowance: Allowance) -> ConnectFailure:
    """The answer to every question at whose server this machine's visits have broken off enough connections."""
    return ConnectFailure(
        kind=FailureKind.BUDGET,
        detail=(
            "the server blocks clients that break off too many connections, so the questions that do are"
            f" asked again after {allowance.renewed_on}"
        ),
    )


def blocking_service(result: object) -> str | None:
    """The service that answered in plaintext, if it is one that blocks clients."""
    if not isinstance(result, ConnectFailure | NotTls):
        return None
    shown = greeting_of(result.raw)
    return shown.service if shown is not None and blocks_clients(shown.protocol or "") else None
