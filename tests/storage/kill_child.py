"""Records visits as fast as it can until it is killed, and prints each one once it is acknowledged.

After ``opening`` and ``open``, each line has the endpoint's key, the observation's digest and the due time, so
that the killing process knows what must be stored.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import sys
from datetime import timedelta
from multiprocessing.connection import Connection

from model.encoding.facts_digest import facts_digest
from storage import SqlStore
from tests.storage.samples import NOON, certificate, observation, schedule

ENDPOINTS = 8


async def record_forever(store: SqlStore, endpoint: int, child_round: int) -> None:
    for number in itertools.count():
        visit = observation(
            f"{endpoint}.example",
            hour=child_round,
            suites=[f"SUITE_{child_round}_{number}"],
            chain=[certificate(os.urandom(600))],
        )
        when = schedule(visit)
        await store.record(visit, when)
        due_microseconds = (when.due_at - NOON) // timedelta(microseconds=1)
        print(visit.endpoint.key, facts_digest(visit), due_microseconds, flush=True)


async def main(url: str, child_round: int) -> None:
    print("opening", flush=True)
    async with await SqlStore.open(url) as store, asyncio.TaskGroup() as tasks:
        print("open", flush=True)
        for endpoint in range(ENDPOINTS):
            tasks.create_task(record_forever(store, endpoint, child_round))


def run(url: str, child_round: int, output: Connection) -> None:
    """The whole life of the process, which prints to ``output``."""
    os.dup2(output.fileno(), sys.stdout.fileno())
    asyncio.run(main(url, child_round))
