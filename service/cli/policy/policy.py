"""``tlsprobe policy``: what its commands share, and the help that is shown without a command."""

from __future__ import annotations

import typer

from service.cli.app import CommandGroup, new_app, show_help_without_command

app = new_app(
    name="policy",
    cls=CommandGroup,
    invoke_without_command=True,
    help="Show, check and test policies: rules that endpoints must meet.",
    epilog="""\b
Examples:
  tlsprobe policy list
  tlsprobe policy check policies.yml
  tlsprobe policy diff nist-sp800-52r2 mozilla-intermediate

How to write a policy: docs/reference/policy.md.""",
)


@app.callback()
def _root(context: typer.Context) -> None:
    show_help_without_command(context)
