"""A change of AWS with real TLS servers: it is kept if it helps, and rolled back if an endpoint gets worse."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import pytest

from model.query import AuditAction
from service.remediation.action import RemediationError
from service.remediation.change import Ending
from tests.discovery.aws.reading import REGION
from tests.service.remediation.world import NEW, OLD, World, client, make_listener, world
from tests.support.aws_server import AwsServer, Call, Fault, Row
from tests.zoo.certificates import Certificates
from tests.zoo.openssl_servers import EVERYTHING, MODERN, SServer

pytestmark = [
    pytest.mark.integration,
    pytest.mark.filterwarnings("ignore:Exception.*does not match an error shape"),
]

SERVERS: Final = (
    SServer(name="weak", options=(), ciphers=EVERYTHING),
    SServer(name="modern", options=MODERN),
    SServer(name="newest", options=("-tls1_3",)),
)


@pytest.fixture(scope="module")
def running(
    certificates: Certificates, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mapping[str, int]]:
    """The ports of the servers by name."""
    with ExitStack() as stack:
        yield {
            one.name: stack.enter_context(one.start(certificates, tmp_path_factory.mktemp("s")))
            for one in SERVERS
        }


@pytest.fixture
async def ports(running: Mapping[str, int]) -> AsyncIterator[Mapping[str, int]]:
    """The servers, and one that answers every hello without TLS."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65_536)
        writer.write(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield {**running, "plaintext": server.sockets[0].getsockname()[1]}


@pytest.fixture(scope="module")
def listener(started: AwsServer) -> str:
    return make_listener(started)


@pytest.fixture
async def made(
    aws: AwsServer, listener: str, ports: Mapping[str, int], tmp_path: Path
) -> AsyncIterator[World]:
    client(aws, "elbv2").modify_listener(ListenerArn=listener, SslPolicy=OLD)
    aws.calls.clear()
    async with world(aws, listener, ports, tmp_path) as found:
        yield found


async def audited(made: World) -> list[tuple[str, str | None, str | None]]:
    """What the audit log says of the listener's policy, oldest first."""
    found = []
    for entry in await made.audit_log():
        assert entry.subject == made.listener
        before, after = entry.before or {}, entry.after or {}
        found.append((entry.action, before["security policy"], after["security policy"]))
    return found


async def test_a_change_that_removes_the_finding_is_kept(made: World) -> None:
    made.answers_by({NEW: "modern"})
    result = await made.apply()
    assert result.ending is Ending.FIXED
    assert made.security_policy == NEW
    assert await audited(made) == [
        (AuditAction.REMEDIATION_STARTED, OLD, NEW),
        (AuditAction.REMEDIATION_KEPT, OLD, NEW),
    ]


async def test_a_change_that_helps_nothing_is_kept_and_says_so(made: World) -> None:
    made.answers_by({NEW: "weak"})
    result = await made.apply(settle_seconds=0.001)
    assert result.ending is Ending.KEPT
    assert made.security_policy == NEW
    assert (await audited(made))[-1] == (AuditAction.REMEDIATION_KEPT, OLD, NEW)


@pytest.mark.parametrize(
    ("server", "problem"),
    [("plaintext", "does not answer any more"), ("newest", "TLS 1.2")],
)
async def test_a_change_that_makes_the_endpoint_worse_is_rolled_back(
    made: World, server: str, problem: str
) -> None:
    made.answers_by({NEW: server, OLD: "weak"})
    result = await made.apply()
    assert result.ending is Ending.ROLLED_BACK
    assert problem in result.sentence
    assert made.security_policy == OLD
    assert await audited(made) == [
        (AuditAction.REMEDIATION_STARTED, OLD, NEW),
        (AuditAction.REMEDIATION_ROLLED_BACK, NEW, OLD),
    ]


async def test_a_rollback_that_does_not_bring_the_endpoint_back_is_reported(made: World) -> None:
    made.answers_by({NEW: "newest", OLD: "newest"})
    result = await made.apply(settle_seconds=0.001)
    assert result.ending is Ending.FAILED
    assert made.security_policy == OLD
    assert (await audited(made))[-1] == (AuditAction.REMEDIATION_FAILED, NEW, OLD)


async def test_what_somebody_else_has_changed_meanwhile_is_not_rolled_back(made: World) -> None:
    theirs = "ELBSecurityPolicy-TLS13-1-0-2021-06"

    def changed(_: Call) -> Row | None:
        """Ours, and then theirs, from another console."""
        del made.aws.answers["elbv2", "ModifyListener"]
        client(made.aws, "elbv2").modify_listener(ListenerArn=made.listener, SslPolicy=theirs)
        made.relay.server = ("127.0.0.1", made.ports["plaintext"])
        return {"Listeners": []}

    made.aws.answers["elbv2", "ModifyListener"] = changed
    result = await made.apply()
    assert result.ending is Ending.FAILED
    assert theirs in result.sentence
    assert made.security_policy == theirs


async def test_a_write_that_aws_refuses_changes_nothing(made: World) -> None:
    made.aws.answers["elbv2", "ModifyListener"] = Fault(code="AccessDenied")
    result = await made.apply()
    assert result.ending is Ending.ROLLED_BACK
    assert "elasticloadbalancing:ModifyListener: not permitted" in result.sentence
    assert made.security_policy == OLD
    assert made.aws.called("elbv2", "ModifyListener") == 1


async def test_an_interrupted_change_is_rolled_back(made: World) -> None:
    reached = asyncio.Event()
    loop = asyncio.get_running_loop()

    def changed(call: Call) -> Row | None:
        loop.call_soon_threadsafe(reached.set)
        return None

    made.aws.answers["elbv2", "ModifyListener"] = changed
    task = asyncio.create_task(made.apply())
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert made.security_policy == OLD
    assert (await audited(made))[-1] == (AuditAction.REMEDIATION_ROLLED_BACK, NEW, OLD)


async def test_an_endpoint_that_does_not_answer_before_stops_the_change(made: World) -> None:
    made.relay.server = ("127.0.0.1", made.ports["plaintext"])
    with pytest.raises(RemediationError, match="does not answer from here"):
        await made.apply()
    assert (made.security_policy, await audited(made)) == (OLD, [])


async def test_a_finding_that_is_gone_stops_the_change(made: World) -> None:
    made.relay.server = ("127.0.0.1", made.ports["modern"])
    with pytest.raises(RemediationError, match="shows the finding no more"):
        await made.apply()
    assert made.security_policy == OLD


async def test_a_listener_that_is_configured_so_already_stays(made: World) -> None:
    client(made.aws, "elbv2").modify_listener(ListenerArn=made.listener, SslPolicy=NEW)
    with pytest.raises(RemediationError, match=f"is {NEW} already"):
        await made.apply()
    assert await audited(made) == []


async def test_changes_use_the_role_and_the_region_of_the_resource(made: World) -> None:
    made.answers_by({NEW: "modern"})
    await made.apply()
    (written,) = [one for one in made.aws.calls if one.operation == "ModifyListener"]
    assert written.region == REGION
    assert written.key != "base"
