"""Completion in shells: the values that options and arguments can have, and the shells' registration."""

from __future__ import annotations


def register_shells() -> None:
    """Let typer complete for bash, zsh and fish.

    Typer registers the shells when it makes its own two options for completion, which edit the
    user's start-up files; ``tlsprobe completion`` only prints a script.
    """
    from typer.completion import get_completion_inspect_parameters

    get_completion_inspect_parameters()


def complete_policy(incomplete: str) -> list[str]:
    """The profiles whose names start like this; the shell completes files if there are none."""
    from policy.files.profiles import profiles

    return [name for name in profiles() if name.startswith(incomplete)]


def complete_rule(incomplete: str) -> list[str]:
    """The rules whose names or identifiers start like this."""
    from policy import RULES

    names = [name for rule in RULES for name in (rule.name, rule.identifier)]
    return [name for name in names if name.startswith(incomplete)]
