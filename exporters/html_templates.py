"""The only template engine for HTML: every value is escaped, and control characters in it are made visible."""

from __future__ import annotations

from typing import TypeAlias

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from model.safe_output.one_line import visible

Templates: TypeAlias = Environment


def html_templates(package: str) -> Templates:
    """The templates in the folder ``templates`` of a package; an undefined value in one is an error."""
    return Environment(
        loader=PackageLoader(package),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=visible,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def script_data(text: str) -> Markup:
    """JSON for a script block: nothing in it can end the block."""
    for char in "<>&":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return Markup(text)  # noqa: S704 - no character of it is mark-up
