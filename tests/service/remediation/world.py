"""A listener in moto with real servers after it: which of them answers depends on the listener's security policy."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final

import botocore.session
import trustme

from model.claims import Claim
from model.endpoint_state import Schedule
from model.frozen import frozen
from model.observation import Observation
from model.protocol_version import ProtocolVersion
from model.query import AuditEntry
from model.snapshot import Snapshot
from model.target import Endpoint, Target
from model.verdict import Fact, Verdict
from policy import Policy, read_policies
from service.config.load import load_settings
from service.config.settings import ServiceSettings
from service.judging.policy_evaluator import PolicyEvaluator
from service.remediation.change import Result
from service.remediation.findings import Plan, open_findings, plan_of
from service.remediation.run import apply_plan, read_known
from storage import SqlStore, open_reader
from tests.discovery.aws.reading import ACCOUNT, REGION
from tests.service.samples import modern
from tests.support.aws_server import AwsServer, Call, Row
from tests.zoo.relay import CountingRelay, counting_relay

OLD: Final = "ELBSecurityPolicy-TLS13-1-1-2021-06"
NEW: Final = "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"
"""The most permissive policy of TLS 1.2 and 1.3 with the suites that RFC 9325 recommends."""
POLICY: Final = """\
policies:
  house:
    source: house rules
    rules:
      protocol_versions: {allowed: [TLSv1.2, TLSv1.3]}
      protocol_versions_required: {versions: [TLSv1.2]}
"""
ROLE: Final = f"arn:aws:iam::{ACCOUNT}:role/tlsprobe-remediate"


@cache
def client(aws: AwsServer, service: str) -> Any:
    """A client of a service of AWS on loopback, for the owner of the account."""
    return botocore.session.Session().create_client(
        service,
        region_name=REGION,
        endpoint_url=aws.url,
        aws_access_key_id="owner",
        aws_secret_access_key="secret",
    )


def make_listener(aws: AwsServer) -> str:
    """A balancer in moto, with a listener for HTTPS that has an old policy; the listener's ARN."""
    elbv2 = client(aws, "elbv2")
    subnets = [one["SubnetId"] for one in client(aws, "ec2").describe_subnets()["Subnets"]][:2]
    (balancer,) = elbv2.create_load_balancer(Name="web", Subnets=subnets)["LoadBalancers"]
    issued = trustme.CA().issue_cert("web.example")
    certificate = client(aws, "acm").import_certificate(
        Certificate=issued.cert_chain_pems[0].bytes(), PrivateKey=issued.private_key_pem.bytes()
    )["CertificateArn"]
    fixed = {"StatusCode": "200", "ContentType": "text/plain", "MessageBody": "ok"}
    (listener,) = elbv2.create_listener(
        LoadBalancerArn=balancer["LoadBalancerArn"],
        Protocol="HTTPS",
        Port=443,
        SslPolicy=OLD,
        Certificates=[{"CertificateArn": certificate}],
        DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": fixed}],
    )["Listeners"]
    return str(listener["ListenerArn"])


def configuration(folder: Path, aws: AwsServer, **remediation: Any) -> Path:
    """The service's configuration, which allows changes unless ``remediation`` says otherwise."""
    allowed = {"apply": "true", "role_arn": f'"{ROLE}"', "endpoint_url": aws.url} | remediation
    (folder / "policy.yaml").write_text(POLICY)
    file = folder / "tlsprobe.yml"
    file.write_text(
        f"database: sqlite:///{folder / 'tlsprobe.db'}\n"
        f"policies: [{folder / 'policy.yaml'}]\n"
        "probe: {checks: [versions]}\n"
        "remediation:\n" + "".join(f"  {name}: {value}\n" for name, value in allowed.items())
    )
    return file


@frozen
class World:
    """A listener of AWS with its endpoint, which the database knows with a finding."""

    aws: AwsServer
    listener: str
    relay: CountingRelay
    ports: Mapping[str, int]
    config: Path
    settings: ServiceSettings
    policies: tuple[Policy, ...]

    async def known(self) -> Snapshot:
        """What the database knows."""
        return await read_known(self.settings.database, datetime.now(UTC))

    async def plan(self) -> Plan:
        """The plan for its only finding."""
        known = await self.known()
        (found,) = open_findings(known)
        return plan_of(*found, known, self.policies)

    async def apply(self, **settings: Any) -> Result:
        """The change of that plan, without pauses, and with these ``settings`` of ``remediation``."""
        changed = self.settings.remediation.model_copy(update=settings)
        with_them = self.settings.model_copy(update={"remediation": changed})
        plan = await self.plan()
        return await apply_plan(plan, with_them.database, with_them, self.policies, pause=0)

    def answers_by(self, servers: Mapping[str, str]) -> None:
        """From now on, the listener's new policy decides which server answers."""

        def changed(call: Call) -> Row | None:
            self.relay.server = ("127.0.0.1", self.ports[servers[call.form["SslPolicy"]]])
            return None

        self.aws.answers["elbv2", "ModifyListener"] = changed

    @property
    def security_policy(self) -> str:
        """The listener's policy in AWS now."""
        answer = client(self.aws, "elbv2").describe_listeners(ListenerArns=[self.listener])
        return str(answer["Listeners"][0]["SslPolicy"])

    async def audit_log(self) -> list[AuditEntry]:
        """The entries, oldest first."""
        async with await open_reader(self.settings.database) as store:
            since = datetime.now(UTC) - timedelta(days=1)
            return list(reversed(await store.audit_log(since=since, limit=100)))


@asynccontextmanager
async def world(
    aws: AwsServer, listener: str, ports: Mapping[str, int], folder: Path, **remediation: Any
) -> AsyncIterator[World]:
    """The endpoint answers as the server ``weak`` does, and the database has a visit that saw this."""
    config = configuration(folder, aws, **remediation)
    settings = load_settings(config)
    book = read_policies(settings.policies, datetime.now(UTC))
    async with counting_relay(ports["weak"]) as relay:
        await store(weak(listener, relay.port), settings, PolicyEvaluator(book))
        yield World(
            aws=aws,
            listener=listener,
            relay=relay,
            ports=ports,
            config=config,
            settings=settings,
            policies=book.policies,
        )


def weak(listener: str, port: int) -> Observation:
    """What a visit sees of an endpoint of the listener that accepts TLS 1.1 too."""
    claim = Claim(
        name="elb_security_policy",
        statement=f"listener 443 of web uses {OLD}",
        source="AWS DescribeListeners",
        resource=listener,
        unprovable="a test",
    )
    target = Target(host="127.0.0.1", port=port, server_name=None, claims=(claim,))
    seen = modern()
    return replace(
        seen,
        endpoint=Endpoint(target=target, address="127.0.0.1"),
        started_at=datetime.now(UTC) - timedelta(minutes=1),
        protocols={**seen.protocols, ProtocolVersion.TLSV1_1: Fact(verdict=Verdict.YES)},
    )


async def store(seen: Observation, settings: ServiceSettings, evaluator: PolicyEvaluator) -> None:
    """Stores the visit, judged."""
    schedule = Schedule(
        endpoint_key=seen.endpoint.key,
        due_at=seen.ended_at + timedelta(hours=1),
        interval_seconds=3600.0,
        consecutive_failures=0,
    )
    async with await SqlStore.open(settings.database) as archive:
        await archive.record_visit(await evaluator.judge(seen, schedule))
