"""unbound's DNS over TLS, and rsync behind stunnel: TLS from the first byte and nothing before it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

from tests.probe.starttls.case import Case, RealServer
from tests.probe.starttls.home import home
from tests.support.ports import free_ports
from tests.zoo.certificates import Certificates

_UNBOUND = """\
server:
  interface: 127.0.0.1@{port}
  tls-port: {port}
  tls-service-key: "{key}"
  tls-service-pem: "{chain}"
  directory: "{directory}"
  chroot: ""
  username: ""
  pidfile: ""
  use-syslog: no
  do-daemonize: no
  do-udp: no
  incoming-num-tcp: 100
remote-control:
  control-enable: no
"""
_RSYNCD = """\
use chroot = no
[zoo]
path = {directory}
"""
_STUNNEL = """\
foreground = yes
pid =
[rsync]
accept = 127.0.0.1:{port}
exec = /usr/bin/rsync
execArgs = rsync --server --daemon --config={daemon} .
cert = {chain}
key = {key}
sslVersionMin = TLSv1.2
"""


@contextmanager
def _start_unbound(certificates: Certificates) -> Iterator[Mapping[str, int]]:
    (port,) = free_ports(1)
    with home(certificates) as own:
        text = _UNBOUND.format(port=port, key=own.key, chain=own.chain, directory=own.directory)
        file = own.write("unbound.conf", text)
        with own.listening("unbound", "-d", "-c", file, ports=[port]):
            yield {"on": port}


@contextmanager
def _start_rsync(certificates: Certificates) -> Iterator[Mapping[str, int]]:
    (port,) = free_ports(1)
    with ExitStack() as stack:
        own = stack.enter_context(home(certificates))
        daemon = own.write("rsyncd.conf", _RSYNCD.format(directory=own.directory))
        text = _STUNNEL.format(port=port, daemon=daemon, chain=own.chain, key=own.key)
        file = own.write("stunnel.conf", text)
        stack.enter_context(own.listening("stunnel4", file, ports=[port]))
        yield {"on": port}


UNBOUND = RealServer(
    name="unbound", start=_start_unbound, cases=(Case(configuration="on", protocol="dns"),)
)
RSYNC = RealServer(
    name="rsync", start=_start_rsync, cases=(Case(configuration="on", protocol="rsync-ssl"),)
)
