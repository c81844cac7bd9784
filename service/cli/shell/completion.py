"""``tlsprobe completion``: the script that lets a shell complete commands and options."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from service.cli.app import new_app
from service.cli.commands import COMPLETION_VARIABLE, ROOT

app = new_app()


class Shell(StrEnum):
    """The shells for which there is a script."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


@app.command(
    short_help="Print the script that completes commands and options in a shell.",
    epilog="""\b
Examples:
  source <(tlsprobe completion bash)
  tlsprobe completion bash > /etc/bash_completion.d/tlsprobe
  source <(tlsprobe completion zsh)
  tlsprobe completion fish > ~/.config/fish/completions/tlsprobe.fish

For zsh, add the line with source to ~/.zshrc, after compinit.""",
)
def completion(
    context: typer.Context,
    shell: Annotated[Shell, typer.Argument(metavar="SHELL", help="bash, zsh or fish.")],
) -> int:
    """Print the script for a shell: it completes commands, options and their values."""
    from typer.completion import shell_complete

    from service.cli.completing import register_shells

    register_shells()
    root = context.find_root().command
    return shell_complete(root, {}, ROOT, COMPLETION_VARIABLE, f"source_{shell}")
