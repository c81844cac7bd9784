"""Which stored facts a visit gets: few, except where all questions would make a server block the machine."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest

from model.observation import Cost, Mode, Observation, State
from model.target import Endpoint, Target
from model.verdict import Fact, Verdict
from model.version import TOOL_VERSION
from scheduling.visit import known_facts

_AT = datetime(2026, 11, 30, 12, tzinfo=UTC)


def _endpoint(protocol: str) -> Endpoint:
    target = Target(host="db.test", port=3306, server_name="db.test", protocol=protocol)
    return Endpoint(target=target, address="192.0.2.1")


def _seen(protocol: str, *, state: State = State.TLS, detected: str | None = None) -> Observation:
    found = Fact(verdict=Verdict.YES, value=detected)
    return Observation(
        tool_version=TOOL_VERSION,
        mode=Mode.ENUMERATE,
        endpoint=_endpoint(protocol),
        started_at=_AT,
        cost=Cost(),
        state=state,
        plaintext={} if detected is None else {"application_protocol": found},
    )


@dataclass(slots=True)
class Stored:
    """The visits that are stored, newest first."""

    visits: list[Observation] = field(default_factory=list)

    async def latest(self, endpoint_key: str, *, answered: bool = False) -> Observation | None:
        fitting = (one for one in self.visits if one.answered or not answered)
        return next((one for one in fitting if one.endpoint.key == endpoint_key), None)


@pytest.mark.parametrize(
    ("seen", "is_given"),
    [
        (_seen("tls"), False),
        (_seen("postgres"), False),
        (_seen("mysql"), True),
        (_seen("auto", detected="mysql"), True),
        (_seen("auto", detected="smtp"), False),
        (_seen("auto"), False),
    ],
)
async def test_an_enumerating_visit_gets_the_facts_of_a_server_that_blocks_clients(
    seen: Observation, is_given: bool
) -> None:
    known = await known_facts(Stored([seen]).latest, seen.endpoint, enumerates=True)
    assert known == (seen if is_given else None)
    assert await known_facts(Stored([seen]).latest, seen.endpoint, enumerates=False) == seen


@pytest.mark.parametrize("enumerates", [True, False])
async def test_neither_a_failure_nor_another_version_of_tlsprobe_loses_these_facts(
    enumerates: bool,
) -> None:
    failed, seen = _seen("mysql", state=State.TIMEOUT), _seen("mysql")
    older = replace(seen, tool_version="0.0")
    stored = Stored([failed, older])
    assert await known_facts(stored.latest, seen.endpoint, enumerates=enumerates) == older


async def test_facts_of_another_version_of_tlsprobe_are_learned_again_elsewhere() -> None:
    older = replace(_seen("postgres"), tool_version="0.0")
    assert await known_facts(Stored([older]).latest, older.endpoint, enumerates=False) is None
