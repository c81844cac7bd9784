"""Names of alerts (RFC 9846, section 6), extensions (section 4.2) and application protocols."""

from __future__ import annotations

from typing import Final

from model.registry.table import code_point_name, read_table

_ALERTS: Final = {int(row["code_point"]): row["name"] for row in read_table("alerts")}
_EXTENSIONS: Final = {int(row["code_point"], 16): row["name"] for row in read_table("extensions")}

ALPN_PROTOCOLS: Final = tuple(row["name"] for row in read_table("alpn_protocols"))
"""The ids of application protocols (RFC 7301, section 6), in the order in which they are offered."""


def alert_name(description: int) -> str:
    """The alert's name, such as ``handshake_failure``, or ``alert 200`` if it has none."""
    return _ALERTS.get(description) or f"alert {description}"


def extension_name(code_point: int) -> str:
    """The extension's name, or ``0xABCD`` if it has none."""
    return _EXTENSIONS.get(code_point) or code_point_name(code_point)
