"""The command line's application, its exit codes, and how a user's fault is told."""

from __future__ import annotations

import sys
from typing import Annotated, Final

import typer

from exporters.terminal.console import printable
from model.safe_output.secret_text import masked_urls

EXIT_OK: Final = 0
EXIT_NOT_ALL_TLS: Final = 1
EXIT_SOURCE_FAILED: Final = 1
EXIT_USAGE: Final = 2
EXIT_FINDINGS: Final = 3
EXIT_INTERRUPTED: Final = 130
EXIT_BROKEN_PIPE: Final = 141

app = typer.Typer(
    name="tlsprobe",
    invoke_without_command=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help="Learns the TLS facts of endpoints, keeps them, and serves them as metrics.",
    epilog="""\b
Examples:
  tlsprobe scan example.com             what example.com:443 speaks, and what is wrong with it
  tlsprobe explain example.com tls1.0   the bytes that prove one fact
  tlsprobe demo                         the service on six demo servers of this machine
  tlsprobe serve --targets targets.yml  probe the endpoints of a file, for Prometheus to scrape

Run `tlsprobe COMMAND --help` for a command's options and examples.""",
)


def fail(sentence: str) -> int:
    """Say on standard error what is wrong with the usage or input, URLs masked; returns the exit code."""
    print(f"tlsprobe: {printable(masked_urls(sentence))}", file=sys.stderr)
    return EXIT_USAGE


def _show_version(is_wanted: bool) -> None:
    if is_wanted:
        from model.version import TOOL_VERSION

        print(f"tlsprobe {TOOL_VERSION}")
        raise typer.Exit


@app.callback()
def _root(
    context: typer.Context,
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        print(context.get_help(), file=sys.stderr)
        raise typer.Exit(EXIT_USAGE)
