"""The demo's AWS account declares 13 things of the six servers; tlsprobe finds the three that are false."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest
from pydantic import TypeAdapter

from discovery.merge import merge, sift
from discovery.source import SourceReading
from discovery.trust import LabelRules
from model.claims import ClaimVerdict
from model.clock import SystemClock
from model.target import Endpoint, Target
from pki.net_guard.gate import SocketGate
from policy.assess import held_claims
from probe.visit.engine import Engine
from probe.visit.settings import ProbeSettings
from service.config.clouds.aws import AwsSettings
from service.config.sources import SourceContext
from service.demo import DemoFleet
from service.demo.aws_account import DemoAwsAccount
from service.demo.demonstrate import demonstrate
from service.process.start_up import StartError

pytestmark = pytest.mark.slow

FALSE = {
    ("legacy.demo.test", "api_gateway_security_policy"),
    ("expired.demo.test", "api_gateway_certificate"),
    ("pq.demo.test", "api_gateway_mutual_tls"),
}


async def read(source: dict[str, Any]) -> tuple[SourceReading, tuple[Target, ...]]:
    """What the source of the demo's configuration finds, after its rules."""
    settings = TypeAdapter(AwsSettings).validate_python(source)
    gate = SocketGate()
    found = await settings.reader("aws", SourceContext(gate=gate, statuses=tuple))()
    sifted = await sift(found.targets, settings.rules(), gate, labels=LabelRules())
    return found, sifted.kept


async def test_without_the_package_for_aws_the_demo_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("service.demo.demonstrate.find_spec", lambda _: None)
    with pytest.raises(StartError, match=r"install tlsprobe\[aws\]"):
        await demonstrate("127.0.0.1:0", None, StringIO(), with_aws=True)


async def test_the_claims_of_the_demo_are_proved_but_for_three(
    fleet: DemoFleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "of-the-user")
    async with DemoAwsAccount(fleet) as account:
        found, targets = await read(account.source)
    assert os.environ["AWS_PROFILE"] == "of-the-user"
    assert found.skipped == ()
    merged = await merge((fleet.targets, targets))
    assert [target.key for target in merged] == [target.key for target in fleet.targets]
    engine = Engine(ProbeSettings(), SystemClock())
    seen = await asyncio.gather(
        *(engine.visit(Endpoint(target=one, address="127.0.0.1")) for one in merged)
    )
    verdicts = {
        (one.endpoint.target.server_name, held.claim.name): held.verdict
        for one in seen
        for held in held_claims(one, datetime.now(UTC))
    }
    assert len(verdicts) == 13
    assert verdicts == {
        key: ClaimVerdict.CONTRADICTED if key in FALSE else ClaimVerdict.PROVED for key in verdicts
    }
    assert verdicts.keys() >= FALSE
