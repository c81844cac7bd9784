"""The long run counts what was known and became unknown."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.long_run import Run
from benchmarks.support.zoo_fleet import FleetMember, Server
from model.observation import Observation
from model.verdict import Evidence, Fact, Verdict
from tests.service.samples import modern

_NAME = "features.grease_tolerance"


def test_a_lost_fact_counts_once_until_it_is_known_again() -> None:
    proof = Evidence(note="no complete answer in time")
    known = _with(Fact(verdict=Verdict.YES))
    unknown = _with(Fact(verdict=Verdict.UNKNOWN, evidence=proof))
    address = str(known.endpoint.address)
    run = Run(
        members={
            address: FleetMember(server=Server(name="one", port=443), address=address, port=443)
        }
    )
    seen = [unknown, known, unknown, unknown, known, unknown]
    assert [_NAME in run.newly_lost(one) for one in seen] == [
        *(False, False),
        *(True, False),
        *(False, True),
    ]
    run.count(unknown, [_NAME])
    assert run.lost == {("one", _NAME, "no complete answer in time"): 1}


def _with(fact: Fact) -> Observation:
    return replace(modern(), features={"grease_tolerance": fact})
