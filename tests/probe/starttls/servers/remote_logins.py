"""telnetd and rlogind, which have no TLS; rlogind hangs up on all clients from ports above 1023.

It does so before it reads: it closes the connection if it is faster than our hello, and resets it otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

from model.observation import State
from model.verdict import Verdict
from tests.probe.starttls.case import Case, RealServer
from tests.probe.starttls.home import home
from tests.support.ports import free_ports
from tests.zoo.certificates import Certificates


@contextmanager
def _start(certificates: Certificates) -> Iterator[Mapping[str, int]]:
    telnet, rlogin = free_ports(2)
    with ExitStack() as stack:
        own = stack.enter_context(home(certificates))
        for port, command in ((telnet, "telnetd"), (rlogin, "in.rlogind")):
            listener = f"TCP-LISTEN:{port},bind=127.0.0.1,fork,reuseaddr,backlog=64"
            inetd = ("socat", listener, f"EXEC:/usr/sbin/{command},nofork")
            stack.enter_context(own.listening(*inetd, ports=[port]))
        yield {"telnet": telnet, "rlogin": rlogin}


REMOTE_LOGINS = RealServer(
    name="remote logins",
    start=_start,
    cases=(
        Case(
            configuration="telnet",
            protocol="telnet",
            state=State.PLAINTEXT,
            plaintext={"answers_in_plaintext": Verdict.YES},
            is_quick=True,
        ),
        Case(
            configuration="rlogin",
            protocol="rlogin",
            state=State.NOT_TLS,
            or_state=State.REFUSED,
            plaintext={"answers_in_plaintext": Verdict.UNKNOWN},
            is_quick=True,
        ),
    ),
)
