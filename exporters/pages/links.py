"""The URLs of pages about one endpoint: any text in them can be sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

from exporters.pages.rows import Row
from model.claims import CLAIMS_POLICY
from model.findings.finding import RuleResult
from model.target import endpoint_id

LONGEST_SEARCH: Final = 200
"""The most characters of a filter's text in a URL."""

_LONGEST_TARGET: Final = 1000


def page_link(path: str, **parameters: str) -> str:
    """The URL of ``path`` with the parameters that are not empty."""
    query = urlencode({name: text for name, text in parameters.items() if text}, errors="replace")
    return f"{path}?{query}" if query else path


def can_be_sent(target: str) -> bool:
    """Whether a URL may have the target's key: no control character, not too long."""
    return target.isprintable() and len(target) <= _LONGEST_TARGET


def endpoint_parameters(row: Row) -> Mapping[str, str]:
    """What names the endpoint in a URL: target and address, or its identifier if the target cannot be sent."""
    if can_be_sent(row.target):
        return {"target": row.target, "address": row.address}
    return {"id": endpoint_id(row.status.observation.endpoint.key)}


def endpoint_link(row: Row) -> str:
    """The page of the endpoint."""
    return page_link("/endpoint", **endpoint_parameters(row))


def target_link(target: str) -> str:
    """The page of the target at its worst address."""
    return page_link("/endpoint", target=target)


def evidence_link(row: Row, fact: str) -> str:
    """The proof of a fact."""
    return page_link("/evidence", **endpoint_parameters(row), fact=fact)


def rule_evidence_link(row: Row, result: RuleResult) -> str:
    """The proof of the facts that the rule judges; a policy may give the rule a name of its own.

    A claim has rules of the catalogue: the first of them is shown.
    """
    named = [one.claim for one in row.status.claims if one.claim.name == result.rule]
    if result.policy == CLAIMS_POLICY and (
        rules := [one for claim in named for one in claim.rules]
    ):
        return evidence_link(row, rules[0].rule)
    return evidence_link(row, result.rule_id or result.rule)


def finding_link(row: Row, result: RuleResult) -> str:
    """The history of the finding of ``result``."""
    return page_link("/finding", **_finding_parameters(row, result))


def waive_link(row: Row, result: RuleResult) -> str:
    """The form that waives the finding of ``result``."""
    return page_link("/waive", **_finding_parameters(row, result))


def _finding_parameters(row: Row, result: RuleResult) -> Mapping[str, str]:
    return {**endpoint_parameters(row), "policy": result.policy, "rule": result.rule}


def history_link(endpoint_key: str) -> str:
    """All changes of the endpoint; empty if the search for changes cannot have its key."""
    is_searchable = can_be_sent(endpoint_key) and len(endpoint_key) <= LONGEST_SEARCH
    return page_link("/changes", place=endpoint_key) if is_searchable else ""
