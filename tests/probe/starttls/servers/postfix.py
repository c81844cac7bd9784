"""Postfix: without TLS, with it, and with ``smtpd_tls_security_level = encrypt``.

Its master refuses to start without root privileges, and drops them for every process that it starts.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from model.observation import State
from model.verdict import Verdict
from tests.probe.starttls.case import Case, RealServer, verdicts
from tests.probe.starttls.home import Home, home
from tests.support.ports import free_ports
from tests.zoo.certificates import Certificates
from tests.zoo.process import Command, running

_LEVELS = {"off": "none", "on": "may", "required": "encrypt"}
_AS_ROOT = () if os.geteuid() == 0 else ("sudo", "--non-interactive")

_QUEUES = ("active", "incoming", "deferred", "defer", "bounce", "maildrop", "public", "private")

_MAIN = """\
compatibility_level = 3.6
queue_directory = {queue}
data_directory = {data}
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = /dev/stdout
myhostname = zoo.test
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
mydestination =
local_transport = error:there are no mailboxes here
alias_maps =
smtpd_tls_chain_files = {key}, {chain}
smtpd_tls_mandatory_protocols = >=TLSv1.2
smtpd_tls_protocols = >=TLSv1.2
smtpd_client_connection_count_limit = 0
smtpd_peername_lookup = no
"""
_MASTER = """\
{services}
cleanup unix n - n - 0 cleanup
rewrite unix - - n - - trivial-rewrite
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
tlsmgr unix - - n 1000? 1 tlsmgr
"""


@contextmanager
def _start(certificates: Certificates) -> Iterator[Mapping[str, int]]:
    ports = dict(zip([*_LEVELS, "implicit"], free_ports(len(_LEVELS) + 1), strict=True))
    services = {
        ports[name]: f"smtpd_tls_security_level={level}" for name, level in _LEVELS.items()
    } | {ports["implicit"]: "smtpd_tls_wrappermode=yes"}
    with home(certificates, as_ourselves=True) as own, postfix(own, services):
        yield ports


@contextmanager
def postfix(own: Home, services: Mapping[int, str] | Mapping[str, str]) -> Iterator[None]:
    """Runs Postfix with an smtpd on each port, with these settings in main.cf's form, separated by spaces.

    A text instead of a port is an address and a port.
    """
    directories = {"queue": own.make("queue"), "data": own.directory / "data"}
    main = _MAIN.format(key=own.key, chain=own.chain, **directories)
    lines = [
        f"{f'127.0.0.1:{place}' if isinstance(place, int) else place} inet n - n - - smtpd"
        + "".join(f" -o {setting}" for setting in settings.split())
        for place, settings in services.items()
    ]
    own.write("main.cf", main)
    own.write("master.cf", _MASTER.format(services="\n".join(lines)))
    owned = [directories["data"], *(directories["queue"] / name for name in _QUEUES)]
    subprocess.run([*_AS_ROOT, "install", "-d", "-o", "postfix", *owned], check=True)
    directories["queue"].joinpath("pid").mkdir()
    command = Command(
        arguments=[*_AS_ROOT, "/usr/lib/postfix/sbin/master", "-c", str(own.directory), "-s"],
        ready="daemon started",
    )
    with running(command, own.directory):
        yield


POSTFIX = RealServer(
    name="postfix",
    start=_start,
    cases=(
        Case(
            configuration="off",
            protocol="smtp",
            state=State.PLAINTEXT,
            reason="SMTP does not list STARTTLS",
            plaintext=verdicts(offered=False, works=False, enforced=False, login=False, clear=True),
        ),
        Case(
            configuration="on",
            protocol="smtp",
            injection=Verdict.NO,
            plaintext=verdicts(offered=True, works=True, enforced=False, login=False, clear=True),
        ),
        Case(
            configuration="required",
            protocol="submission",
            injection=Verdict.NO,
            plaintext=verdicts(offered=True, works=True, enforced=True, login=False, clear=False),
        ),
        Case(configuration="implicit", protocol="smtps"),
    ),
)
