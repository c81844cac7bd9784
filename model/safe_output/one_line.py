"""Text for a report: one line without control characters, which every encoding can hold."""

from __future__ import annotations

from model.safe_output.printable import printable


def clean(text: str, limit: int = 2000) -> str:
    """``text`` on one line, with control characters escaped, and of limited length.

    Two halves of a surrogate pair become the one character that JSON makes of them, so that a report rebuilt
    from its JSON data is identical.
    """
    if len(text) <= limit and text.isprintable():
        return text
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    return printable(whole, limit=limit)


def visible(value: object) -> object:
    """A template's value with its control characters made visible; markup of our own stays as it is.

    The template engine then escapes the value for HTML.
    """
    if isinstance(value, str) and not hasattr(value, "__html__"):
        return clean(value)
    return value
