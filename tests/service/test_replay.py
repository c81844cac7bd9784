"""``scan --record`` and ``replay`` as processes: the same JSON without a network."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from service.demo import DemoFleet
from tests.service.processes import tlsprobe
from tests.service.test_scan import place, places

pytestmark = pytest.mark.slow


async def test_a_recorded_visit_replays_with_the_same_result(
    fleet: DemoFleet, tmp_path: Path
) -> None:
    file = str(tmp_path / "visits.jsonl")
    wanted = places(fleet)[:2]
    scan = await asyncio.to_thread(tlsprobe, "scan", *wanted, "--json", "--record", file)
    again = await asyncio.to_thread(tlsprobe, "replay", file, "--json")
    assert (scan.returncode, again.returncode, again.stderr) == (0, 0, "")
    assert sorted(again.stdout.splitlines()) == sorted(scan.stdout.splitlines())


SENSITIVE = """\
policies:
  sensitive:
    for: {labels: {data: sensitive}}
    rules: {protocol_versions: {allowed: [TLSv1.2, TLSv1.3]}}
"""


async def test_a_label_selects_the_policy_for_a_recorded_visit(
    fleet: DemoFleet, tmp_path: Path
) -> None:
    recorded, policies = str(tmp_path / "visits.jsonl"), tmp_path / "policies.yml"
    policies.write_text(SENSITIVE)
    await asyncio.to_thread(tlsprobe, "scan", place(fleet, "modern"), "--record", recorded)
    without = await asyncio.to_thread(tlsprobe, "replay", recorded, "--policy", str(policies))
    assert without.returncode == 2
    assert "no policy matches" in without.stderr
    labelled = ("--policy", str(policies), "--label", "data=sensitive")
    judged = await asyncio.to_thread(tlsprobe, "replay", recorded, *labelled)
    assert (judged.returncode, judged.stderr) == (0, "")
    assert "sensitive" in judged.stdout


async def test_a_replay_omits_the_evidence_as_a_scan_does(fleet: DemoFleet, tmp_path: Path) -> None:
    file, wanted = str(tmp_path / "visits.jsonl"), place(fleet, "modern")
    bare = ("--json", "--no-evidence")
    scan = await asyncio.to_thread(tlsprobe, "scan", wanted, *bare, "--record", file)
    again = await asyncio.to_thread(tlsprobe, "replay", file, *bare)
    assert (again.returncode, again.stdout) == (0, scan.stdout)
    alone = await asyncio.to_thread(tlsprobe, "replay", file, "--no-evidence")
    assert (alone.returncode, alone.stderr) == (2, "tlsprobe: --no-evidence needs --json: add it\n")


async def test_a_recording_is_never_overwritten(fleet: DemoFleet, tmp_path: Path) -> None:
    file = tmp_path / "visits.jsonl"
    file.write_text("mine")
    run = await asyncio.to_thread(tlsprobe, "scan", place(fleet, "modern"), "--record", str(file))
    assert (run.returncode, file.read_text()) == (2, "mine")
    assert str(file) in run.stderr
    assert "Traceback" not in run.stderr


async def test_an_invalid_recording_is_reported_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "visits.jsonl"
    file.write_text("neither JSON\n")
    run = await asyncio.to_thread(tlsprobe, "replay", str(file))
    assert (run.returncode, run.stdout) == (2, "")
    assert "line 1" in run.stderr
    assert "Traceback" not in run.stderr


async def test_a_missing_recording_is_reported_in_one_sentence(tmp_path: Path) -> None:
    run = await asyncio.to_thread(tlsprobe, "replay", str(tmp_path / "nowhere"))
    assert (run.returncode, run.stdout) == (2, "")
    assert "nowhere" in run.stderr
    assert "Traceback" not in run.stderr
