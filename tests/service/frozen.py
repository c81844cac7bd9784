"""A flaw that one server brings out: the process that visits it holds Python's lock until it is ended."""

from __future__ import annotations

from pathlib import Path
from typing import Final

STANDSTILL_SECONDS: Final = 4.0

_SITE = """\
import os
import sys

if "service.cli" in sys.orig_argv[-1] or any("tlsprobe" in one for one in sys.orig_argv) or (
    "service.alone" in sys.orig_argv
):
    import service.watchdog
    from probe.engine import Engine

    service.watchdog.STANDSTILL_SECONDS = {standstill}
    visit = Engine.visit

    async def stand_still(self, endpoint, *rest, **options):
        if endpoint.target.port == int(os.environ["FREEZING_PORT"]):
            pow(3, 2**8_000_000, 2**400_000 + 1)  # one call in C, of minutes
        return await visit(self, endpoint, *rest, **options)

    Engine.visit = stand_still
"""


def freezing(
    directory: Path, port: int, standstill_seconds: float = STANDSTILL_SECONDS
) -> dict[str, str]:
    """The environment of a service that stands still when it visits ``port``."""
    (directory / "sitecustomize.py").write_text(_SITE.format(standstill=standstill_seconds))
    return {"PYTHONPATH": str(directory), "FREEZING_PORT": str(port)}
