"""``scan --service``: a service on a real socket probes a real server, and its refusals are one sentence."""

from __future__ import annotations

import json
from dataclasses import replace
from io import StringIO

import pytest

from model.target import Target
from service.cli.main import run_command
from service.scan.formats import OutputFormat
from service.scan.output import ScanOptions
from service.scan.request import ScanInputError, ScanRequest, read_request
from service.scan.scanner import scan_all
from tests.service.hostile import hostile_server
from tests.service.http.api.serving import serving
from tests.service.http.api.world import VICTOR
from tests.support.ports import free_port

OPTIONS = ScanOptions(format=OutputFormat.JSONL, no_colour=True)


def request(host: str, url: str) -> ScanRequest:
    return replace(read_request([host]), service=url)


async def test_a_service_probes_and_the_scan_shows_what_it_found() -> None:
    async with hostile_server("a.example") as port:
        target = Target(host="127.0.0.1", port=port, server_name=None)
        async with serving(target) as (running, url):
            stream = StringIO()
            outcome = await scan_all(request(target.key, url), OPTIONS, stream)
            running.by = VICTOR
            with pytest.raises(ScanInputError, match="needs operator"):
                await scan_all(request(target.key, url), OPTIONS, StringIO())
    (line,) = stream.getvalue().splitlines()
    assert outcome.all_answered
    assert json.loads(line)["certificates"][0]["chain"][0]["subject"] == "CN=a.example"


async def test_a_target_that_the_service_may_not_probe_is_one_sentence() -> None:
    async with serving() as (_, url):
        with pytest.raises(ScanInputError, match=r"refuses 192\.0\.2\.1:443: .*on_demand"):
            await scan_all(request("192.0.2.1", url), OPTIONS, StringIO())


async def test_without_a_service_there_is_one_sentence() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(ScanInputError, match="no tlsprobe service answers at"):
        await scan_all(request("192.0.2.1", url), OPTIONS, StringIO())


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--service", "probe.example"], "--service must begin with http"),
        (["--service", "http://127.0.0.1:1", "--dns"], "--service and --dns exclude each other"),
    ],
)
def test_wrong_options_are_one_sentence(
    options: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["scan", "192.0.2.1", *options]) == 2
    assert reason in capsys.readouterr().err
