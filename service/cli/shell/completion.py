"""``tlsprobe completion``: the script that lets a shell complete commands and options."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import click

from service.cli.commands import COMPLETION_VARIABLE, ROOT
from service.cli.parameters import Argument, command


class Shell(StrEnum):
    """The shells for which there is a script."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


@command(
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
    shell: Annotated[Shell, Argument(metavar="SHELL", help="bash, zsh or fish.")],
) -> int:
    """Print the script for a shell: it completes commands, options and their values."""
    from click.shell_completion import shell_complete

    root = click.get_current_context().find_root().command
    return shell_complete(root, {}, ROOT, COMPLETION_VARIABLE, f"{shell}_source")
