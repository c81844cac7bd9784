"""The version of tlsprobe, which pyproject.toml takes from here, and the User-Agent that tlsprobe sends over HTTP."""

import re
from typing import Final

TOOL_VERSION: Final = "0.1.0"
_CONTACT: Final = re.compile(r"[!-'*-~]{1,200}")
"""Printable characters that cannot end the comment (RFC 9110, section 5.6.5) or the field."""


def user_agent(contact: str | None = None) -> str:
    """The value of User-Agent (RFC 9110, section 10.1.5), such as ``tlsprobe/1.0 (+https://a.test/scan)``.

    Raises:
            ValueError: if ``contact`` is not allowed in a comment; the message says what is allowed.
    """
    product = f"tlsprobe/{TOOL_VERSION}"
    if contact is None:
        return product
    if not _CONTACT.fullmatch(contact) or "\\" in contact:
        raise ValueError(
            f"{contact[:100]!r} must be a URL or an e-mail address of at most 200 printable ASCII "
            "characters, without spaces, parentheses and backslashes"
        )
    return f"{product} (+{contact})"
