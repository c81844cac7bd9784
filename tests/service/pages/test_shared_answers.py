"""A page is made once for all clients that ask for the same at the same time and may do the same."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from model.snapshot import Snapshot
from service.http.pages import inventory
from service.http.pages.inventory import Inventories, Inventory, OncePerRows
from tests.service.pages.samples import HandClock, client_of, status
from tests.service.samples import NOW, legacy, modern
from tests.storage.statements import selects, statements

CLIENTS = 20
OF_A_PROXY = {"x-forwarded-for": "192.0.2.7"}
"""Makes a client a viewer."""


@pytest.fixture(autouse=True)
def one_inventory(monkeypatch: pytest.MonkeyPatch) -> None:
    """No Inventory gets old, however slow this machine is."""
    monkeypatch.setattr(inventory, "view_rest_after", lambda _: float("inf"))


async def test_twenty_users_of_a_page_cost_as_many_statements_as_one() -> None:
    async with client_of(status(modern())) as client:
        with statements() as executed:
            answers = await asyncio.gather(*(client.get("/changes") for _ in range(CLIENTS)))
    assert {answer.status_code for answer in answers} == {200}
    assert selects(executed) == 1


async def test_other_queries_roles_and_encodings_get_answers_of_their_own() -> None:
    async with client_of(status(modern()), status(legacy())) as client:
        found = await client.get("/endpoints?q=old")
        assert "1 of 2 endpoints" in found.text
        assert "2 of 2 endpoints" in (await client.get("/endpoints")).text
        page = "/endpoint?target=old.example:443"
        assert "Probe now" in (await client.get(page)).text
        assert "Probe now" not in (await client.get(page, headers=OF_A_PROXY)).text
        for encoding in ("gzip", "identity", "gzip"):
            answer = await client.get("/endpoints", headers={"accept-encoding": encoding})
            assert answer.headers.get("content-encoding", "identity") == encoding
            assert "2 of 2 endpoints" in answer.text


async def test_an_answer_has_the_headers_of_the_first_one() -> None:
    async with client_of(status(modern())) as client:
        first, second = [await client.get("/endpoints") for _ in range(2)]
    assert list(first.headers.items()) == list(second.headers.items())
    assert first.content == second.content


async def test_only_a_limited_number_of_answers_is_kept() -> None:
    async with client_of(status(modern())) as client:

        async def selects_of_an_old_page() -> int:
            with statements() as executed:
                assert (await client.get("/changes")).is_success
            return selects(executed)

        assert await selects_of_an_old_page() == 1
        assert await selects_of_an_old_page() == 0
        for number in range(100):
            assert (await client.get(f"/endpoints?q=word{number}")).is_success
        assert await selects_of_an_old_page() == 1


async def test_a_wrong_query_is_refused_each_time() -> None:
    async with client_of(status(modern())) as client:
        answers: list[httpx.Response] = [
            await client.get("/changes?until=yesterday") for _ in range(2)
        ]
    assert [answer.status_code for answer in answers] == [400, 400]


async def test_what_depends_on_the_rows_alone_is_computed_again_only_if_one_differs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(inventory, "view_rest_after", lambda _: 0.0)
    statuses = [status(modern()), status(legacy())]
    found = Inventories(
        lambda: Snapshot(taken_at=NOW, endpoints=tuple(statuses)), HandClock(), lambda _: ()
    )
    computed = []

    def names(made: Inventory, _: str) -> list[str]:
        computed.append(made)
        return [row.name for row in made.rows]

    once = OncePerRows(names)
    first, second = await found.newest(), await found.newest()
    assert first is not second
    assert once.of(first) == once.of(second)
    assert len(computed) == 1
    statuses[1] = status(legacy())
    once.of(await found.newest())
    assert len(computed) == 2
