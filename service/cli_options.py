"""Options that several commands have, with their words."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import typer

from model.finding import Severity

Policies: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--policy",
        metavar="NAME|FILE",
        help="Judge by this profile (see tlsprobe policy list) or by the policies of this file that "
        "hold for the endpoint; repeatable.",
    ),
]
Labels: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--label",
        metavar="NAME=VALUE",
        help="A label of what is probed, for policies to choose it by; repeatable.",
    ),
]
FailOn: TypeAlias = Annotated[
    Severity | None,
    typer.Option(
        help="With --policy: exit with 3 for findings of this severity or worse only. [default: info]"
    ),
]
AllowUnknown: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--allow-unknown",
        help="With --policy: do not exit with 3 for what was neither proved nor refuted.",
    ),
]
