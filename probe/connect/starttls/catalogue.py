"""What is said in each application protocol, one row each.

To add one: a row in ``model.application_protocol``, a file with its script, a row here, its test, and a row
of floods in tests/probe/growth/scripts.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from model.application_protocol import PROTOCOLS, protocol_named
from probe.connect.starttls.application import Application
from probe.connect.starttls.chat import irc, xmpp
from probe.connect.starttls.databases import amqp, direct, ldap, mssql, mysql, postgres
from probe.connect.starttls.mail import imap, nntp, pop3, sieve, smtp
from probe.connect.starttls.remote import ftp, rdp, remote_login, vnc

STARTTLS: Final = (
    Application(
        name="smtp", upgrade=smtp.SMTP, in_clear=smtp.SMTP_IN_CLEAR, injection=smtp.INJECTION
    ),
    Application(
        name="submission", upgrade=smtp.SMTP, in_clear=smtp.SMTP_IN_CLEAR, injection=smtp.INJECTION
    ),
    Application(
        name="lmtp", upgrade=smtp.LMTP, in_clear=smtp.LMTP_IN_CLEAR, injection=smtp.INJECTION
    ),
    Application(
        name="imap", upgrade=imap.upgrade, in_clear=imap.in_clear, injection=imap.INJECTION
    ),
    Application(
        name="pop3", upgrade=pop3.upgrade, in_clear=pop3.in_clear, injection=pop3.INJECTION
    ),
    Application(
        name="sieve", upgrade=sieve.upgrade, in_clear=sieve.in_clear, injection=sieve.INJECTION
    ),
    Application(name="ftp", upgrade=ftp.upgrade, in_clear=ftp.in_clear, injection=ftp.INJECTION),
    Application(
        name="ldap", upgrade=ldap.upgrade, in_clear=ldap.in_clear, injection=ldap.INJECTION
    ),
    Application(name="xmpp-client", upgrade=xmpp.CLIENT, in_clear=xmpp.CLIENT_IN_CLEAR),
    Application(name="xmpp-server", upgrade=xmpp.SERVER, in_clear=xmpp.SERVER_IN_CLEAR),
    Application(
        name="nntp", upgrade=nntp.upgrade, in_clear=nntp.in_clear, injection=nntp.INJECTION
    ),
    Application(name="irc", upgrade=irc.upgrade, in_clear=irc.in_clear),
    Application(
        name="postgres",
        upgrade=postgres.upgrade,
        in_clear=postgres.in_clear,
        injection=postgres.INJECTION,
    ),
    Application(name="mysql", upgrade=mysql.upgrade, in_clear=mysql.in_clear),
    Application(
        name="mssql", upgrade=mssql.upgrade, in_clear=mssql.in_clear, frames_handshakes=True
    ),
    Application(name="rdp", upgrade=rdp.upgrade, in_clear=rdp.in_clear),
    Application(name="vnc", upgrade=vnc.upgrade, in_clear=vnc.in_clear),
    Application(name="amqp", upgrade=amqp.upgrade, in_clear=amqp.in_clear),
)
"""Those in which TLS begins after some words in plaintext."""

IN_CLEAR: Final = (
    Application(name="telnet", in_clear=remote_login.telnet),
    Application(name="rlogin", in_clear=remote_login.rlogin),
    Application(name="amqps", in_clear=amqp.in_clear),
    Application(name="mqtt", in_clear=direct.mqtt),
    Application(name="mqtts", in_clear=direct.mqtt),
    Application(name="redis", in_clear=direct.redis),
    Application(name="mongodb", in_clear=direct.mongodb),
    Application(name="kafka", in_clear=direct.kafka),
    Application(name="cassandra", in_clear=direct.cassandra),
    Application(name="elasticsearch", in_clear=direct.http),
    Application(name="memcached", in_clear=direct.memcached),
    Application(name="sips", in_clear=direct.sip),
)
"""Those that speak TLS from the first byte, and are asked whether they do without."""

_SCRIPTED: Final = {one.name: one for one in (*STARTTLS, *IN_CLEAR)}

APPLICATIONS: Final[Mapping[str, Application]] = {
    one.name: _SCRIPTED.get(one.name, Application(name=one.name)) for one in PROTOCOLS
}
"""What is said in every protocol of ``model.application_protocol``, by its name."""


def application(name: str) -> Application:
    """What is said in the protocol of that name or alias, in any case.

    Raises:
        ValueError: where there is no such protocol; the message says which names come near.
    """
    return APPLICATIONS[protocol_named(name).name]
