"""How Sphinx builds the documentation's site: ``make docs`` writes it to build/site.

Building fetches nothing, and a page that is read fetches nothing from elsewhere. Warnings are errors: a page
that no table of contents lists, and a link to a page, file or heading that does not exist.
"""

from __future__ import annotations

from typing import Any

from pygments.lexers.special import TextLexer

project = "tlsprobe"
author = "the tlsprobe authors"
extensions = ["myst_parser"]
exclude_patterns = ["images"]
nitpicky = True

# Links may name headings down to the fourth level, as GitHub names them.
myst_heading_anchors = 4

html_theme = "furo"
html_title = "tlsprobe"
html_show_copyright = False
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {"navigation_with_keys": True}


def setup(app: Any) -> None:
    """GitHub draws mermaid; on the site it is shown as text, since drawing would need a script from elsewhere."""
    app.add_lexer("mermaid", TextLexer)
