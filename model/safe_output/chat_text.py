"""Text for a chat message with Slack's markup, which Mattermost and Rocket.Chat understand too.

``&``, ``<`` and ``>`` are escaped, as Slack's formatting reference requires. Text that someone else may have chosen is
shown as code, where mentions and links have no effect.
"""

from __future__ import annotations

from typing import Final

from model.safe_output.printable import printable

LONGEST_QUOTE: Final = 160


def chat_code(text: str) -> str:
    """``text`` as code that no character in it can end."""
    shown = text if len(text) <= LONGEST_QUOTE else f"{text[: LONGEST_QUOTE - 1]}…"
    return f"`{chat_plain(shown.replace('`', chr(39)))}`"


def chat_plain(text: str) -> str:
    """``text`` on one line without links and mentions of a channel; ``*`` and ``_`` keep their effect."""
    shown = printable(text)
    return shown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
