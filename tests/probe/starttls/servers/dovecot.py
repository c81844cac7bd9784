"""Dovecot's IMAP, POP3, ManageSieve and LMTP: without TLS, with it, and with login only inside TLS.

``disable_plaintext_auth = yes`` disables LOGIN, USER and PLAIN before TLS. Dovecot treats a client at the
server's own address as secure, so the server uses a loopback address other than ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

from model.observation import State
from model.verdict import Verdict
from tests.probe.starttls.case import Case, RealServer, verdicts
from tests.probe.starttls.home import Home, home
from tests.support.ports import free_ports
from tests.zoo.certificates import Certificates

_SSL = {"off": "no", "on": "yes", "required": "required"}
_SERVICES = ("imap", "imaps", "pop3", "pop3s", "sieve", "lmtp")

_CONFIGURATION = """\
protocols = imap pop3 sieve lmtp
base_dir = {directory}/run
state_dir = {directory}/state
log_path = /dev/stderr
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
mail_uid = {user}
mail_location = maildir:{directory}/mail
service anvil {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = {implicit}
  }}
}}
service pop3-login {{
  chroot =
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = {pop3s}
    ssl = {implicit}
  }}
}}
service managesieve-login {{
  chroot =
  inet_listener sieve {{
    port = {sieve}
  }}
}}
service lmtp {{
  chroot =
  inet_listener lmtp {{
    port = {lmtp}
  }}
}}
listen = 127.0.0.2
ssl = {ssl}
ssl_cert = <{chain}
ssl_key = <{key}
ssl_min_protocol = TLSv1.2
disable_plaintext_auth = {only_behind_tls}
auth_mechanisms = plain login
passdb {{
  driver = static
  args = nopassword=y
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={directory}/mail
}}
"""


@contextmanager
def _start(certificates: Certificates) -> Iterator[Mapping[str, int]]:
    ports: dict[str, int] = {}
    with ExitStack() as stack:
        for configuration in _SSL:
            own = stack.enter_context(home(certificates))
            listening = dict(zip(_SERVICES, free_ports(len(_SERVICES)), strict=True))
            stack.enter_context(_running(own, configuration, listening))
            ports |= {f"{name}-{configuration}": port for name, port in listening.items()}
        yield ports


@contextmanager
def _running(own: Home, configuration: str, ports: Mapping[str, int]) -> Iterator[None]:
    text = _CONFIGURATION.format(
        directory=own.directory,
        user=own.user_name,
        group=own.group_name,
        chain=own.chain,
        key=own.key,
        ssl=_SSL[configuration],
        implicit="no" if configuration == "off" else "yes",
        only_behind_tls="yes" if configuration == "required" else "no",
        **ports,
    )
    file = own.write("dovecot.conf", text)
    with own.running("dovecot", "-F", "-c", file, ready="starting up for"):
        yield


def _cases() -> Iterator[Case]:
    for protocol in ("imap", "pop3"):
        yield Case(
            configuration=f"{protocol}-off",
            protocol=protocol,
            state=State.PLAINTEXT,
            plaintext=verdicts(offered=False, works=False, enforced=False, login=True, clear=True),
        )
        yield Case(
            configuration=f"{protocol}-on",
            protocol=protocol,
            injection=Verdict.NO,
            plaintext=verdicts(offered=True, works=True, enforced=False, login=True, clear=True),
        )
        yield Case(
            configuration=f"{protocol}-required",
            protocol=protocol,
            injection=Verdict.NO,
            plaintext=verdicts(offered=True, works=True, enforced=True, login=False, clear=False),
        )
        yield Case(configuration=f"{protocol}s-on", protocol=f"{protocol}s")
    yield Case(
        configuration="sieve-off",
        protocol="sieve",
        state=State.PLAINTEXT,
        reason="ManageSieve does not list STARTTLS",
        plaintext=verdicts(offered=False, works=False, enforced=False, login=True, clear=True),
    )
    yield Case(
        configuration="sieve-required",
        protocol="sieve",
        injection=Verdict.NO,
        plaintext=verdicts(offered=True, works=True, enforced=True, login=False, clear=False),
    )
    yield Case(
        configuration="sieve-on",
        protocol="sieve",
        injection=Verdict.NO,
        plaintext=verdicts(offered=True, works=True, enforced=False, login=True, clear=True),
        values={"login_before_tls": "PLAIN LOGIN"},
    )
    yield Case(
        configuration="lmtp-on",
        protocol="lmtp",
        injection=Verdict.NO,
        plaintext=verdicts(offered=True, works=True, enforced=False, login=False, clear=True),
    )
    yield Case(
        configuration="imap-on",
        protocol="smtp",
        state=State.NOT_TLS,
        reason="the server speaks IMAP, not SMTP; use the protocol imap",
        plaintext={"answers_in_plaintext": Verdict.UNKNOWN, "starttls_works": Verdict.UNKNOWN},
    )
    yield Case(
        configuration="pop3-on",
        protocol="auto",
        plaintext={
            **verdicts(offered=True, works=True, enforced=False, login=True, clear=True),
            "application_protocol": Verdict.YES,
        },
        values={"application_protocol": "pop3"},
    )


DOVECOT = RealServer(name="dovecot", host="127.0.0.2", start=_start, cases=tuple(_cases()))
