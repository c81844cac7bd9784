"""A bill of materials, and the list of migration, as of any date: with what was known then, and nothing later."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from exporters.reports import report_format
from model.observation import Observation
from model.verdict import Evidence, Fact, Verdict
from service.judging.report_builder import ReportScope
from service.judging.stored_report import read_report
from storage import SqlStore
from tests.storage.samples import INTERVAL, NOON, observation, schedule

PROOF = Evidence(offer=b"\x16\x03\x01", answer=b"\x16\x03\x03", note="a handshake finished")


def visit(hour: int, verdict: Verdict) -> Observation:
    fact = Fact(verdict=verdict, evidence=PROOF)
    return replace(observation(hour=hour), features={"post_quantum_handshake": fact})


def at(hour: float) -> datetime:
    return NOON + hour * INTERVAL


async def stored(directory: Path) -> str:
    url = f"sqlite:///{directory / 'kept.db'}"
    async with await SqlStore.open(url) as store:
        for hour, verdict in ((0, Verdict.NO), (2, Verdict.YES), (4, Verdict.NO)):
            one = visit(hour, verdict)
            await store.record(one, schedule(one))
    return url


async def service_of(url: str, moment: datetime) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """The properties of the only service at that time, and its facts."""
    report = await read_report(url, ReportScope(with_cryptography=True, is_past=True), moment)
    document = json.loads(report_format("cbom").write(report))
    (service,) = document["services"]
    components: dict[str, Any] = {one["bom-ref"]: one for one in document["components"]}
    stated = _properties(service)
    return stated, _properties(components[stated["tlsprobe:facts"]])


def _properties(holder: Any) -> dict[str, str]:
    return {one["name"]: one["value"] for one in holder["properties"]}


async def test_a_bill_of_materials_is_as_of_its_date(tmp_path: Path) -> None:
    url = await stored(tmp_path)
    first, lost = "tlsprobe:post_quantum:first_proved_at", "tlsprobe:post_quantum:lost_at"
    proved_at, lost_at = (moment.isoformat().replace("+00:00", "Z") for moment in (at(2), at(4)))
    for hour, verdict, since in (
        (1, "no", {}),
        (3, "yes", {first: proved_at}),
        (5, "no", {first: proved_at, lost: lost_at}),
    ):
        stated, facts = await service_of(url, at(hour))
        assert facts["tlsprobe:fact:features:post_quantum_handshake"] == verdict
        assert stated["tlsprobe:post_quantum"] == verdict
        assert {name: stated[name] for name in (first, lost) if name in stated} == since
        # The hash of the proof of that time, of which nothing else is left in the report.
        assert stated["tlsprobe:proofs"].split()[-1] != "-"


async def test_the_list_of_migration_is_as_of_its_date(tmp_path: Path) -> None:
    url = await stored(tmp_path)
    text = report_format("post-quantum").write(await read_report(url, ReportScope(), at(3)))
    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["post_quantum_key_exchange"], row["lost_at"]) == ("proved", "")
    assert row["first_proved_at"] == "2026-03-01 14:00 UTC"
