"""Regenerates the pictures of README and docs: real output for the demo's servers, as a terminal and a browser show it."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Final

import httpx
from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

from service.demo import DemoFleet
from tests.exporters.reports.browser import Browser, browser
from tests.support.ports import free_port

IMAGES: Final = Path(__file__).parents[1] / "docs/images"
TLSPROBE: Final = str(Path(sys.executable).with_name("tlsprobe"))
COLUMNS: Final = 100
DESK: Final = 1200
_CLEARED: Final = "\x1b[H\x1b[J"
"""What a watch prints before it draws the terminal again."""

_DEMO_PATIENCE_SECONDS: Final = 120
_ATTEMPTS_IN_A_SECOND: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One picture of a terminal: the command for some of the demo's servers, and how many lines to show."""

    image: str
    command: str
    servers: tuple[str, ...]
    options: tuple[str, ...] = ()
    most_lines: int | None = None


SESSIONS: Final = (
    Session(image="scan", command="scan", servers=("legacy",)),
    Session(
        image="scan-policy",
        command="scan",
        servers=("legacy",),
        options=("--policy", "mozilla-intermediate", "--label", "server=nginx"),
        most_lines=36,
    ),
    Session(
        image="scan-mtls",
        command="scan",
        servers=("mtls",),
        options=("--policy", "known-vulnerabilities"),
    ),
    Session(
        image="explain", command="explain", servers=("legacy",), options=("tls1.0",), most_lines=34
    ),
    Session(image="compare", command="compare", servers=("modern", "pq"), most_lines=36),
)
_WATCHED: Final = ("modern", "legacy", "mtls")
_VANISHES: Final = "mtls"


async def draw_terminals() -> None:
    """Write the SVG of every session."""
    async with DemoFleet() as fleet:
        (store, root), *_ = fleet.trust_stores.items()
        for session in SESSIONS:
            words = [session.command, *_places(fleet, session.servers), *session.options]
            if session.command != "explain":
                words += ["--trust-store", f"{store}={root.name}"]
            printed = await asyncio.to_thread(_on_a_terminal, words, root.parent)
            _draw(session.image, words, printed.splitlines()[: session.most_lines])
        await _draw_watch(fleet)


async def _draw_watch(fleet: DemoFleet) -> None:
    """Write the SVG of a watch during which one of the servers stops."""
    stopped: list[Future[None]] = []
    loop = asyncio.get_running_loop()

    def act(printed: str, watch: subprocess.Popen[bytes]) -> None:
        if not stopped and "1 round" in printed:
            stopping = fleet.servers[_VANISHES].stop()
            stopped.append(asyncio.run_coroutine_threadsafe(stopping, loop))
        elif "stopped answering" in printed.rpartition(_CLEARED)[2]:
            watch.send_signal(signal.SIGINT)

    trusted = (f"{name}={file.name}" for name, file in fleet.trust_stores.items())
    words = ["scan", *_places(fleet, _WATCHED), "--watch", "5", "--trust-store", *trusted]
    printed = await asyncio.to_thread(_on_a_terminal, words, fleet.directory, act)
    _draw("watch", words, printed.rpartition(_CLEARED)[2].splitlines())


def _places(fleet: DemoFleet, servers: Sequence[str]) -> list[str]:
    """The servers as arguments of a command; the name of a single one is an option."""
    by_name = {target.server_name: target for target in fleet.targets}
    targets = [by_name[f"{server}.demo.test"] for server in servers]
    if len(targets) > 1:
        return [f"{one.host}:{one.port}?server_name={one.server_name}" for one in targets]
    (one,) = targets
    return [f"{one.host}:{one.port}", "--server-name", one.server_name or ""]


