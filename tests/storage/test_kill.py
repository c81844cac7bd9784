"""A process killed at any time loses nothing that it acknowledged."""

from __future__ import annotations

import asyncio
import itertools
import multiprocessing
import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import pytest

from model.encoding.facts_digest import facts_digest
from storage import SqlStore
from storage.maintenance import check_database
from tests.storage import kill_child
from tests.storage.conftest import DATABASES
from tests.storage.kill_child import ENDPOINTS
from tests.storage.samples import NOON
from tests.support.postgresql import PostgresServer

KILLS = 20
PROCESSES: Final = multiprocessing.get_context("forkserver")
"""Each process begins with what ``kill_child`` imports, which takes half a second of CPU."""
PROCESSES.set_forkserver_preload([kill_child.__name__])


@pytest.fixture(params=DATABASES)
def fresh_urls(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Iterator[str]]:
    """Any number of empty databases of each kind."""
    if request.param == "sqlite":
        yield (f"sqlite:///{tmp_path / str(number)}.db" for number in itertools.count())
        return
    server: PostgresServer = request.getfixturevalue("postgresql")
    with ExitStack() as databases:
        yield (databases.enter_context(server.database()) for _ in itertools.count())


def killed_after(
    url: str, child_round: int, *, lines: int, delay_seconds: float
) -> Iterator[list[str]]:
    """The fields of every line that a child printed before it was killed; at least ``lines`` lines."""
    receiver, sender = PROCESSES.Pipe(duplex=False)
    child = PROCESSES.Process(target=kill_child.run, args=(url, child_round, sender), daemon=True)
    child.start()
    sender.close()
    with receiver, os.fdopen(os.dup(receiver.fileno())) as printed:
        for _ in range(lines):
            yield printed.readline().split()
        time.sleep(delay_seconds)  # no event can mark an arbitrary time
        child.kill()
        # Lines that it printed after the last one read here were acknowledged as well, except for a
        # line that was cut short.
        yield from (line.split() for line in printed if line.endswith("\n"))
    child.join()
    assert child.exitcode == -signal.SIGKILL


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_every_acknowledged_visit_survives_kill_9(url: str) -> None:
    moments = random.Random(20)
    acknowledged: dict[str, set[str]] = {}
    due: dict[str, int] = {}
    for child_round in range(KILLS):
        lines = 2 + moments.randrange(80)  # at least "opening" and "open"
        delay_seconds = moments.uniform(0, 0.01)  # a commit takes some milliseconds
        printed = killed_after(url, child_round, lines=lines, delay_seconds=delay_seconds)
        for key, digest, due_microseconds in itertools.islice(printed, 2, None):
            acknowledged.setdefault(key, set()).add(digest)
            due[key] = int(due_microseconds)
        await assert_all_is_stored(url, acknowledged, due)
    assert len(acknowledged) == ENDPOINTS


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_a_process_killed_while_it_creates_the_database_leaves_one_that_opens(
    fresh_urls: Iterator[str],
) -> None:
    moments = random.Random(21)
    for url in itertools.islice(fresh_urls, KILLS // 2):
        delay_seconds = moments.uniform(0, 0.06)  # opening a file takes about 0.03 s
        for _ in killed_after(url, 0, lines=1, delay_seconds=delay_seconds):
            pass
        await assert_all_is_stored(url, {}, {})


async def assert_all_is_stored(
    url: str, acknowledged: dict[str, set[str]], due: dict[str, int]
) -> None:
    async with await SqlStore.open(url) as store:
        for key, digests in acknowledged.items():
            kept = await store.observations(key, limit=1_000_000)
            assert digests <= {facts_digest(visit) for visit in kept}
            for visit in kept[:3]:
                assert await store.certificate(visit.certificates[0].leaf.sha256) is not None
        due_now = {when.endpoint_key: when.due_at for when in await store.schedules()}
    for key, microseconds in due.items():
        assert (due_now[key] - NOON).total_seconds() * 10**6 >= microseconds
    _, problems = await asyncio.to_thread(check_database, url)
    assert problems == []
