"""Limits on what is read of an SSH server: one constant for each kind of flood."""

from __future__ import annotations

from typing import Final

MAX_IDENTIFICATION_LENGTH: Final = 255
"""With its line end (RFC 4253, section 4.2)."""

MAX_PREFACE_LENGTH: Final = 8_192
"""Bytes of the lines that a server may send before its identification."""

MAX_PREFACE_LINES: Final = 64

MAX_PACKET_LENGTH: Final = 35_000
"""The longest packet that every implementation must accept (RFC 4253, section 6.1)."""

MAX_PACKETS: Final = 16
"""Packets of one conversation: a key exchange needs two from the server."""

MAX_NAME_LENGTH: Final = 64
"""The longest name of an algorithm (RFC 4251, section 6)."""

MAX_NAMES: Final = 256
"""Names in one list."""

MAX_PRINCIPALS: Final = 256
"""Names in one host certificate."""
