"""Finds the facts that a user names, by any name that an output has for them."""

from __future__ import annotations

from model.encoding.earlier_names import FACTS, renamed
from service.scan.explaining.names import FactName, fact_named, of_paths, suggestion


def find_fact(name: str) -> FactName:
    """The facts that ``name`` denotes: a fact's own name, else a metric's, else a rule's. Case does not matter.

    Raises:
        ValueError: if there are none; the sentence suggests similar names.
    """
    text = name.strip()
    found = fact_named(text)
    if found is not None:
        return found
    if text.lower() in FACTS:
        raise ValueError(renamed(text, FACTS[text.lower()]))
    # Metrics and rules load libraries that no other name needs.
    from service.scan.explaining.metrics import fact_of_metric

    shown = fact_of_metric(text)
    found = fact_named(shown) if shown is not None else None
    if found is not None:
        return found
    from policy.claims.rules import claim_rule_of
    from service.scan.explaining.rules import facts_of_rule

    if paths := facts_of_rule(text):
        return of_paths(*paths)
    if claim_rule_of(text.upper()) is not None:
        raise ValueError(
            f"{name!r} is about the claims of each target: `tlsprobe claims` shows what was seen of each"
        )
    raise ValueError(f"unknown fact {name!r}: {suggestion(text)}")
