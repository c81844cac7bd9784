"""The scripts of each application protocol, one row each.

To add one: a row in ``model.application_protocol``, a file with its script, a row here, its test, and a row
of floods in tests/probe/growth/scripts.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from model.application_protocol import OPENVPN, OPENVPN_UDP, PROTOCOLS
from probe.connect.openvpn import upgrade as openvpn
from probe.connect.starttls.application import DIRECT_TLS, Application
from probe.connect.starttls.chat import irc, xmpp
from probe.connect.starttls.databases import amqp, direct, ldap, mssql, mysql, postgres
from probe.connect.starttls.mail import imap, nntp, pop3, sieve, smtp
from probe.connect.starttls.remote import ftp, rdp, remote_login, vnc

STARTTLS: Final = (
    Application(
        name="smtp",
        upgrade=smtp.SMTP,
        in_plaintext=smtp.SMTP_IN_PLAINTEXT,
        injection=smtp.INJECTION,
    ),
    Application(
        name="submission",
        upgrade=smtp.SMTP,
        in_plaintext=smtp.SMTP_IN_PLAINTEXT,
        injection=smtp.INJECTION,
    ),
    Application(
        name="lmtp",
        upgrade=smtp.LMTP,
        in_plaintext=smtp.LMTP_IN_PLAINTEXT,
        injection=smtp.INJECTION,
    ),
    Application(
        name="imap", upgrade=imap.upgrade, in_plaintext=imap.in_plaintext, injection=imap.INJECTION
    ),
    Application(
        name="pop3", upgrade=pop3.upgrade, in_plaintext=pop3.in_plaintext, injection=pop3.INJECTION
    ),
    Application(
        name="sieve",
        upgrade=sieve.upgrade,
        in_plaintext=sieve.in_plaintext,
        injection=sieve.INJECTION,
    ),
    Application(
        name="ftp", upgrade=ftp.upgrade, in_plaintext=ftp.in_plaintext, injection=ftp.INJECTION
    ),
    Application(
        name="ldap", upgrade=ldap.upgrade, in_plaintext=ldap.in_plaintext, injection=ldap.INJECTION
    ),
    Application(name="xmpp-client", upgrade=xmpp.CLIENT, in_plaintext=xmpp.CLIENT_IN_PLAINTEXT),
    Application(name="xmpp-server", upgrade=xmpp.SERVER, in_plaintext=xmpp.SERVER_IN_PLAINTEXT),
    Application(
        name="nntp", upgrade=nntp.upgrade, in_plaintext=nntp.in_plaintext, injection=nntp.INJECTION
    ),
    Application(name="irc", upgrade=irc.upgrade, in_plaintext=irc.in_plaintext),
    Application(
        name="postgres",
        upgrade=postgres.upgrade,
        in_plaintext=postgres.in_plaintext,
        injection=postgres.INJECTION,
    ),
    Application(
        name="mysql",
        upgrade=mysql.upgrade,
        in_plaintext=mysql.in_plaintext,
        denied_login=mysql.DENIED_LOGIN,
    ),
    Application(name="mssql", upgrade=mssql.upgrade, in_plaintext=mssql.in_plaintext),
    Application(name="rdp", upgrade=rdp.upgrade, in_plaintext=rdp.in_plaintext),
    Application(name="vnc", upgrade=vnc.upgrade, in_plaintext=vnc.in_plaintext),
    Application(name="amqp", upgrade=amqp.upgrade, in_plaintext=amqp.in_plaintext),
)
"""The protocols in which TLS begins after a plaintext phase."""

TUNNELS: Final = (
    Application(name=OPENVPN, upgrade=openvpn.upgrade, missing=openvpn.no_answer),
    Application(name=OPENVPN_UDP, upgrade=openvpn.upgrade, missing=openvpn.no_answer),
)
"""The protocols whose packets carry TLS after an exchange of their own."""

IN_PLAINTEXT: Final = (
    Application(name="telnet", in_plaintext=remote_login.telnet),
    Application(name="rlogin", in_plaintext=remote_login.rlogin),
    Application(name="amqps", in_plaintext=amqp.in_plaintext),
    Application(name="mqtt", in_plaintext=direct.mqtt),
    Application(name="mqtts", in_plaintext=direct.mqtt),
    Application(name="redis", in_plaintext=direct.redis),
    Application(name="mongodb", in_plaintext=direct.mongodb),
    Application(name="kafka", in_plaintext=direct.kafka),
    Application(name="cassandra", in_plaintext=direct.cassandra),
    Application(name="elasticsearch", in_plaintext=direct.http),
    Application(name="memcached", in_plaintext=direct.memcached),
    Application(name="sips", in_plaintext=direct.sip),
)
"""The protocols that speak TLS from the first byte and are tested for service without TLS."""

_SCRIPTED: Final = {one.name: one for one in (*STARTTLS, *TUNNELS, *IN_PLAINTEXT, DIRECT_TLS)}

APPLICATIONS: Final[Mapping[str, Application]] = {
    one.name: _SCRIPTED.get(one.name, Application(name=one.name)) for one in PROTOCOLS
}
"""The scripts of every protocol of ``model.application_protocol``, by its name."""
