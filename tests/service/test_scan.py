"""``tlsprobe scan`` against real servers."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import re
import signal
import sys
from pathlib import Path
from socket import socket
from typing import Any

import jsonschema
import pytest

from probe.checks.features.alpn import check_alpn
from probe.visit import stages
from service.demo import DemoFleet
from service.scan.output import ScanOptions
from service.scan.request import read_request
from service.scan.scanner import scan_all
from tests.probe.visit.test_planted_faults import with_fault_in
from tests.service.hostile import hostile_server
from tests.service.processes import (
    HANGING_RESOLVER,
    PATIENCE_SECONDS,
    running,
    tlsprobe,
    tlsprobe_on_terminal,
    tlsprobe_process,
)

pytestmark = pytest.mark.slow

SCHEMA = json.loads(
    (Path(__file__).parents[2] / "docs/reference/observation.schema.json").read_text(
        encoding="utf-8"
    )
)
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def places(fleet: DemoFleet) -> list[str]:
    return [f"{target.host}:{target.port}" for target in fleet.targets]


def place(fleet: DemoFleet, name: str) -> str:
    (found,) = [
        f"{target.host}:{target.port}"
        for target in fleet.targets
        if target.server_name == f"{name}.demo.test"
    ]
    return found


async def test_reports_are_in_the_given_order(fleet: DemoFleet) -> None:
    wanted = places(fleet)[::-1]
    run = await asyncio.to_thread(tlsprobe, "scan", *wanted)
    headings = [line for line in run.stdout.splitlines() if line.endswith(": TLS")]
    assert headings == [f"{each}: TLS" for each in wanted]
    assert run.returncode == 0


async def test_several_reports_end_with_a_table_of_all_endpoints_worst_first(
    fleet: DemoFleet,
) -> None:
    run = await asyncio.to_thread(tlsprobe, "scan", *places(fleet))
    *_, table = run.stdout.split("\n\n")
    counted, *lines = table.splitlines()
    assert counted.startswith(f"{len(places(fleet))} endpoints, ")
    severities = [line.split()[0] for line in lines if line[0] != " "]
    order = ["critical", "high", "medium", "low", "info", "ok"]
    assert severities == sorted(severities, key=order.index)
    assert {line.split()[2] for line in lines if line[0] != " "} == set(places(fleet))


@pytest.mark.process
async def test_a_pipe_gets_neither_colour_nor_progress(fleet: DemoFleet) -> None:
    run = await asyncio.to_thread(tlsprobe_process, "scan", place(fleet, "modern"))
    assert run.stderr == ""
    assert "\x1b" not in run.stdout


@pytest.mark.process
async def test_a_terminal_gets_colour_and_progress(fleet: DemoFleet) -> None:
    run = await asyncio.to_thread(tlsprobe_on_terminal, "scan", place(fleet, "legacy"))
    assert "\r\x1b[K0 of 1 done; " in run.output
    assert COLOUR.search(run.output)
    report = run.output[run.output.rindex("\r\x1b[K") :]
    assert run.returncode == 0, report


@pytest.mark.process
@pytest.mark.parametrize(
    ("arguments", "changes"),
    [(["--no-color"], {}), ([], {"NO_COLOR": "1"}), ([], {"TERM": "dumb"})],
)
async def test_colour_can_be_disabled(
    fleet: DemoFleet, arguments: list[str], changes: dict[str, str]
) -> None:
    run = await asyncio.to_thread(
        tlsprobe_on_terminal, "scan", place(fleet, "legacy"), *arguments, changes=changes
    )
    assert not COLOUR.search(run.output)
    assert "TLS 1.0 yes" in run.output


async def test_the_report_shows_the_problems_of_the_demo(fleet: DemoFleet) -> None:
    (store, file), *_ = fleet.trust_stores.items()
    run = await asyncio.to_thread(
        tlsprobe,
        "scan",
        place(fleet, "expired"),
        "--server-name",
        "expired.demo.test",
        "--trust-store",
        f"{store}={file}",
    )
    lines = [" ".join(line.split()) for line in run.stdout.splitlines()]
    assert lines[1].startswith("grade T by the SSL Labs guide; T: ")
    findings = lines[lines.index("") + 1 :]
    assert findings[:2] == [
        "critical certificate expired 3 days ago",
        "fix: renew the certificate, and reload the server",
    ]
    assert f"by {store}: no" in run.stdout


async def test_json_is_one_observation_a_line_as_the_schema_defines(fleet: DemoFleet) -> None:
    wanted = places(fleet)
    run = await asyncio.to_thread(tlsprobe, "scan", "--json", *wanted)
    observations: list[dict[str, Any]] = [json.loads(line) for line in run.stdout.splitlines()]
    for observation in observations:
        jsonschema.validate(observation, SCHEMA)
    assert [f"{each['address']}:{each['target']['port']}" for each in observations] == wanted
    assert run.stdout.isascii()
    assert run.returncode == 0


async def test_json_without_evidence_omits_only_the_proofs(fleet: DemoFleet) -> None:
    modern = place(fleet, "modern")
    run = await asyncio.to_thread(tlsprobe, "scan", "--json", "--no-evidence", modern)
    observation = json.loads(run.stdout)
    jsonschema.validate(observation, SCHEMA)
    assert '"evidence"' not in run.stdout
    assert observation["protocols"]["TLSv1.3"] == {"verdict": "yes"}


HOSTILE_NAME = "\x1b]0;owned\x07\x1b[2J\u202eevil\x9b\r\n"
# RFC 4514 escapes the semicolon.
ESCAPED_NAME = r"CN=\x1b]0\;owned\x07\x1b[2J\u202eevil\x9b\x0d\x0a"


@pytest.mark.process
async def test_names_from_a_server_are_escaped_for_terminals() -> None:
    async with hostile_server(HOSTILE_NAME) as port:
        place = f"127.0.0.1:{port}"
        piped = (await asyncio.to_thread(tlsprobe_process, "scan", place)).stdout
        shown = (await asyncio.to_thread(tlsprobe_on_terminal, "scan", place)).output
        as_json = (await asyncio.to_thread(tlsprobe, "scan", "--json", place)).stdout
    for output in (piped, COLOUR.sub("", shown.replace("\r\x1b[K", ""))):
        assert ESCAPED_NAME in output
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", output)
    assert not re.search("[^\x20-\x7e\n]", as_json)
    assert "\u202eevil" in json.loads(as_json)["certificates"][0]["chain"][0]["subject"]


async def test_one_endpoint_without_tls_gives_exit_code_1(
    fleet: DemoFleet, closed_port: int
) -> None:
    modern = place(fleet, "modern")
    run = await asyncio.to_thread(tlsprobe, "scan", modern, f"127.0.0.1:{closed_port}")
    assert run.returncode == 1
    report, summary = [line for line in run.stdout.splitlines() if str(closed_port) in line]
    assert report == f"127.0.0.1:{closed_port}: TCP port {closed_port} refused the connection."
    assert summary.split()[:4] == ["no", "TLS", "-", f"127.0.0.1:{closed_port}"]


def test_a_name_that_does_not_resolve_is_reported(closed_port: int) -> None:
    run = tlsprobe("scan", "--json", f"no-such-host.invalid:{closed_port}")
    observation = json.loads(run.stdout)
    jsonschema.validate(observation, SCHEMA)
    assert (observation["state"], observation["address"]) == ("dns_error", None)
    assert "no-such-host.invalid" in observation["reason"]
    assert run.returncode == 1


def test_silence_ends_with_the_timeout(silent_server: socket) -> None:
    port = silent_server.getsockname()[1]
    run = tlsprobe("scan", "--json", "--timeout", "0.5", f"127.0.0.1:{port}")
    assert json.loads(run.stdout)["state"] == "timeout"
    assert run.returncode == 1


@pytest.mark.process
def test_ctrl_c_ends_it_quietly_and_writes_no_report(silent_server: socket, tmp_path: Path) -> None:
    port = silent_server.getsockname()[1]
    earlier = tmp_path / "earlier.xml"
    earlier.write_text("of an earlier scan")
    reports = ("--report", f"junit={earlier}", "--report", f"html={tmp_path}/new.html")
    with running("scan", f"127.0.0.1:{port}", "--policy", "mozilla-modern", *reports) as process:
        connection, _ = silent_server.accept()
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)
        connection.close()
    assert (process.returncode, output, errors) == (130, "", "")
    assert list(tmp_path.iterdir()) == [earlier]
    assert earlier.read_text() == "of an earlier scan"


async def test_a_cancelled_scan_writes_what_is_known(
    silent_server: socket, closed_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    errors = WatchedTerminal("1 of 2 done")
    monkeypatch.setattr(sys, "stderr", errors)
    silent, closed = f"127.0.0.1:{silent_server.getsockname()[1]}", f"127.0.0.1:{closed_port}"
    output = io.StringIO()
    options = ScanOptions(no_colour=True)
    scan = asyncio.create_task(scan_all(read_request([silent, closed]), options, output))
    await errors.seen.wait()
    assert output.getvalue() == ""
    scan.cancel()
    with pytest.raises(asyncio.CancelledError):
        await scan
    assert output.getvalue().startswith(f"{closed}: TCP port {closed_port} refused the connection.")


class WatchedTerminal(io.StringIO):
    """A terminal that sets ``seen`` once a text is written to it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.seen = asyncio.Event()
        self._text = text

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if self._text in text:
            self.seen.set()
        return super().write(text)


@pytest.mark.process
def test_ctrl_c_does_not_wait_for_the_resolver() -> None:
    with running("scan", "www.example", program=HANGING_RESOLVER) as process:
        assert process.stderr is not None
        assert "looking up" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_SECONDS) == 130
        assert process.stderr.read() == ""


@pytest.mark.process
async def test_a_closed_output_ends_it_quietly(fleet: DemoFleet) -> None:
    with running("scan", "--json", *places(fleet)) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        # Closed before the first line is written: the very first write fails.
        process.stdout.close()
        errors = await asyncio.to_thread(process.stderr.read)
        assert await asyncio.to_thread(process.wait, 60) == 141
    assert errors == ""


async def test_a_check_that_fails_is_reported_once_and_without_a_traceback(
    fleet: DemoFleet, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(stages, "STAGES", with_fault_in(check_alpn))
    run = await asyncio.to_thread(tlsprobe, "scan", place(fleet, "modern"))
    assert "Internal error: planted failed with PlantedError." in run.stdout
    assert "Traceback" not in run.stdout + run.stderr
    errors = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert [(record.message, record.exc_info) for record in errors] == [("a check failed", None)]
