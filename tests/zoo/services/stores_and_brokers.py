"""Redis, Mosquitto, RabbitMQ and etcd on their TLS ports, with their own defaults.

Redis speaks TLS 1.2 and 1.3, follows the client's order, uses OpenSSL's automatic fields and requires a client
certificate, without naming an authority (createSSLContext in its src/tls.c, and redis.conf). Mosquitto has its
own order and automatic fields (net__tls_server_ctx in its src/net.c). RabbitMQ has Erlang's defaults, but
enables every version that OTP has (fix_ssl_protocol_versions in its rabbit_networking.erl). etcd speaks TLS 1.2
and later on Go's crypto/tls, and h2 alone (ServerConfig in its pkg/transport/listener.go).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from model.observation import ClientAuthMode
from model.protocol_version import STREAM_VERSIONS, ProtocolVersion
from model.verdict import Preference, Verdict
from tests.support.ports import free_port, free_ports
from tests.zoo.certificates import Certificates
from tests.zoo.languages.erlang import ErlangSettings
from tests.zoo.languages.go import GoSettings
from tests.zoo.openssl_settings import OpensslSettings
from tests.zoo.openssl_words import ENVIRONMENT
from tests.zoo.process import Command, running
from tests.zoo.server import ZooServer

_MOSQUITTO = """\
user root
listener {port} 127.0.0.1
allow_anonymous true
certfile {chain}
keyfile {key}
"""
_RABBITMQ = """\
listeners.tcp = none
listeners.ssl.1 = 127.0.0.1:{port}
ssl_options.certfile = {chain}
ssl_options.keyfile = {key}
log.console = true
log.file = false
"""


@contextmanager
def _redis(certificates: Certificates, directory: Path) -> Iterator[int]:
    one, port = certificates.rsa, free_port()
    options = {
        "--bind": "127.0.0.1",
        "--port": "0",
        "--tls-port": str(port),
        "--tls-cert-file": str(one.chain_file),
        "--tls-key-file": str(one.key_file),
        "--tls-ca-cert-file": str(certificates.client_ca_file),
        "--save": "",
    }
    command = Command(
        arguments=["redis-server", *(part for option in options.items() for part in option)],
        ready="Ready to accept connections",
        environment=ENVIRONMENT,
    )
    with running(command, directory):
        yield port


@contextmanager
def _mosquitto(certificates: Certificates, directory: Path) -> Iterator[int]:
    one, port = certificates.rsa, free_port()
    configuration = directory / "mosquitto.conf"
    configuration.write_text(_MOSQUITTO.format(port=port, chain=one.chain_file, key=one.key_file))
    command = Command(
        arguments=["mosquitto", "-c", str(configuration)],
        ready=r"mosquitto version \S+ running",
        environment=ENVIRONMENT | {"PATH": "/usr/sbin:/usr/bin:/bin"},
    )
    with running(command, directory):
        yield port


@contextmanager
def _rabbitmq(certificates: Certificates, directory: Path) -> Iterator[int]:
    port, distribution, mapper = free_ports(3)
    configuration = directory / "rabbitmq.conf"
    one = certificates.rsa
    configuration.write_text(_RABBITMQ.format(port=port, chain=one.chain_file, key=one.key_file))
    plugins = directory / "plugins"
    plugins.write_text("[].\n")
    names = {"ERL_EPMD_ADDRESS": "127.0.0.1", "ERL_EPMD_PORT": str(mapper)}
    with ExitStack() as stack:
        stack.enter_context(running(_epmd(names), directory))
        command = Command(
            arguments=["/usr/lib/rabbitmq/bin/rabbitmq-server"],
            ready="Server startup complete",
            environment=names
            | {
                "HOME": str(directory),
                "RABBITMQ_CONFIG_FILE": str(configuration),
                "RABBITMQ_MNESIA_BASE": str(directory / "mnesia"),
                "RABBITMQ_ENABLED_PLUGINS_FILE": str(plugins),
                "RABBITMQ_DIST_PORT": str(distribution),
                "RABBITMQ_NODENAME": "zoo@localhost",
                "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": (
                    "-kernel inet_dist_use_interface {127,0,0,1}"
                ),
                "RABBITMQ_LOGS": "-",
                "RABBITMQ_LOG_BASE": str(directory / "log"),
            },
        )
        stack.enter_context(running(command, directory))
        yield port


def _epmd(environment: dict[str, str]) -> Command:
    """Erlang's port mapper, which says in its debugging output that it listens."""
    return Command(arguments=["epmd", "-d"], ready="epmd running", environment=environment)


@contextmanager
def _etcd(certificates: Certificates, directory: Path) -> Iterator[int]:
    one, port, peers = certificates.rsa, *free_ports(2)
    options = {
        "--data-dir": str(directory / "data"),
        "--listen-client-urls": f"https://127.0.0.1:{port}",
        "--advertise-client-urls": f"https://127.0.0.1:{port}",
        "--listen-peer-urls": f"http://127.0.0.1:{peers}",
        "--initial-advertise-peer-urls": f"http://127.0.0.1:{peers}",
        "--initial-cluster": f"default=http://127.0.0.1:{peers}",
        "--cert-file": str(one.chain_file),
        "--key-file": str(one.key_file),
    }
    command = Command(
        arguments=["etcd", *(part for option in options.items() for part in option)],
        ready="serving client requests on|serving client traffic securely",
    )
    with running(command, directory):
        yield port


STORES_AND_BROKERS = (
    ZooServer(
        name="redis-defaults",
        start=_redis,
        truth=OpensslSettings(
            has_automatic_fields=True,
            client_auth=ClientAuthMode.REQUIRED,
            verifies_clients=Verdict.YES,
        ).truth,
    ),
    ZooServer(
        name="mosquitto-defaults",
        start=_mosquitto,
        truth=OpensslSettings(
            ciphers="DEFAULT:!aNULL:!eNULL:!LOW:!EXPORT:!SSLv2:@STRENGTH",
            preference=Preference.SERVER,
            has_automatic_fields=True,
        ).truth,
    ),
    ZooServer(
        name="rabbitmq-defaults",
        start=_rabbitmq,
        truth=ErlangSettings(versions=STREAM_VERSIONS[2:]).truth,
    ),
    ZooServer(
        name="etcd-defaults",
        start=_etcd,
        truth=GoSettings(
            identity=lambda certificates: certificates.rsa,
            earlier=(ProtocolVersion.TLSV1_2,),
            alpn=frozenset({"h2"}),
        ).truth,
    ),
)
