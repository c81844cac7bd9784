"""Mosquitto and RabbitMQ: in plaintext, and with TLS from the first byte."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

from model.observation import State
from model.verdict import Verdict
from tests.probe.starttls.case import Case, RealServer
from tests.probe.starttls.home import home
from tests.support.ports import free_ports
from tests.zoo.certificates import Certificates

_MOSQUITTO = """\
per_listener_settings true
listener {clear} 127.0.0.1
allow_anonymous true
listener {locked} 127.0.0.1
allow_anonymous false
listener {tls} 127.0.0.1
allow_anonymous true
certfile {chain}
keyfile {key}
"""


@contextmanager
def _start_mosquitto(certificates: Certificates) -> Iterator[Mapping[str, int]]:
    clear, locked, tls = free_ports(3)
    with home(certificates) as own:
        text = _MOSQUITTO.format(clear=clear, locked=locked, tls=tls, chain=own.chain, key=own.key)
        file = own.write("mosquitto.conf", text)
        with own.listening("mosquitto", "-c", file, ports=[clear, locked, tls]):
            yield {"off": clear, "locked": locked, "on": tls}


_RABBITMQ = """\
listeners.tcp.1 = 127.0.0.1:{clear}
listeners.ssl.1 = 127.0.0.1:{tls}
ssl_options.cacertfile = {root}
ssl_options.certfile = {chain}
ssl_options.keyfile = {key}
ssl_options.verify = verify_none
ssl_options.versions.1 = tlsv1.2
log.console = true
log.file = false
"""


@contextmanager
def _start_rabbitmq(certificates: Certificates) -> Iterator[Mapping[str, int]]:
    clear, tls, distribution, mapper = free_ports(4)
    with ExitStack() as stack:
        own = stack.enter_context(home(certificates))
        text = _RABBITMQ.format(clear=clear, tls=tls, root=own.root, chain=own.chain, key=own.key)
        mapper_environment = {"ERL_EPMD_ADDRESS": "127.0.0.1", "ERL_EPMD_PORT": str(mapper)}
        stack.enter_context(own.listening("epmd", ports=[mapper], environment=mapper_environment))
        environment = mapper_environment | {
            "RABBITMQ_CONFIG_FILE": str(own.write("rabbitmq.conf", text)),
            "RABBITMQ_MNESIA_BASE": str(own.make("mnesia")),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(own.write("plugins", "[].\n")),
            "RABBITMQ_DIST_PORT": str(distribution),
            "RABBITMQ_NODENAME": "zoo@localhost",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_LOG_BASE": str(own.make("log")),
        }
        program = "/usr/lib/rabbitmq/bin/rabbitmq-server"
        stack.enter_context(own.listening(program, ports=[clear, tls], environment=environment))
        yield {"off": clear, "on": tls}


MOSQUITTO = RealServer(
    name="mosquitto",
    start=_start_mosquitto,
    cases=(
        Case(
            configuration="off",
            protocol="mqtt",
            state=State.PLAINTEXT,
            plaintext={"answers_in_plaintext": Verdict.YES, "login_before_tls": Verdict.NO},
            values={"answers_in_plaintext": "accepted"},
        ),
        Case(
            configuration="locked",
            protocol="mqtt",
            state=State.PLAINTEXT,
            plaintext={"answers_in_plaintext": Verdict.YES, "login_before_tls": Verdict.YES},
        ),
        Case(configuration="on", protocol="mqtts", plaintext={"answers_in_plaintext": Verdict.NO}),
    ),
)
RABBITMQ = RealServer(
    name="rabbitmq",
    start=_start_rabbitmq,
    cases=(
        Case(
            configuration="off",
            protocol="amqp",
            state=State.PLAINTEXT,
            reason="AMQP asks for the protocol 0 0 9 1 instead of TLS",
            plaintext={
                "answers_in_plaintext": Verdict.YES,
                "login_before_tls": Verdict.YES,
                "starttls_enforced": Verdict.NO,
                "starttls_works": Verdict.NO,
            },
            values={"login_before_tls": "PLAIN AMQPLAIN"},
        ),
        Case(configuration="on", protocol="amqps", plaintext={"answers_in_plaintext": Verdict.NO}),
    ),
)
