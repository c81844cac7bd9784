"""The smallest example of each kind of addition, as docs/contribute/how-do-i-add.md describes it."""

from __future__ import annotations

from typing import Final

from tests.additions.addition import Addition, Line, imported

CHECK: Final = Addition(
    kind="check",
    files={
        "probe/checks/features/example.py": '''
from model.verdict import Fact, Verdict
from probe.checks.prober import Prober
from probe.checks.visit_facts import VisitFacts


async def check_example(_: Prober, facts: VisitFacts) -> None:
    """Fills the feature ``speaks_two_versions``."""
    spoken = len(list(facts.spoken))
    facts.features["speaks_two_versions"] = Fact(verdict=Verdict.YES if spoken == 2 else Verdict.NO)
'''
    },
    lines=(
        imported(
            "probe/checks/catalogue.py",
            "from probe.checks.features.example import check_example",
        ),
        Line(
            path="probe/checks/catalogue.py",
            after="            Check(part=Part.FINGERPRINTS",
            text="            Check(part=Part.FEATURES, ask=check_example, level=Intrusiveness.SAFE,"
            ' facts=("speaks_two_versions",)),',
        ),
    ),
    proof="""
import asyncio, tlsprobe
from service.demo import DemoFleet

async def main():
    async with DemoFleet() as fleet:
        for found in await tlsprobe.scan(fleet.targets[0], fleet.targets[-1], checks=["features"]):
            print(found.features["speaks_two_versions"].verdict)

asyncio.run(main())
""",
    shows="yes\nno",
)

STARTTLS: Final = Addition(
    kind="STARTTLS protocol",
    files={
        "probe/connect/starttls/mail/example.py": '''
from probe.connect.starttls.outcome import Upgraded, UpgradeScript, not_offered
from probe.connect.starttls.peer import Peer
from probe.connect.starttls.units import line
from probe.dialogue.before_tls.scripted import Turn


def upgrade(_: Peer) -> UpgradeScript:
    """Says GO and waits for OK."""
    heard = yield Turn(say=b"GO\\r\\n", until=line, what="the answer to GO")
    return Upgraded() if heard.startswith(b"OK") else not_offered("GO is not offered")
'''
    },
    lines=(
        imported(
            "probe/connect/starttls/catalogue.py",
            "from probe.connect.starttls.mail import example",
        ),
        Line(
            path="model/application_protocol.py",
            after="PROTOCOLS: Final",
            text='    _upgrading("example", "EXAMPLE", (9999,)),',
        ),
        Line(
            path="probe/connect/starttls/catalogue.py",
            after="STARTTLS: Final",
            text='    Application(name="example", upgrade=example.upgrade),',
        ),
    ),
    proof="""
import asyncio, tlsprobe

async def refuse(reader, writer):
    print((await reader.readline()).decode().strip())
    writer.write(b"NO\\r\\n")
    await writer.drain()
    writer.close()

async def main():
    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        (found,) = await tlsprobe.scan(f"example://127.0.0.1:{port}", checks=[])
    print(found.endpoint.target.protocol, found.state)

asyncio.run(main())
""",
    shows="GO\nexample plaintext",
)

SOURCE: Final = Addition(
    kind="discovery source",
    files={
        "discovery/word_list.py": '''
from collections.abc import Sequence

from discovery.source import SourceReading
from discovery.targets import parse_target


async def read_word_list(words: Sequence[str], name: str) -> SourceReading:
    """One target for each word."""
    return SourceReading(targets=tuple(parse_target(word, source=name) for word in words))
''',
        "service/config/word_list.py": '''
from collections.abc import Awaitable, Callable
from typing import Literal

from discovery.source import SourceReading
from discovery.word_list import read_word_list
from service.config.sources import PolledSettings, SourceContext


class WordListSettings(PolledSettings):
    """Targets that stand in the configuration."""

    type: Literal["word_list"]
    words: tuple[str, ...]

    @property
    def described(self) -> str:
        """Its kind."""
        return "word_list"

    def reader(self, name: str, context: SourceContext) -> Callable[[], Awaitable[SourceReading]]:
        """Reads the words."""
        return lambda: read_word_list(self.words, name)
''',
    },
    lines=(
        imported(
            "service/config/discovery.py", "from service.config.word_list import WordListSettings"
        ),
        Line(
            path="service/config/discovery.py",
            after="SOURCES: Final",
            text="    WordListSettings,",
        ),
    ),
    proof="""
import asyncio
from pathlib import Path

Path("service.yml").write_text("discovery: [{type: word_list, words: [192.0.2.1, a.example:8443]}]")
from model.snapshot import EndpointStatus
from service.config.load import load_settings
from service.config.sources import SourceContext

async def main():
    settings = load_settings(Path("service.yml"))
    (source,) = settings.ruled_sources(SourceContext(gate=settings.gate, statuses=lambda: ()))
    update = await anext(source.source.watch())
    print(*(target.key for target in update.targets), update.targets[0].source)

asyncio.run(main())
""",
    shows="192.0.2.1:443 a.example:8443 word_list",
)

