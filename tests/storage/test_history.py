"""What changed, when and where: Changes, stretches of visits, flapping, and the inventory on any date."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from model.comparisons.change import ChangeKind
from model.observation import ANSWERED, State
from model.query import Selection, ServiceEvent, Transition
from model.target import Endpoint, Target
from storage import SqlStore
from tests.storage.samples import INTERVAL, NOON, bare, certificate, observation, refusal, schedule

pytestmark = pytest.mark.slow

SUITES = {"a": ["TLS_AES_128_GCM_SHA256"], "b": ["TLS_AES_256_GCM_SHA384"]}
HERE = Selection(place="a.example")


async def visit_in_turn(store: SqlStore, facts: str, first_hour: int = 0) -> None:
    """An hourly visit for each letter: suites by their names above, ``-`` a refusal."""
    for hour, letter in enumerate(facts, first_hour):
        visit = (
            refusal(hour=hour) if letter == "-" else observation(hour=hour, suites=SUITES[letter])
        )
        await store.record(visit, schedule(visit))


async def turns(store: SqlStore) -> list[Transition]:
    return [one.turn for one in reversed(await store.history(HERE))]


async def test_the_first_visit_is_not_a_change(store: SqlStore) -> None:
    await visit_in_turn(store, "a")
    assert await store.changes() == []
    assert await turns(store) == [Transition.FIRST]


async def test_a_difference_has_a_sentence_a_time_and_an_endpoint(store: SqlStore) -> None:
    await visit_in_turn(store, "aab")
    vanished, appeared = await store.changes()
    assert appeared.kind is ChangeKind.APPEARED
    assert appeared.sentence == "TLS 1.3 suite appeared: TLS_AES_256_GCM_SHA384"
    assert vanished.sentence == "TLS 1.3 suite vanished: TLS_AES_128_GCM_SHA256"
    assert appeared.fact == "cipher_suites.TLSv1.3"
    assert appeared.at == NOON + 2 * INTERVAL
    assert appeared.endpoint_key == "a.example:443@127.0.0.1"


async def test_visits_with_the_same_facts_are_one_period(store: SqlStore) -> None:
    await visit_in_turn(store, "aaabb")
    newest, oldest = await store.history(HERE)
    assert (oldest.first_at, oldest.last_at, oldest.visits) == (NOON, NOON + 2 * INTERVAL, 3)
    assert (newest.first_at, newest.last_at, newest.visits) == (
        NOON + 3 * INTERVAL,
        NOON + 4 * INTERVAL,
        2,
    )
    assert newest.turn is Transition.CHANGED


async def test_facts_missing_from_a_failed_visit_have_not_vanished(store: SqlStore) -> None:
    await visit_in_turn(store, "a-a")
    again, stopped = await store.changes()
    assert stopped.sentence == "stopped answering: refused"
    assert again.sentence == "answers with TLS again, after refused"


async def test_a_change_during_a_failed_visit_is_detected_by_the_next_one(store: SqlStore) -> None:
    await visit_in_turn(store, "a-b")
    facts = {change.fact for change in await store.changes(since=NOON + 2 * INTERVAL)}
    assert facts == {"state", "cipher_suites.TLSv1.3"}


async def test_two_servers_behind_one_address_are_reported_once_as_flapping(
    store: SqlStore,
) -> None:
    await visit_in_turn(store, "abab" + "ab" * 10)
    changes = await store.changes(since=NOON + 3 * INTERVAL)
    assert [change.fact for change in changes] == ["flapping"]
    assert changes[0].sentence.startswith("flapping: answers change back and forth (TLS 1.3 suite")
    assert set((await turns(store))[3:]) == {Transition.FLAPPING}


async def test_something_new_is_reported_while_an_endpoint_flaps(store: SqlStore) -> None:
    await visit_in_turn(store, "ababab-")
    newest = (await store.changes(limit=1))[0]
    assert newest.sentence == "stopped answering: refused"


async def test_a_fact_that_returns_after_weeks_is_a_change_again(store: SqlStore) -> None:
    await visit_in_turn(store, "abab")
    await visit_in_turn(store, "b", first_hour=24 * 30)
    await visit_in_turn(store, "a", first_hour=24 * 30 + 1)
    assert (await turns(store))[-1] is Transition.CHANGED


async def test_a_status_has_the_change_times_of_facts_and_leaf(store: SqlStore) -> None:
    visits = [
        observation(hour=0, chain=[certificate(b"one")]),
        observation(hour=1, chain=[certificate(b"two")]),
        observation(hour=2, chain=[certificate(b"two")], suites=SUITES["b"]),
    ]
    seen = []
    for visit in visits:
        await store.record(visit, schedule(visit))
        (status,) = await store.statuses()
        seen.append((status.config_changed_at, status.certificate_changed_at))
    first, second = NOON + INTERVAL, NOON + 2 * INTERVAL
    assert seen == [(None, None), (first, first), (second, first)]


async def test_changes_are_limited_by_time_and_place(store: SqlStore) -> None:
    await visit_in_turn(store, "ab")
    other = observation("b.example", hour=1)
    await store.record(other, schedule(other))
    assert len(await store.changes(HERE, since=NOON, until=NOON + 2 * INTERVAL)) == 2
    assert await store.changes(HERE, until=NOON + INTERVAL) == []
    assert await store.changes(Selection(place="b.example")) == []
    assert await store.changes(Selection(labels={"team": "db"})) == []
    assert len(await store.changes(limit=1)) == 1


async def test_the_inventory_of_any_time_is_what_was_known_at_that_time(store: SqlStore) -> None:
    await visit_in_turn(store, "ab-")
    for hour, letter in enumerate("ab"):
        (status,) = (await store.snapshot_at(NOON + hour * INTERVAL)).endpoints
        visit = observation(hour=hour, suites=SUITES[letter])
        assert status.observation == bare(visit)
        assert status.last_success_at == visit.started_at
        proved = await store.proved_at(
            NOON + hour * INTERVAL, {visit.endpoint.key, "x.example:1@-"}
        )
        assert proved == {visit.endpoint.key: visit}
    assert await store.proved_at(NOON - INTERVAL, {observation().endpoint.key}) == {}
    (status,) = (await store.snapshot_at(NOON + 2.5 * INTERVAL)).endpoints
    assert status.observation.state is State.REFUSED
    assert status.last_success_at == NOON + INTERVAL
    assert status.config_changed_at == NOON + INTERVAL


@pytest.mark.parametrize("state", sorted(ANSWERED))
async def test_every_answer_is_a_last_success_at_a_later_time(
    store: SqlStore, state: State
) -> None:
    answered, refused = replace(observation(), state=state), refusal(hour=1)
    await store.record(answered, schedule(answered))
    await store.record(refused, schedule(refused, failures=1))
    (status,) = (await store.snapshot_at(NOON + 1.5 * INTERVAL)).endpoints
    assert status.last_success_at == answered.started_at


async def test_an_endpoint_not_visited_for_long_is_not_in_a_later_inventory(
    store: SqlStore,
) -> None:
    await visit_in_turn(store, "a")
    assert len((await store.snapshot_at(NOON + timedelta(days=6))).endpoints) == 1
    assert (await store.snapshot_at(NOON + timedelta(days=8))).endpoints == ()


async def test_new_labels_are_not_a_change_of_facts_and_can_be_queried(store: SqlStore) -> None:
    first, second = observation(hour=0), observation(hour=1, labels={"team": "db", "zone": "dmz"})
    for visit in (first, second):
        await store.record(visit, schedule(visit))
    assert len(await store.history(HERE)) == 1
    assert len(await store.history(Selection(labels={"team": "db", "zone": "dmz"}))) == 1
    assert await store.history(Selection(labels={"team": "web"})) == []
    (status,) = await store.statuses()
    assert status.observation.endpoint.target.labels == {"team": "db", "zone": "dmz"}


async def test_events_of_the_service_are_stored(store: SqlStore) -> None:
    events = [
        ServiceEvent(at=NOON + hour * INTERVAL, kind="started", sentence=f"version 0.{hour}")
        for hour in range(2)
    ]
    for event in events:
        await store.note(event)
    assert await store.events() == events[::-1]
    assert await store.events(since=NOON + INTERVAL) == events[1:]


async def test_pages_list_the_inventory_by_expiry(store: SqlStore) -> None:
    ends = {"a": 5, "b": 1, "c": 3, "d": 3, "e": 9}
    for name, days in ends.items():
        leaf = replace(certificate(name.encode()), not_after=NOON + timedelta(days=days))
        visit = observation(f"{name}.example", chain=[leaf])
        await store.record(visit, schedule(visit))
    bare_visit = observation("f.example")
    await store.record(bare_visit, schedule(bare_visit))
    seen: list[str] = []
    page = await store.page(limit=2)
    while page.end is not None:
        seen += [one.observation.endpoint.target.host[0] for one in page.endpoints]
        page = await store.page(limit=2, after=page.end)
    seen += [one.observation.endpoint.target.host[0] for one in page.endpoints]
    assert seen == ["b", "c", "d", "a", "e"]
    assert (await store.page(Selection(labels={"team": "db"}))).endpoints == ()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("127.0.0.1", ["127.0.0.1"]),
        ("127.0.0.1:21543", ["127.0.0.1:21543?server_name=one.test"]),
        ("127.0.0.1:21543?server_name=one.test", ["127.0.0.1:21543?server_name=one.test"]),
        (
            "127.0.0.1:443",
            ["127.0.0.1:443?server_name=one.test", "127.0.0.1:443?server_name=two.test"],
        ),
        ("127.0.0.1:443?server_name=t", ["127.0.0.1:443?server_name=two.test"]),
        ("[::1]:8443", ["[::1]:8443?server_name=one.test"]),
        ("mail.example:25", ["mail.example:25?server_name=one.test"]),
        ("127.0.0.1:2", ["127.0.0.1:21543?server_name=one.test"]),
        ("127.0.0.1:99999999999", []),
        ("127.0.0.1:443%", []),
        ("127.0.0.2", []),
    ],
)
async def test_a_place_is_found_by_its_name_its_port_or_its_beginning(
    store: SqlStore, text: str, found: list[str]
) -> None:
    for host, port, name in (
        ("127.0.0.1", 21543, "one.test"),
        ("127.0.0.1", 443, "one.test"),
        ("127.0.0.1", 443, "two.test"),
        ("127.0.0.1", 4433, "one.test"),
        ("::1", 8443, "one.test"),
        ("mail.example", 25, "one.test"),
    ):
        target = Target(host=host, port=port, server_name=name)
        seen = replace(observation(), endpoint=Endpoint(target=target, address="127.0.0.1"))
        await store.record(seen, schedule(seen))
    if text == "mail.example:25":
        found = [f"tls://{one}" for one in found]
    assert await store.places(text, 10) == found
    assert await store.places(text, 1) == found[:1]
