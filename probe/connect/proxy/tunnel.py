"""How a tunnel through a proxy ends: open, or failed and why.

What a proxy refuses says nothing of the server behind it, unless the proxy says so itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from probe.dialogue.answer import Ending, FailureKind


@dataclass(frozen=True, slots=True)
class TunnelOpen:
    """From here on the server itself is heard; ``surplus`` has come of it already."""

    surplus: bytes = b""


@dataclass(frozen=True, slots=True)
class TunnelFailed:
    """There is no way through; ``detail`` says why, in a few words."""

    kind: FailureKind
    detail: str


TunnelEnd: TypeAlias = TunnelOpen | TunnelFailed


def ended(ending: Ending) -> TunnelFailed:
    """The proxy hung up, or said nothing."""
    return TunnelFailed(
        FailureKind.UNREACHABLE, f"{ending.value} by the proxy before there was a way through"
    )
