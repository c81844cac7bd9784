"""``tlsprobe certificates``: the calendar of a database, shared keys, and differing addresses."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from model.certificates.certificate_inventory import certificate_inventory
from model.encoding.times_json import time_to_json
from model.endpoint_state.schedule import Schedule
from model.observation import ClientAuth, ClientAuthMode, Observation
from model.protocol_version import ProtocolVersion
from model.snapshot import EndpointStatus
from model.target import Endpoint
from storage import SqlStore
from tests.service.processes import tlsprobe
from tests.service.samples import NOW, certificate, deployment, modern

KEY = 64 * "a"


def serving(address: str, *sha256s: str, key: str | None = None, days: int = 30) -> Observation:
    """An endpoint at that address with leaves of these hashes."""
    base = modern()
    leaves = [
        replace(
            certificate(),
            sha256=sha256,
            public_key_sha256=key or sha256,
            not_after=NOW + timedelta(days=days),
        )
        for sha256 in sha256s
    ]
    chains = tuple(replace(deployment(), chain=(leaf,)) for leaf in leaves)
    endpoint = Endpoint(target=base.endpoint.target, address=address)
    return replace(base, endpoint=endpoint, certificates=chains)


def status(observation: Observation) -> EndpointStatus:
    return EndpointStatus(
        observation=observation,
        last_probe_at=NOW,
        last_success_at=NOW,
        consecutive_failures=0,
        interval_seconds=3600.0,
    )


def test_the_first_to_expire_is_first_with_its_endpoints() -> None:
    late, soon = 64 * "1", 64 * "2"
    found = certificate_inventory(
        [
            status(serving("192.0.2.1", late, days=90)),
            status(serving("192.0.2.2", soon, days=3)),
            status(serving("192.0.2.3", soon, days=3)),
        ]
    )
    assert [one.certificate.sha256 for one in found.held] == [soon, late]
    assert [len(one.endpoints) for one in found.held] == [2, 1]
    assert found.shared_keys == ()


def test_a_key_in_two_certificates_and_differing_addresses_are_listed() -> None:
    one, other = 64 * "1", 64 * "2"
    found = certificate_inventory(
        [status(serving("192.0.2.1", one, key=KEY)), status(serving("192.0.2.2", other, key=KEY))]
    )
    (shared,) = found.shared_keys
    assert [held.certificate.sha256 for held in shared.held] == [one, other]
    (mismatch,) = found.mismatches
    assert mismatch.by_address == {"192.0.2.1": (one,), "192.0.2.2": (other,)}


def test_addresses_that_require_different_client_certificates_are_detected() -> None:
    none, required = (
        {ProtocolVersion.TLSV1_3: ClientAuth(mode=mode)}
        for mode in (ClientAuthMode.NONE, ClientAuthMode.REQUIRED)
    )
    found = certificate_inventory(
        status(replace(serving(address, 64 * "1"), client_auth=auth))
        for address, auth in (("192.0.2.1", none), ("192.0.2.2", required), ("192.0.2.3", {}))
    )
    (uneven,) = found.uneven
    assert uneven.by_address == {
        "192.0.2.1": ("none at TLSv1.3",),
        "192.0.2.2": ("required at TLSv1.3",),
    }


def test_one_certificate_everywhere_is_not_a_mismatch() -> None:
    same = 64 * "1"
    both = [status(serving(address, same)) for address in ("192.0.2.1", "192.0.2.2")]
    found = certificate_inventory(both)
    assert (found.shared_keys, found.mismatches) == ((), ())


async def keep(database: str, *observations: Observation) -> None:
    async with await SqlStore.open(database) as store:
        for observation in observations:
            schedule = Schedule(
                endpoint_key=observation.endpoint.key,
                due_at=NOW,
                interval_seconds=3600.0,
                consecutive_failures=0,
            )
            await store.record(observation, schedule)


async def test_the_command_prints_the_calendar_of_a_database(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path / 'kept.db'}"
    one, other = 64 * "1", 64 * "2"
    await keep(
        database,
        serving("192.0.2.1", one, key=KEY, days=90),
        serving("192.0.2.2", other, key=KEY, days=3),
    )
    run = await asyncio.to_thread(tlsprobe, "certificates", "--database", database, "--json")
    told = json.loads(run.stdout)
    assert run.returncode == 0
    assert [entry["sha256"] for entry in told["certificates"]] == [other, one]
    begun = certificate().not_before
    assert begun is not None
    third = (NOW + timedelta(days=90) - begun) / 3
    assert told["certificates"][1]["renewal_at"] == time_to_json(NOW + timedelta(days=90) - third)
    assert told["certificates"][1]["lifetime_remaining_ratio"] < 1
    assert told["shared_keys"] == [{"public_key_sha256": KEY, "certificates": [other, one]}]
    run = await asyncio.to_thread(tlsprobe, "certificates", "--database", database)
    assert run.returncode == 0
    assert "one key in 2 certificates" in run.stdout
    assert "serves different" in run.stdout
    assert "\x1b" not in run.stdout
    labelled = ("certificates", "--database", database, "--json", "--label", "team=nobody's")
    run = await asyncio.to_thread(tlsprobe, *labelled)
    assert json.loads(run.stdout)["certificates"] == []


@pytest.mark.parametrize(
    "arguments", [("--database", "nonsense"), ("--database", "sqlite:////nowhere/x.db")]
)
async def test_an_invalid_database_is_reported_in_one_sentence(arguments: tuple[str, ...]) -> None:
    run = await asyncio.to_thread(tlsprobe, "certificates", *arguments)
    assert (run.returncode, run.stdout) == (2, "")
    assert "Traceback" not in run.stderr
