"""Draws README's picture of a terminal: a real scan of two of the demo's servers."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

from service.demo import DemoFleet

IMAGE = Path(__file__).parents[1] / "docs/images/scan.svg"
COLUMNS = 100
SHOWN = (1, 4)
"""The demo's legacy server, and the one that demands client certificates."""


async def scan() -> str:
    """What ``tlsprobe scan`` prints for them, with its colours."""
    async with DemoFleet() as fleet:
        (store, root), *_ = fleet.trust_stores.items()
        printed = []
        for number in SHOWN:
            target = fleet.targets[number]
            arguments = [f"{target.host}:{target.port}", "--server-name", str(target.server_name)]
            arguments += ["--trust-store", f"{store}={root}"]
            printed.append(f"$ tlsprobe scan {arguments[0]} --server-name {arguments[2]}\n")
            printed.append(await asyncio.to_thread(_on_a_terminal, arguments))
        return "".join(printed)


def _on_a_terminal(arguments: list[str]) -> str:
    """The command's standard output as a terminal gets it, without the progress line."""
    command = [str(Path(sys.executable).with_name("tlsprobe")), "scan", *arguments]
    ours, theirs = os.openpty()
    environment = os.environ | {"COLUMNS": str(COLUMNS), "TERM": "xterm"}
    running = subprocess.Popen(command, stdout=theirs, stderr=subprocess.DEVNULL, env=environment)
    os.close(theirs)
    printed = b""
    try:
        while some := os.read(ours, 65536):
            printed += some
    except OSError:
        # Linux says so when the other side of a terminal is gone.
        pass
    finally:
        os.close(ours)
    running.wait()
    return printed.decode().replace("\r\n", "\n")


def main() -> None:
    """Writes the image."""
    console = Console(record=True, width=COLUMNS, file=StringIO(), force_terminal=True)
    console.print(Text.from_ansi(asyncio.run(scan())))
    drawn = console.export_svg(title="tlsprobe scan", theme=MONOKAI, unique_id="scan")
    # The reader's own fixed-width font will do: an image must not fetch one.
    IMAGE.parent.mkdir(exist_ok=True)
    IMAGE.write_text(re.sub(r"@font-face \{.*?\}\s*|<!--.*?-->\s*", "", drawn, flags=re.DOTALL))


if __name__ == "__main__":
    main()
