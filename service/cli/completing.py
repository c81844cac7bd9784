"""Completion in shells: the values that options and arguments can have."""

from __future__ import annotations

from collections.abc import Iterable

import click
from click.shell_completion import CompletionItem


def matching(names: Iterable[str], typed: str) -> list[CompletionItem]:
    """Those of ``names`` that start with what the user typed."""
    return [CompletionItem(name) for name in names if name.startswith(typed)]


def complete_policy(
    _context: click.Context, _parameter: click.Parameter, typed: str
) -> list[CompletionItem]:
    """The profiles whose names start like this; the shell completes files if there are none."""
    from policy.files.profiles import profiles

    return matching(profiles(), typed) or [CompletionItem(typed, type="file")]


def complete_rule(
    _context: click.Context, _parameter: click.Parameter, typed: str
) -> list[CompletionItem]:
    """The rules whose names or identifiers start like this."""
    from policy import RULES
    from policy.claims.rules import CLAIM_RULES

    names = [name for rule in RULES for name in (rule.name, rule.identifier)]
    return matching([*names, *(rule.identifier for rule in CLAIM_RULES)], typed)
