"""The results of requested probes and the counts of the fleet, on either database."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta

import pytest

from model.records.probe_record import ProbeResult, ProbeState, ProbeStep, ResultTooLargeError
from storage import Retention, SqlStore
from storage.writing.records import probes as writing_probes
from tests.storage.released_database import COUNT, PROBE
from tests.storage.samples import NOON, certificate, observation, refusal

pytestmark = pytest.mark.slow

DAY = timedelta(days=1)


def probe(number: int) -> ProbeResult:
    """The result of one address, requested on the day of this number."""
    record = replace(PROBE.record, id=f"{number:032x}", created_at=NOON + number * DAY)
    return replace(PROBE, record=record)


async def test_a_result_is_restored_whole_with_its_evidence_and_without_steps(
    store: SqlStore,
) -> None:
    seen = observation(chain=[certificate(b"leaf")])
    # PostgreSQL's text cannot contain NUL.
    failed = refusal("b.example", reason="the server sent '\0' and U+FFFD: \ufffd")
    steps = (ProbeStep(number=1, text="resolving"),)
    record = replace(PROBE.record, steps=steps, target="nul\0.example", addresses=2)
    await store.put_probe(ProbeResult(record=record, observations=(seen, failed)))
    found = await store.probe(record.id)
    assert found is not None
    assert found.record == replace(record, steps=())
    assert [one.protocols for one in found.observations] == [seen.protocols, {}]
    assert found.observations[0].certificates == seen.certificates
    assert found.observations[1].reason == failed.reason
    assert await store.probe("0" * 32) is None


async def test_a_failed_probe_is_stored_with_its_reason(store: SqlStore) -> None:
    failed = replace(PROBE.record, state=ProbeState.FAILED, failure="quarantined", addresses=0)
    await store.put_probe(ProbeResult(record=failed, observations=()))
    assert await store.probes() == [failed]
    assert await store.remove_probe(failed.id)
    assert not await store.remove_probe(failed.id)
    assert await store.probes() == []


async def test_only_the_newest_probes_stay(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing_probes, "MOST_PROBES", 2)
    for number in (1, 3, 2, 0):
        await store.put_probe(probe(number))
    assert [one.id for one in await store.probes()] == [f"{number:032x}" for number in (3, 2)]


async def test_a_result_above_the_limit_is_refused_with_a_sentence(store: SqlStore) -> None:
    noise = random.Random(1).randbytes(3 << 20).hex()
    large = replace(PROBE, observations=(refusal(reason=noise),))
    with pytest.raises(ResultTooLargeError, match="at most 1048576 are stored"):
        await store.put_probe(large)
    assert await store.probes() == []


async def test_the_last_count_of_a_day_stays_and_old_ones_are_deleted(store: SqlStore) -> None:
    midnight = NOON.replace(hour=0)
    for at, answering in ((NOON, 1), (NOON + timedelta(hours=11), 2), (NOON + DAY, 3)):
        await store.put_fleet_count(replace(COUNT, at=at, answering=answering))
    found = await store.fleet_counts(midnight)
    assert [(one.at, one.answering) for one in found] == [(midnight, 2), (midnight + DAY, 3)]
    assert [one.answering for one in await store.fleet_counts(midnight + DAY)] == [3]
    await store.put_probe(probe(0))
    await store.put_probe(probe(1))
    # The first deletion believes the clock.
    pruned = await store.prune(Retention(history_days=1.9, probes_days=1.9), NOON + 2 * DAY)
    assert (pruned.counts["fleet_days"], pruned.counts["probes"]) == (1, 1)
    assert [one.answering for one in await store.fleet_counts(midnight)] == [3]
    assert await store.probes() == [probe(1).record]
