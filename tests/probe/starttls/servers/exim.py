"""Exim: without TLS, with it, with an ACL that demands it, and with TLS from the first byte.

Exim has no setting that demands TLS. Its specification (chapter 42, "encrypted") gives the ACL condition that
servers use instead; it refuses MAIL here. Logins are listed only inside TLS (``auth_advertise_hosts``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from model.observation import State
from model.verdict import Verdict
from tests.probe.starttls.case import Case, RealServer, verdicts
from tests.probe.starttls.home import home
from tests.support.ports import free_ports
from tests.zoo.certificates import Certificates

PROGRAM: Final = Path(__file__).parents[4] / ".cache" / "exim4" / "usr" / "sbin" / "exim4"

_CONFIGURATION = """\
primary_hostname = zoo.test
exim_user = {user}
exim_group = {group}
spool_directory = {directory}
log_file_path = {directory}/%slog
pid_file_path = {directory}/exim.pid
keep_environment =
local_interfaces = <; 127.0.0.1
daemon_smtp_ports = {off} : {on} : {required} : {implicit}
tls_on_connect_ports = {implicit}
tls_advertise_hosts = ${{if eq{{$received_port}}{{{off}}}{{}}{{*}}}}
auth_advertise_hosts = ${{if eq{{$tls_in_cipher}}{{}}{{}}{{*}}}}
tls_certificate = {chain}
tls_privatekey = {key}
host_lookup =
acl_smtp_mail = mail
acl_smtp_rcpt = nobody_here
begin acl
mail:
  deny condition = ${{if eq{{$received_port}}{{{required}}}}}
       ! encrypted = *
       message = 530 5.7.0 Must issue a STARTTLS command first
  accept
nobody_here:
  deny message = there are no mailboxes here
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_condition = false
"""


@contextmanager
def _start(certificates: Certificates) -> Iterator[Mapping[str, int]]:
    names = ("off", "on", "required", "implicit")
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    with home(certificates, as_ourselves=True) as own:
        own.key.chmod(0o644)
        text = _CONFIGURATION.format(
            directory=own.directory,
            user="nobody",
            group="nogroup",
            chain=own.chain,
            key=own.key,
            **ports,
        )
        own.directory.chmod(0o777)
        file = own.write("exim.conf", text)
        with own.listening(PROGRAM, "-bdf", "-C", file, ports=list(ports.values())):
            yield ports


EXIM = RealServer(
    name="exim",
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
            is_quick=True,
            plaintext=verdicts(offered=True, works=True, enforced=True, login=False, clear=False),
        ),
        Case(configuration="implicit", protocol="smtps", is_quick=True),
    ),
)
