"""Fills a database with endpoints that were visited before, each due at its own time within the interval.

One endpoint is visited and stored as a worker stores it; its rows are copied for the others, with their own names and,
if the caller wants, their own leaf certificates.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql

from model.certificates.certificate import Certificate, ServedChain
from model.clock import SystemClock
from model.encoding.facts_digest import facts_digest
from model.endpoint_state import Schedule
from model.observation import Observation
from model.target import Endpoint, Target
from policy import PolicySet, profile
from probe.visit.engine import Engine
from probe.visit.settings import ProbeSettings
from service.judging.policy_evaluator import PolicyEvaluator
from storage import SqlStore
from storage.rows.compression import Kind, compressed, decompressed

PROFILE: Final = "mozilla-intermediate"
_LEVEL: Final = 2
"""Compresses five times as fast as a worker does, and to a tenth more."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SEED: Final = """
CREATE TABLE seed (id bigint PRIMARY KEY, target_key text, host text, server_name text, key text,
                   facts_digest bytea, facts bytea, proofs bytea, due_at timestamptz)
"""
_OWN: Final = {
    "targets": {"id": "id", "key": "target_key", "host": "host", "server_name": "server_name"},
    "endpoints": {"id": "id", "key": "key", "target_id": "id", "address": "host"},
    "observations": {
        "id": "id",
        "endpoint_id": "id",
        "facts_digest": "facts_digest",
        "facts": "facts",
    },
    "evidence": {"observation_id": "id", "proofs": "proofs"},
    "observation_certificates": {"observation_id": "id"},
    "visits": {"id": "id", "endpoint_id": "id", "observation_id": "id"},
    "compliance": {"endpoint_id": "id"},
    "findings": {"endpoint_id": "id"},
    "statuses": {
        **dict.fromkeys(("endpoint_id", "visit_id", "observation_id"), "id"),
        "facts_digest": "facts_digest",
    },
}
"""For each table, its columns that are not copied from the rows of the first endpoint, and their columns in ``seed``."""


def endpoint(number: int, addresses: Sequence[str], port: int) -> Endpoint:
    """One of the endpoints, which share the addresses in turn."""
    address = addresses[number % len(addresses)]
    target = Target(host=address, port=port, server_name=_name(number), source="file:targets.csv")
    return Endpoint(target=target, address=address)


def _name(number: int) -> str:
    """All names have one length, so that a hello for one is a hello for another if the name is replaced."""
    return f"n{number:07}.test"


def write_targets(path: Path, count: int, addresses: Sequence[str], port: int) -> None:
    """The targets file of the endpoints."""
    with path.open("w") as file:
        file.write("target,server_name\n")
        for number in range(count):
            target = endpoint(number, addresses, port).target
            file.write(f"{target.host}:{port},{target.server_name}\n")


async def first_visit(addresses: Sequence[str], port: int) -> Observation:
    """All facts of the server, as endpoint 0."""
    engine = Engine(ProbeSettings(deadline_seconds=120.0), SystemClock())
    return await engine.visit(endpoint(0, addresses, port))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """The endpoints to store, which share the addresses in turn.

    With ``own_leaves`` each has other leaf certificates than the server, and its next visit would find a change.
    """

    count: int
    addresses: Sequence[str]
    own_leaves: bool = False


async def fill(
    url: str,
    seen: Observation,
    fleet: Fleet,
    *,
    starts_after: timedelta,
    interval_seconds: float,
) -> datetime:
    """Store the fleet with the facts of ``seen``; returns when the first endpoint is due, that long afterwards."""
    evaluator = PolicyEvaluator(PolicySet(policies=(profile(PROFILE),)))
    schedule = Schedule(
        endpoint_key=seen.endpoint.key,
        due_at=seen.ended_at,
        interval_seconds=interval_seconds,
        consecutive_failures=0,
        enumerated_at=seen.started_at,
    )
    async with await SqlStore.open(url) as store:
        await store.record_visit(await evaluator.judge(seen, schedule))
    with psycopg.connect(url) as connection:
        # The copied rows refer to copied rows. To check each reference in a table that was empty takes hours.
        connection.execute("SET session_replication_role = replica")
        connection.execute(_SEED)
        stored = connection.execute("SELECT facts, proofs FROM observations, evidence").fetchall()[
            0
        ]
        rows = _rows(seen, stored, _copies(seen, fleet), interval_seconds / fleet.count)
        with connection.cursor().copy("COPY seed FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        connection.execute("ANALYZE seed")
        for table, own in _OWN.items():
            _copy(connection, table, own)
        begins = datetime.now(UTC) + starts_after
        after = {"after": begins - _EPOCH}
        connection.execute("UPDATE seed SET due_at = due_at + %(after)s", after)
        connection.execute(
            "UPDATE statuses SET due_at = seed.due_at FROM seed WHERE id = endpoint_id"
        )
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
    return begins


def _copies(seen: Observation, fleet: Fleet) -> Iterator[Observation]:
    for number in range(fleet.count):
        own = endpoint(number, fleet.addresses, seen.endpoint.target.port)
        certificates = _with_own_leaves(seen, number) if fleet.own_leaves else seen.certificates
        yield replace(seen, endpoint=own, certificates=certificates)


def _with_own_leaves(seen: Observation, number: int) -> tuple[ServedChain, ...]:
    return tuple(
        replace(
            one, chain=(replace(one.leaf, sha256=_own_digest(one.leaf, number)), *one.chain[1:])
        )
        for one in seen.certificates
    )


def _own_digest(leaf: Certificate, number: int) -> str:
    return hashlib.sha256(f"{leaf.sha256} {number}".encode()).hexdigest()


def _rows(
    seen: Observation,
    stored: tuple[bytes, bytes],
    copies: Iterable[Observation],
    due_every_seconds: float,
) -> Iterator[tuple[object, ...]]:
    """The rows of ``seed``; the facts and proofs that are ``stored`` have the name and leaves of ``seen``."""
    facts, proofs = map(decompressed, stored, (Kind.FACTS, Kind.PROOFS))
    for number, copied in enumerate(copies):
        target = copied.endpoint.target
        own_facts = facts
        for before, after in zip(seen.certificates, copied.certificates, strict=True):
            own_facts = own_facts.replace(before.leaf.sha256.encode(), after.leaf.sha256.encode())
        first, name = _name(0).encode(), _name(number).encode()
        yield (
            number + 1,
            target.key,
            target.host,
            target.server_name,
            copied.endpoint.key,
            bytes.fromhex(facts_digest(copied)),
            compressed(own_facts.replace(first, name), Kind.FACTS, _LEVEL),
            compressed(proofs.replace(first, name), Kind.PROOFS, _LEVEL),
            _EPOCH + timedelta(seconds=due_every_seconds * number),
        )


def _copy(connection: psycopg.Connection, table: str, own: Mapping[str, str]) -> None:
    """Copy the rows of the first endpoint, which is number 1 in every column of ``own`` that refers to it."""
    cursor = connection.execute(sql.SQL("SELECT * FROM {} LIMIT 0").format(sql.Identifier(table)))
    columns = [column.name for column in cursor.description or ()]
    is_numbered = "id" in columns and "id" not in own
    names = [name for name in columns if name != "id" or not is_numbered]
    connection.execute(
        sql.SQL(
            "INSERT INTO {table} ({names}) SELECT {values} FROM seed, {table} one "
            "WHERE one.{number} = 1 AND seed.id > 1"
        ).format(
            table=sql.Identifier(table),
            names=sql.SQL(", ").join(map(sql.Identifier, names)),
            values=sql.SQL(", ").join(
                sql.Identifier("seed", own[name]) if name in own else sql.Identifier("one", name)
                for name in names
            ),
            number=sql.Identifier(next(iter(own))),
        )
    )
    if "id" in own:
        sequence = "SELECT setval(pg_get_serial_sequence(%s, 'id'), max(id)) FROM seed"
        connection.execute(sequence, (table,))
