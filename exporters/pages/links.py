"""The URLs of pages about one endpoint: any text in them can be sent."""

from __future__ import annotations

from urllib.parse import urlencode

from model.findings.finding import RuleResult


def page_link(path: str, **parameters: str) -> str:
    """The URL of ``path`` with the parameters that are not empty."""
    query = urlencode({name: text for name, text in parameters.items() if text}, errors="replace")
    return f"{path}?{query}" if query else path


def endpoint_link(target: str, address: str = "") -> str:
    """The page of one target at one address; at its worst address without ``address``."""
    return page_link("/endpoint", target=target, address=address)


def waive_link(target: str, address: str, result: RuleResult) -> str:
    """The form that waives the finding of ``result`` at one endpoint."""
    return page_link(
        "/waive", target=target, address=address, policy=result.policy, rule=result.rule
    )
