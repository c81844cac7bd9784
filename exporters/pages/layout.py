"""What all pages share: the templates, the navigation and the assets."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from exporters.attribution_text import attributed
from exporters.html_templates import Templates, html_templates
from exporters.pages.assets import HTMX, ICON, STYLESHEET
from exporters.pages.times import relative_to
from exporters.plurals import counted
from exporters.reports import words
from model.version import TOOL_VERSION

NAVIGATION: Final = (
    ("/", "Overview"),
    ("/endpoints", "Endpoints"),
    ("/findings", "Findings"),
    ("/certificates", "Certificates"),
    ("/post-quantum", "Post-quantum"),
    ("/claims", "Claims"),
    ("/changes", "Changes"),
    ("/policies", "Policies"),
    ("/reports", "Reports"),
    ("/probes", "Probe a host"),
    ("/service", "Service"),
)
"""Path and name of each page that the top of every page links to."""


def page_templates() -> Templates:
    """The templates of the pages."""
    made = html_templates("exporters.pages")
    made.filters["minute"] = words.minute
    made.globals.update(
        attributed=attributed,
        counted=counted,
        navigation=NAVIGATION,
        stylesheet=STYLESHEET.name,
        icon=ICON.name,
        htmx=HTMX.name,
        version=TOOL_VERSION,
    )
    return made


def rendered(
    templates: Templates,
    name: str,
    active: str,
    now: datetime,
    values: Mapping[str, Any],
    *,
    may_change: bool = False,
) -> str:
    """The page ``name`` with ``values``; ``active`` is the path that the navigation marks.

    ``may_change`` is whether the client gets forms.
    """
    template = templates.get_template(f"{name}.html")
    return template.render(
        active=active, now=now, ago=relative_to(now), may_change=may_change, **values
    )
