"""``tlsprobe scan --watch``: what changes is shown as it comes, and servers that stay the same are hardly asked."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import pytest
from rich.cells import cell_len

from model.protocol_version import ProtocolVersion
from service.scan.comparing.watch import MOST_CHANGES, watch_all
from service.scan.output import ScanOptions
from service.scan.request import read_request
from tests.probe.programmable.server import Connection, serve, served_on_a_port
from tests.probe.programmable.server_model import ServerModel
from tests.service.test_scan_output import MODEL

OLDER = ServerModel(
    cipher_suites={
        ProtocolVersion.TLSV1_2: (0xC02F, 0xC030),
        ProtocolVersion.TLSV1_1: (0xC013,),
    }
)
MANY_SUITES = ServerModel(
    cipher_suites={
        ProtocolVersion.TLSV1_2: (0xC02F, 0xC030, 0xCCA8, 0xC027, 0xC028, 0xC013, 0xC014, 0xC012)
    }
)
AT = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC  (.*)$", re.MULTILINE)


class Output(io.StringIO):
    """A stream that lets tests wait for a text; a terminal or not."""

    def __init__(self, *, is_terminal: bool = False) -> None:
        super().__init__()
        self._is_terminal = is_terminal
        self._written = asyncio.Event()

    def isatty(self) -> bool:
        return self._is_terminal

    def write(self, text: str) -> int:
        self._written.set()
        return super().write(text)

    async def until(self, text: str, times: int = 1) -> None:
        while self.getvalue().count(text) < times:
            self._written.clear()
            await self._written.wait()


@dataclass(slots=True)
class Changing:
    """A server whose model the test replaces."""

    model: ServerModel

    async def __call__(self, connection: Connection) -> None:
        await served_on_a_port(self.model)(connection)


@asynccontextmanager
async def watched(port: int, output: Output, every: float = 0.01) -> AsyncIterator[None]:
    place, checks = f"127.0.0.1:{port}", "versions,suites,certificates"
    request = read_request([place], checks=checks, timeout_seconds=30)
    watch = asyncio.create_task(watch_all(request, ScanOptions(no_colour=True), output, every))
    try:
        yield
    finally:
        watch.cancel()
        with suppress(asyncio.CancelledError):
            await watch


async def test_a_pipe_gets_a_line_at_first_a_line_for_each_change_and_the_table_at_the_end() -> (
    None
):
    output, changing = Output(), Changing(MODEL)
    async with serve(changing) as server:
        place = f"127.0.0.1:{server.port}"
        async with watched(server.port, output):
            await output.until(place)
            assert output.getvalue().count("\n") == 1
            changing.model = OLDER
            await output.until("TLS 1.1 appeared")
            changing.model = MODEL
            await output.until("TLS 1.1 vanished")
    written = output.getvalue()
    assert "\x1b" not in written
    assert [said.partition(" ")[2] for said in AT.findall(written)][:1] == ["TLS 1.1 appeared"]
    assert all(said.startswith(f"{place}: ") for said in AT.findall(written))
    counted, line, *_ = written.rpartition("\n\n")[2].splitlines()
    assert counted.startswith("1 endpoint, ")
    assert place in line


async def test_a_server_that_stops_and_answers_again_is_a_change_each_time() -> None:
    output, changing = Output(), Changing(MODEL)

    async def behave(connection: Connection) -> None:
        if changing.model is MODEL:
            await changing(connection)
        else:
            connection.reset()

    async with serve(behave) as server, watched(server.port, output):
        await output.until(str(server.port))
        changing.model = OLDER
        await output.until("stopped answering: ")
        changing.model = MODEL
        await output.until("answers with TLS again")
    assert "appeared" not in output.getvalue()


async def test_an_unchanged_server_is_verified_with_few_connections() -> None:
    output, changing = Output(is_terminal=True), Changing(MANY_SUITES)
    async with serve(changing) as server, watched(server.port, output):
        await output.until("1 round, ")
        whole = server.connections
        assert whole > len(MANY_SUITES.cipher_suites[ProtocolVersion.TLSV1_2])
        await output.until("2 rounds, ")
        assert server.connections - whole <= 2 * len(MANY_SUITES.cipher_suites) + 6
        assert "no changes" in output.getvalue()


async def test_a_terminal_is_drawn_again_and_keeps_the_newest_changes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The table alone has more lines than the screen.
    monkeypatch.setenv("LINES", "6")
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("TERM", "xterm")
    output, changing = Output(is_terminal=True), Changing(MODEL)
    async with serve(changing) as server, watched(server.port, output):
        await output.until("\x1b[H\x1b[J")
        changing.model = OLDER
        await output.until("TLS 1.1 appeared")
        await output.until("Ctrl-C ends", times=3)
    *_, last_drawn, left = output.getvalue().split("\x1b[H\x1b[J")
    assert len(last_drawn.splitlines()) == 5
    assert all(cell_len(line) <= 60 for line in last_drawn.splitlines()[:-1])
    assert "TLS 1.1 appeared" in last_drawn
    assert "Ctrl-C ends" not in left
    assert left.startswith("1 endpoint, ")
    assert 0 < len(AT.findall(left)) <= MOST_CHANGES
