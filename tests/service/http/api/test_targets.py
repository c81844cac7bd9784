"""Targets that clients add: probed like those of other sources, labelled, removed, audited, and stored."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, Final

import httpx
import pytest

from tests.service.http.api.world import (
    ADA,
    ALICE,
    MOST_TARGETS,
    VICTOR,
    Api,
    Inventory,
    api,
    following,
)

URL: Final = "/api/v1/targets"
NEW: Final = {"target": "shop.example:8443", "labels": {"team": "shop"}}
KEY: Final = "shop.example:8443"
OF_FILE: Final = "www.example:443"


@pytest.fixture
async def running() -> AsyncIterator[Api]:
    async with api() as made:
        yield made


async def added(running: Api, **fields: Any) -> httpx.Response:
    answer = await running.client.post(URL, json={**NEW, **fields})
    assert answer.status_code == 201
    return answer


async def log(running: Api) -> list[tuple[str, str, str, Any, Any]]:
    entries = (await running.get("/audit")).json()["items"]
    return [
        (one["actor"], one["action"], one["subject"], one["before"], one["after"])
        for one in entries
        if one["action"].startswith("target_")
    ]


async def test_an_added_target_is_probed_like_those_of_other_sources(running: Api) -> None:
    answer = await added(running)
    shown = answer.json()
    probed = running.inventory.target(KEY)
    assert probed is not None
    assert (probed.source, probed.labels, probed.server_name) == (
        "api",
        {"team": "shop"},
        "shop.example",
    )
    assert (await running.client.get(answer.headers["location"])).json() == shown
    assert shown["api_labels"] == {"team": "shop"}
    (listed,) = (await running.get("/targets", q="shop")).json()["items"]
    assert listed == shown
    (source,) = (await running.get("/discovery/sources")).json()["items"]
    assert (source["name"], source["targets"]) == ("api", 1)


async def test_a_target_is_labelled_and_removed_and_the_audit_log_has_both_states(
    running: Api,
) -> None:
    place = (await added(running)).headers["location"]
    running.by = replace(ALICE, name="bob")
    labels = {"team": None, "env": "prod"}
    answer = await running.client.patch(place, json={"labels": labels})
    assert (answer.status_code, answer.json()["labels"]) == (200, {"env": "prod"})
    probed = running.inventory.target(KEY)
    assert probed is not None
    assert probed.labels == {"env": "prod"}
    assert (await running.client.delete(place)).status_code == 204
    assert running.inventory.target(KEY) is None
    assert (await running.client.get(place)).status_code == 404
    first, second = (
        {
            "host": "shop.example",
            "port": 8443,
            "server_name": "shop.example",
            "protocol": "tls",
            "labels": labels,
        }
        for labels in ({"team": "shop"}, {"env": "prod"})
    )
    assert await log(running) == [
        ("bob", "target_removed", KEY, second, None),
        ("bob", "target_changed", KEY, first, second),
        ("alice", "target_added", KEY, None, first),
    ]


async def test_targets_survive_a_restart(running: Api) -> None:
    await added(running)
    again = Inventory(running.store)
    async with following(again):
        probed = again.target(KEY)
    assert probed is not None
    assert (probed.source, probed.labels) == ("api", {"team": "shop"})


async def test_the_labels_of_a_file_come_first_and_the_target_names_both_sources(
    running: Api,
) -> None:
    labels = {"team": "other", "env": "prod"}
    shown = (await added(running, target=OF_FILE, labels=labels)).json()
    assert shown["source"] == "file, api"
    assert shown["labels"] == {"team": "web", "env": "prod"}
    assert shown["api_labels"] == labels
    assert (await running.client.delete(f"{URL}/{shown['id']}")).status_code == 204
    probed = running.inventory.target(OF_FILE)
    assert probed is not None
    assert probed.source == "file"


async def test_a_target_of_another_source_is_changed_there_only(running: Api) -> None:
    (shown,) = (await running.get("/targets", q=OF_FILE)).json()["items"]
    place = f"{URL}/{shown['id']}"
    changed = await running.client.patch(place, json={"labels": {"env": "prod"}})
    removed = await running.client.delete(place)
    assert (changed.status_code, removed.status_code) == (409, 409)
    detail = "the target comes from another source (file): change it there"
    assert changed.json()["detail"] == detail
    assert shown["api_labels"] is None
    assert await log(running) == []


async def test_of_two_clients_that_change_one_target_the_second_is_refused(running: Api) -> None:
    place = (await added(running)).headers["location"]
    seen = {"if-match": (await running.client.get(place)).headers["etag"]}

    async def label(text: str) -> httpx.Response:
        return await running.client.patch(place, json={"labels": {"env": text}}, headers=seen)

    answers = await asyncio.gather(label("first"), label("second"))
    assert sorted(one.status_code for one in answers) == [200, 412]
    assert (await running.client.delete(place, headers=seen)).status_code == 412
    assert len(await log(running)) == 2


async def test_two_clients_that_set_different_labels_keep_both(running: Api) -> None:
    place = (await added(running)).headers["location"]
    await asyncio.gather(
        *(running.client.patch(place, json={"labels": {name: "1"}}) for name in ("one", "two"))
    )
    labels = (await running.client.get(place)).json()["labels"]
    assert labels == {"team": "shop", "one": "1", "two": "1"}


async def test_of_two_clients_that_add_one_target_the_second_is_refused(running: Api) -> None:
    answers = await asyncio.gather(*(running.client.post(URL, json=NEW) for _ in range(2)))
    assert sorted(one.status_code for one in answers) == [201, 409]
    assert len(await log(running)) == 1


async def test_viewers_change_nothing_and_operators_do_not_control_probing(running: Api) -> None:
    steered = {**NEW, "labels": {"client_auth": "required"}}
    running.by = VICTOR
    assert (await running.client.post(URL, json=NEW)).status_code == 403
    running.by = ALICE
    refused = await running.client.post(URL, json=steered)
    assert refused.status_code == 403
    assert "label client_auth" in refused.json()["detail"]
    running.by = ADA
    place = (await running.client.post(URL, json=steered)).headers["location"]
    running.by = ALICE
    plain = await running.client.patch(place, json={"labels": {"team": "shop"}})
    removed = await running.client.patch(place, json={"labels": {"client_auth": None}})
    assert (plain.status_code, removed.status_code) == (200, 403)
    running.by = VICTOR
    assert (await running.client.patch(place, json={"labels": {"a": "b"}})).status_code == 403
    assert (await running.client.delete(place)).status_code == 403


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({"target": "http://["}, 422, "'http://[' "),
        ({"target": "shop.example:0"}, 422, "use a number from 1 to 65535"),
        ({"target": "x" * 2001}, 422, "target "),
        ({"target": "user@shop.example"}, 422, "contains a user name"),
        ({"target": 443}, 422, "target "),
        ({"server_name": "192.0.2.1"}, 422, "is an address, not a server name"),
        ({"protocol": "gopher"}, 422, "'gopher' is an unknown protocol"),
        ({"labels": {"team": 1}}, 422, "labels.team "),
        ({"labels": {"": "x"}}, 422, "labels must not have the name ''"),
        ({"labels": {"a=b": "x"}}, 422, "labels must not have the name 'a=b'"),
        ({"labels": {"team": "a\x00b"}}, 422, "labels must not have this value of 'team'"),
        ({"labels": {"team": "x" * 201}}, 422, "labels must not have this value of 'team'"),
        ({"labels": {"__meta": "x"}}, 422, "only for relabelling"),
        ({"labels": {"client_auth": "mandatory"}}, 422, "the label client_auth must not be"),
        ({"labels": {str(number): "x" for number in range(33)}}, 422, "labels"),
        ({"owner": "eve"}, 422, "owner"),
        ({"target": "denied.example"}, 403, "denied.example"),
        ({"target": "169.254.169.254"}, 403, "169.254.169.254"),
    ],
)
async def test_an_invalid_target_is_refused_with_one_sentence(
    running: Api, fields: dict[str, Any], status: int, words: str
) -> None:
    running.by = ADA
    answer = await running.client.post(URL, json={**NEW, **fields})
    assert (answer.status_code, words in answer.json()["detail"]) == (status, True), answer.text
    assert await running.store.api_targets() == []
    assert await log(running) == []


async def test_the_number_of_targets_is_limited(running: Api) -> None:
    for number in range(MOST_TARGETS):
        await added(running, target=f"{number}.example")
    answer = await running.client.post(URL, json=NEW)
    assert answer.status_code == 409
    assert f"{MOST_TARGETS} targets" in answer.json()["detail"]
