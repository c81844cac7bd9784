"""Redis and memcached: in plaintext, and with TLS from the first byte."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from model.observation import State
from model.verdict import Verdict
from tests.probe.starttls.case import Case, RealServer
from tests.probe.starttls.home import home
from tests.support.ports import free_ports
from tests.zoo.certificates import Certificates


@contextmanager
def _start_redis(certificates: Certificates) -> Iterator[Mapping[str, int]]:
    clear, tls, locked = free_ports(3)
    with ExitStack() as stack:
        own = stack.enter_context(home(certificates))
        directory = own.make("data")
        common = ("redis-server", "--bind", "127.0.0.1", "--dir", directory, "--save", "")
        options: dict[str, str | Path] = {
            "--port": str(clear),
            "--tls-port": str(tls),
            "--tls-cert-file": own.chain,
            "--tls-key-file": own.key,
            "--tls-ca-cert-file": own.root,
            "--tls-auth-clients": "no",
        }
        arguments = [part for option in options.items() for part in option]
        ready = "Ready to accept connections"
        stack.enter_context(own.running(*common, *arguments, ready=ready))
        secret = ("--port", str(locked), "--requirepass", "not-for-us")
        stack.enter_context(own.running(*common, *secret, ready=ready))
        yield {"off": clear, "on": tls, "locked": locked}


@contextmanager
def _start_memcached(certificates: Certificates) -> Iterator[Mapping[str, int]]:
    clear, tls = free_ports(2)
    with ExitStack() as stack:
        own = stack.enter_context(home(certificates))
        common = ("memcached", "-l", "127.0.0.1", "-U", "0", "-u", own.user_name, "-p")
        stack.enter_context(own.listening(*common, str(clear), ports=[clear]))
        keys = f"ssl_chain_cert={own.chain},ssl_key={own.key}"
        stack.enter_context(own.listening(*common, str(tls), "-Z", "-o", keys, ports=[tls]))
        yield {"off": clear, "on": tls}


REDIS = RealServer(
    name="redis",
    start=_start_redis,
    cases=(
        Case(
            configuration="off",
            protocol="redis",
            state=State.PLAINTEXT,
            plaintext={"answers_in_plaintext": Verdict.YES, "login_before_tls": Verdict.NO},
        ),
        Case(
            configuration="locked",
            protocol="redis",
            state=State.PLAINTEXT,
            plaintext={"answers_in_plaintext": Verdict.YES, "login_before_tls": Verdict.YES},
            values={"login_before_tls": "AUTH"},
        ),
        Case(configuration="on", protocol="redis", plaintext={"answers_in_plaintext": Verdict.NO}),
    ),
)
MEMCACHED = RealServer(
    name="memcached",
    start=_start_memcached,
    cases=(
        Case(
            configuration="off",
            protocol="memcached",
            state=State.PLAINTEXT,
            plaintext={"answers_in_plaintext": Verdict.YES},
        ),
        Case(
            configuration="on", protocol="memcached", plaintext={"answers_in_plaintext": Verdict.NO}
        ),
    ),
)