def _on_a_terminal(
    arguments: Sequence[str],
    directory: Path,
    act: Callable[[str, subprocess.Popen[bytes]], None] = lambda _, __: None,
) -> str:
    """The command's standard output as written to a terminal, without the progress line.

    ``act`` is called with what is printed so far, and the running command, whenever there is more.
    """
    ours, theirs = os.openpty()
    environment = os.environ | {"COLUMNS": str(COLUMNS), "TERM": "xterm"}
    running = subprocess.Popen(
        [TLSPROBE, *arguments],
        stdout=theirs,
        stderr=subprocess.DEVNULL,
        env=environment,
        cwd=directory,
    )
    os.close(theirs)
    printed = b""
    try:
        while some := os.read(ours, 65536):
            printed += some
            act(printed.decode(errors="replace"), running)
    except OSError:
        # Linux reports this when the other side of a terminal is closed.
        pass
    finally:
        os.close(ours)
    running.wait()
    return printed.decode().replace("\r\n", "\n")


def _draw(image: str, words: Sequence[str], lines: Sequence[str]) -> None:
    console = Console(record=True, width=COLUMNS, file=StringIO(), force_terminal=True)
    shown = "\n".join([f"$ tlsprobe {shlex.join(words)}", *lines])
    for line in Text.from_ansi(shown).split("\n", allow_blank=True):
        # A terminal breaks long lines at its edge, not between words.
        for piece in line.divide(range(COLUMNS, len(line), COLUMNS)):
            console.print(piece)
    drawn = console.export_svg(title="tlsprobe", theme=MONOKAI, unique_id=image)
    # Use the reader's own fixed-width font: an image must not fetch one.
    plain = re.sub(r"@font-face \{.*?\}\s*|<!--.*?-->\s*", "", drawn, flags=re.DOTALL)
    (IMAGES / f"{image}.svg").write_text(plain, encoding="utf-8")


def draw_pages() -> None:
    """Write the PNG of the overview, the list of endpoints, one endpoint's page and a report."""
    with (
        tempfile.TemporaryDirectory(prefix="tlsprobe-pictures-") as directory,
        _demo(Path(directory)) as url,
        browser(Path(directory) / "chromium") as page,
    ):
        _photograph(page, f"{url}/", "overview", height=1000)
        _photograph(page, f"{url}/endpoints", "endpoints", height=620)
        links = page.value_of("[...document.querySelectorAll('th.name a')].map(one => one.href)")
        (legacy,) = [link for link in links if "legacy" in link]
        _photograph(page, legacy, "endpoint", height=1000)
        _photograph(page, f"{url}/reports/html", "report", height=900)


@contextmanager
def _demo(directory: Path) -> Iterator[str]:
    """The URL of a running demo that has visited all its servers."""
    url = f"http://127.0.0.1:{free_port()}"
    listen = url.removeprefix("http://")
    command = [TLSPROBE, "demo", "--listen", listen, "--directory", str(directory / "demo")]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        asyncio.run(_visited(f"{url}/-/status"))
        yield url
    finally:
        running.send_signal(signal.SIGTERM)
        running.wait()


async def _visited(status: str) -> None:
    async with httpx.AsyncClient() as client:
        for _ in range(_DEMO_PATIENCE_SECONDS * _ATTEMPTS_IN_A_SECOND):
            await asyncio.sleep(1 / _ATTEMPTS_IN_A_SECOND)
            try:
                said = (await client.get(status)).json()
            except httpx.TransportError:
                continue
            if 0 < said["endpoints"] == said["endpoints_probed"]:
                return
    raise TimeoutError(f"the demo has not visited its servers within {_DEMO_PATIENCE_SECONDS} s")


def _photograph(page: Browser, url: str, image: str, *, height: int) -> None:
    page.resize(DESK, height)
    page.visit(url)
    (IMAGES / f"{image}.png").write_bytes(page.screenshot(whole=False))


def main() -> None:
    """Write every picture."""
    IMAGES.mkdir(exist_ok=True)
    asyncio.run(draw_terminals())
    draw_pages()


if __name__ == "__main__":
    main()
