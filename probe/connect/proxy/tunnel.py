"""How a tunnel through a proxy ends: open, or failed with a reason.

A refusal by a proxy says nothing about the server, unless the proxy states that the server refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from probe.dialogue.answer import Ending, FailureKind


@dataclass(frozen=True, slots=True)
class TunnelOpen:
    """The tunnel is open: the next bytes come from the server, and ``surplus`` holds those already received."""

    surplus: bytes = b""


@dataclass(frozen=True, slots=True)
class TunnelFailed:
    """The tunnel failed; ``detail`` gives the reason in a few words."""

    kind: FailureKind
    detail: str


TunnelEnd: TypeAlias = TunnelOpen | TunnelFailed


def ended(ending: Ending) -> TunnelFailed:
    """The proxy closed, or sent nothing."""
    return TunnelFailed(
        FailureKind.UNREACHABLE, f"{ending.value} by the proxy before the tunnel was open"
    )
