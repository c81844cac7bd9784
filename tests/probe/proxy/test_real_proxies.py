"""Real proxies and PROXY headers between us and a real nginx: tinyproxy, microsocks, HAProxy."""

from __future__ import annotations

import asyncio
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from model.clock import SystemClock
from model.observation import Observation, State
from model.target import Endpoint, Target
from probe.checks.part import Part
from probe.connect.proxy.proxy_protocol import ProxyProtocol
from probe.connect.proxy_url import parse_proxy
from probe.connect.route import Proxy, Route
from probe.visit.engine import Engine
from probe.visit.settings import ProbeSettings
from tests.support.ports import free_port
from tests.zoo.certificates import Certificates
from tests.zoo.openssl_words import ENVIRONMENT
from tests.zoo.process import Command, running

pytestmark = pytest.mark.integration

_NGINX = """\
daemon off;
user root;
worker_processes 1;
pid nginx.pid;
error_log stderr notice;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi; scgi_temp_path scgi;
    ssl_certificate {chain};
    ssl_certificate_key {key};
    server {{ listen 127.0.0.1:{plain} ssl; allow 127.0.0.9; deny all; }}
    server {{ listen 127.0.0.1:{preamble} ssl proxy_protocol; return 200; }}
    server {{ listen unix:{directory}/tls.sock ssl; return 200; }}
}}
"""


class Places:
    """One nginx: a port, one that requires the PROXY header, and a Unix socket."""

    def __init__(self, directory: Path) -> None:
        self.plain, self.preamble = free_port(), free_port()
        self.unix_socket = directory / "tls.sock"


@pytest.fixture
def nginx(certificates: Certificates, tmp_path: Path) -> Iterator[Places]:
    places = Places(tmp_path)
    configuration = tmp_path / "nginx.conf"
    text = _NGINX.format(
        chain=certificates.rsa.chain_file,
        key=certificates.rsa.key_file,
        plain=places.plain,
        preamble=places.preamble,
        directory=tmp_path,
    )
    configuration.write_text(text)
    arguments = ["nginx", "-p", str(tmp_path), "-c", str(configuration), "-e", "stderr"]
    ready = r"start worker process \d"
    with running(Command(arguments=arguments, ready=ready, environment=ENVIRONMENT), tmp_path):
        yield places


@contextmanager
def tinyproxy(directory: Path, *rules: str) -> Iterator[int]:
    port = free_port()
    configuration = directory / "tinyproxy.conf"
    lines = [f"Port {port}", "Listen 127.0.0.1", "Timeout 30", "MaxClients 50", *rules]
    configuration.write_text("\n".join(lines) + "\n")
    arguments = ["tinyproxy", "-d", "-c", str(configuration)]
    with running(Command(arguments=arguments, ready="Accepting connections"), directory):
        yield port


@contextmanager
def microsocks(*options: str) -> Iterator[int]:
    port = free_port()
    arguments = ["microsocks", "-i", "127.0.0.1", "-p", str(port), *options]
    with subprocess.Popen(arguments, stderr=subprocess.DEVNULL) as process:
        try:
            # It prints nothing when it starts to listen.
            while True:
                with (
                    suppress(ConnectionRefusedError),
                    closing(socket.create_connection(("127.0.0.1", port))),
                ):
                    break
            yield port
        finally:
            process.terminate()


async def visited(port: int, route: Route, **labels: str) -> Observation:
    target = Target(host="127.0.0.1", port=port, server_name="zoo.test", labels=labels)
    parts = frozenset({Part.VERSIONS, Part.SUITES, Part.CERTIFICATES, Part.HTTP})
    settings = ProbeSettings(parts=parts, route=route, connect_timeout_seconds=2)
    engine = Engine(settings, SystemClock())
    return await engine.visit(Endpoint(target=target, address="127.0.0.1"))


def by(proxy: Proxy) -> Route:
    return Route(proxy=proxy)


