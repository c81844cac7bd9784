"""TigerVNC's Xvnc and xrdp: without TLS, with optional TLS, and with TLS only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

from model.observation import State
from tests.probe.starttls.case import Case, RealServer, verdicts
from tests.probe.starttls.home import Home, home
from tests.support.ports import free_ports
from tests.zoo.certificates import Certificates

_SECURITY_TYPES = {"off": "None", "on": "X509None,None", "required": "X509None"}
_FIRST_DISPLAY = 4700


@contextmanager
def _start_vnc(certificates: Certificates) -> Iterator[Mapping[str, int]]:
    ports = dict(zip(_SECURITY_TYPES, free_ports(len(_SECURITY_TYPES)), strict=True))
    with ExitStack() as stack:
        own = stack.enter_context(home(certificates))
        for configuration, port in ports.items():
            arguments = (
                f":{_FIRST_DISPLAY + port}",
                "-rfbport",
                str(port),
                "-localhost",
                "-nolisten",
                "unix",
                "-nolock",
                "-geometry",
                "64x64",
                "-depth",
                "16",
                "-SecurityTypes",
                _SECURITY_TYPES[configuration],
                "-X509Key",
                own.key,
                "-X509Cert",
                own.chain,
                "-BlacklistThreshold",
                "1000000",
            )
            stack.enter_context(own.listening("Xtigervnc", *arguments, ports=[port]))
        yield ports


_XRDP = """\
[Globals]
ini_version=1
fork=true
port=tcp://127.0.0.1:{port}
security_layer={layer}
crypt_level=high
certificate={chain}
key_file={key}
ssl_protocols=TLSv1.2, TLSv1.3
runtime_user={user}
autorun=
[Logging]
LogFile={directory}/{layer}.log
LogLevel=ERROR
EnableSyslog=false
[Channels]
[Xorg]
name=Xorg
lib=libxup.so
"""
_LAYERS = {"off": "rdp", "on": "negotiate", "required": "tls"}


@contextmanager
def _start_rdp(certificates: Certificates) -> Iterator[Mapping[str, int]]:
    ports = dict(zip(_LAYERS, free_ports(len(_LAYERS)), strict=True))
    with ExitStack() as stack:
        own = stack.enter_context(home(certificates))
        for configuration, port in ports.items():
            stack.enter_context(_xrdp(own, _LAYERS[configuration], port))
        yield ports


@contextmanager
def _xrdp(own: Home, layer: str, port: int) -> Iterator[None]:
    text = _XRDP.format(
        port=port,
        layer=layer,
        chain=own.chain,
        key=own.key,
        directory=own.directory,
        user=own.user_name,
    )
    file = own.write(f"{layer}.ini", text)
    with own.listening("xrdp", "--nodaemon", "--config", file, ports=[port]):
        yield


TIGERVNC = RealServer(
    name="tigervnc",
    start=_start_vnc,
    cases=(
        Case(
            configuration="off",
            protocol="vnc",
            state=State.PLAINTEXT,
            reason="without VeNCrypt",
            plaintext=verdicts(offered=False, works=False, enforced=False, login=True, clear=True),
            values={"login_before_tls": "None"},
        ),
        Case(
            configuration="on",
            protocol="vnc",
            plaintext=verdicts(offered=True, works=True, enforced=False, login=True, clear=True),
        ),
        Case(
            configuration="required",
            protocol="vnc",
            plaintext=verdicts(offered=True, works=True, enforced=True, login=False, clear=False),
        ),
    ),
)
XRDP = RealServer(
    name="xrdp",
    start=_start_rdp,
    cases=(
        Case(
            configuration="off",
            protocol="rdp",
            state=State.PLAINTEXT,
            plaintext=verdicts(offered=None, works=False, enforced=False, login=None, clear=True),
        ),
        Case(
            configuration="on",
            protocol="rdp",
            plaintext=verdicts(offered=None, works=True, enforced=False, login=None, clear=True),
        ),
        Case(
            configuration="required",
            protocol="rdp",
            plaintext=verdicts(offered=None, works=True, enforced=True, login=None, clear=False),
        ),
    ),
)
