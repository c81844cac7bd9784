"""Rich's text, in which nothing can affect the terminal except its styles."""

from __future__ import annotations

from rich.style import Style, StyleType
from rich.text import Text

from model.safe_output.printable import printable


class SafeText(Text):
    """Text whose content is made printable whenever some is added, whatever it was before."""

    def __init__(self, text: str = "", style: str | Style = "") -> None:
        super().__init__(printable(text), style)

    def append(self, text: Text | str, style: str | Style | None = None) -> SafeText:
        """Add text to the end."""
        super().append(printable(text) if isinstance(text, str) else text, style)
        return self

    @classmethod
    def of(cls, *parts: Text | str | tuple[str, StyleType]) -> SafeText:
        """Texts one after another; a tuple is a text with its style."""
        made = cls()
        for part in parts:
            made.append(*part) if isinstance(part, tuple) else made.append(part)
        return made