async def test_a_server_looks_the_same_through_any_proxy(nginx: Places, tmp_path: Path) -> None:
    straight = await visited(nginx.plain, Route())
    with tinyproxy(tmp_path) as http, microsocks() as socks:
        tunnelled = await asyncio.gather(
            visited(nginx.plain, by(parse_proxy(f"http://127.0.0.1:{http}"))),
            visited(nginx.plain, by(parse_proxy(f"socks5://127.0.0.1:{socks}"))),
        )
    assert straight.state is State.TLS
    for observation in tunnelled:
        assert observation.protocols.keys() == straight.protocols.keys()
        for version, fact in straight.protocols.items():
            assert observation.protocols[version].verdict is fact.verdict
        assert observation.cipher_suites.keys() == straight.cipher_suites.keys()
        for version, found in straight.cipher_suites.items():
            assert observation.cipher_suites[version].accepted == found.accepted


async def test_users_of_proxies_need_their_passwords(nginx: Places, tmp_path: Path) -> None:
    with (
        tinyproxy(tmp_path, "BasicAuth ops secret") as http,
        microsocks("-u", "ops", "-P", "secret") as socks,
    ):
        for url in (f"http://ops@127.0.0.1:{http}", f"socks5://ops@127.0.0.1:{socks}"):
            right = await visited(nginx.plain, by(parse_proxy(url, "secret")))
            wrong = await visited(nginx.plain, by(parse_proxy(url, "guess")))
            assert (right.state, wrong.state) == (State.TLS, State.UNREACHABLE)
            assert wrong.reason is not None
            assert "proxy" in wrong.reason
            assert "secret" not in repr(parse_proxy(url, "secret"))


async def test_a_proxy_failure_is_not_an_answer_of_the_server(tmp_path: Path) -> None:
    nobody = free_port()
    with tinyproxy(tmp_path) as http, microsocks() as socks:
        behind_http = await visited(nobody, by(parse_proxy(f"http://127.0.0.1:{http}")))
        behind_socks = await visited(nobody, by(parse_proxy(f"socks5://127.0.0.1:{socks}")))
    no_proxy = await visited(nobody, by(parse_proxy(f"http://127.0.0.1:{nobody}")))
    assert behind_http.state is State.UNREACHABLE
    assert behind_socks.state is State.REFUSED
    assert no_proxy.state is State.UNREACHABLE
    assert "proxy 127.0.0.1 cannot be reached" in (no_proxy.reason or "")


@pytest.mark.parametrize("version", list(ProxyProtocol))
async def test_a_server_that_requires_a_proxy_protocol_header_gets_one(
    nginx: Places, version: ProxyProtocol
) -> None:
    without = await visited(nginx.preamble, Route())
    assert without.state is not State.TLS
    observation = await visited(nginx.preamble, Route(), proxy_protocol=version.value)
    assert observation.state is State.TLS


async def test_a_unix_socket_is_probed_like_a_port(nginx: Places) -> None:
    observation = await visited(1, Route(), unix_socket=str(nginx.unix_socket))
    assert observation.state is State.TLS
    missing = await visited(1, Route(), unix_socket="/nowhere/at.all")
    assert missing.state is State.UNREACHABLE
    assert "/nowhere/at.all" in (missing.reason or "")


async def test_the_source_address_is_the_requested_one(nginx: Places) -> None:
    usual = await visited(nginx.plain, Route(), http="yes")
    chosen = await visited(nginx.plain, Route(source_address="127.0.0.9"), http="yes")
    assert (usual.http["status"].value, chosen.http["status"].value) == ("403", "404")


async def test_an_unconfigured_proxy_is_never_bypassed(nginx: Places) -> None:
    observation = await visited(nginx.plain, Route(), proxy="dmz")
    assert observation.state is State.UNREACHABLE
    assert "'dmz'" in (observation.reason or "")
