"""Elements of XML with any text: XML 1.0 cannot hold most control characters, so they are written as escapes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias
from xml.etree import ElementTree as ET

from model.safe_output.one_line import clean

Element: TypeAlias = ET.Element


def element(tag: str, *, lines: Sequence[str] = (), **attributes: str) -> Element:
    """An element with these attributes, and with ``lines`` as its text."""
    made = ET.Element(tag, {name: clean(text) for name, text in attributes.items()})
    if lines:
        made.text = "\n".join(map(clean, lines))
    return made