RULE: Final = Addition(
    kind="rule",
    files={
        "policy/rules/endpoint/example.py": '''
from model.findings.finding import Outcome, Severity
from policy.rule import Evaluation, Family, Judge, Parameters, Rule, Subject


class Port(Parameters):
    """``number``: the only port that may be used."""

    number: int = 443


def _bind(parameters: Port) -> Judge:
    required = f"port {parameters.number}"

    def judge(subject: Subject) -> Evaluation:
        port = subject.observation.endpoint.target.port
        outcome = Outcome.PASS if port == parameters.number else Outcome.FAIL
        return Evaluation(
            outcome=outcome,
            observed=f"port {port}",
            required=required,
            violation=f"Listens on port {port}, not {parameters.number}",
        )

    return judge


USUAL_PORT = Rule(
    identifier="TP-PORT-001",
    name="usual_port",
    family=Family.GRADE,
    requirement="The service must listen on the usual port",
    violation="The service listens on an unusual port",
    why="Firewalls expect the usual port.",
    severity=Severity.LOW,
    parameters=Port,
    bind=_bind,
)
'''
    },
    lines=(
        imported("policy/catalogue.py", "from policy.rules.endpoint.example import USUAL_PORT"),
        Line(path="policy/catalogue.py", after="RULES: Final", text="    USUAL_PORT,"),
    ),
    proof="""
from pathlib import Path
import tlsprobe
from tests.service.samples import modern

Path("house.yml").write_text("policies: {house: {rules: {usual_port: {number: 8443}}}}")
for result in tlsprobe.policy.assess(modern(), "house.yml").results:
    if result.rule == "usual_port":
        print(result.outcome, result.rule_label, result.violation, sep="; ")
""",
    shows="fail; usual_port (TP-PORT-001); Listens on port 443, not 8443",
)

SERVER: Final = Addition(
    kind="remediation",
    files={
        "policy/remediation/servers/example.py": """
from collections.abc import Iterator

from policy.remediation.demands import Demands
from policy.remediation.setting import ServerKind, Setting, Topic


def _settings(demands: Demands) -> Iterator[Setting]:
    lines = (f"oldest = {demands.oldest.label}",)
    yield Setting(topic=Topic.VERSIONS, place="in example.ini", lines=lines)


EXAMPLE = ServerKind(name="Example", aliases=("example",), write=_settings)
"""
    },
    lines=(
        imported(
            "policy/remediation/catalogue.py",
            "from policy.remediation.servers.example import EXAMPLE",
        ),
        Line(path="policy/remediation/catalogue.py", after="SERVERS: Final", text="    EXAMPLE,"),
    ),
    proof="""
from policy import profile
from policy.remediation import SERVERS, Topic, remedy_for

(kind,) = [server for server in SERVERS if "example" in server.aliases]
print(*remedy_for(kind, [Topic.VERSIONS], [profile("mozilla-intermediate")]).lines)
""",
    shows="oldest = TLSv1.2",
)

ACTION: Final = Addition(
    kind="action",
    files={
        "service/remediation/aws/example.py": """
from policy.remediation import Topic
from policy.remediation.aws.elb import AWS_ELB
from service.remediation.action import Action, State, resource_arn
from service.remediation.aws.operations import DESCRIBE_LISTENERS, MODIFY_LISTENER


def _read(calls, demands):
    answer = calls.call(DESCRIBE_LISTENERS, ListenerArns=[resource_arn(demands)])
    return State(value=answer["Listeners"][0]["AlpnPolicy"][0], resource=answer)


def _write(calls, state, value):
    arn = state.resource["Listeners"][0]["ListenerArn"]
    calls.call(MODIFY_LISTENER, ListenerArn=arn, AlpnPolicy=[value])


EXAMPLE = Action(
    kind=AWS_ELB,
    topics=frozenset({Topic.EARLY_DATA}),
    setting="ALPN policy",
    wanted=lambda _: "HTTP2Preferred",
    read=_read,
    write=_write,
)
"""
    },
    lines=(
        imported(
            "service/remediation/catalogue.py",
            "from service.remediation.aws.example import EXAMPLE",
        ),
        Line(path="service/remediation/catalogue.py", after="ACTIONS: Final", text="    EXAMPLE,"),
    ),
    proof="""
from policy import profile
from policy.remediation import Fix, Topic, demands_of
from policy.remediation.aws.elb import AWS_ELB
from service.remediation.catalogue import action_of

demands = demands_of([profile("mozilla-intermediate")])
print(action_of(Fix(kind=AWS_ELB, topics=(Topic.EARLY_DATA,), demands=demands)).setting)
""",
    shows="ALPN policy",
)
