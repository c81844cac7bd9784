"""All application protocols, one row each. To add one: a file with its script, a row, its test,
and a row of floods in tests/probe/growth/scripts.py.

Ports are IANA's (Service Name and Transport Protocol Port Number Registry), or where the software
listens by default.
"""

from __future__ import annotations

import difflib
from typing import Final

from model.target import DEFAULT_PROTOCOL
from probe.connect.starttls.application import Application
from probe.connect.starttls.chat import irc, xmpp
from probe.connect.starttls.databases import amqp, direct, ldap, mssql, mysql, postgres
from probe.connect.starttls.mail import imap, nntp, pop3, sieve, smtp
from probe.connect.starttls.remote import ftp, rdp, remote_login, vnc

DTLS: Final = "dtls"
"""The protocol of a target over UDP."""

AUTO: Final = "auto"
"""The protocol of a target that leaves it to the visit to find out."""

_MOST_SUGGESTIONS: Final = 3

STARTTLS: Final = (
    Application(
        name="smtp",
        service="SMTP",
        ports=(25,),
        upgrade=smtp.SMTP,
        in_plaintext=smtp.SMTP_IN_PLAINTEXT,
        injection=smtp.INJECTION,
    ),
    Application(
        name="submission",
        service="SMTP",
        ports=(587,),
        upgrade=smtp.SMTP,
        in_plaintext=smtp.SMTP_IN_PLAINTEXT,
        injection=smtp.INJECTION,
    ),
    Application(
        name="lmtp",
        service="LMTP",
        ports=(24,),
        upgrade=smtp.LMTP,
        in_plaintext=smtp.LMTP_IN_PLAINTEXT,
        injection=smtp.INJECTION,
    ),
    Application(
        name="imap",
        service="IMAP",
        ports=(143,),
        upgrade=imap.upgrade,
        in_plaintext=imap.in_plaintext,
        injection=imap.INJECTION,
    ),
    Application(
        name="pop3",
        service="POP3",
        ports=(110,),
        upgrade=pop3.upgrade,
        in_plaintext=pop3.in_plaintext,
        injection=pop3.INJECTION,
    ),
    Application(
        name="sieve",
        service="ManageSieve",
        ports=(4190,),
        aliases=("managesieve",),
        upgrade=sieve.upgrade,
        in_plaintext=sieve.in_plaintext,
        injection=sieve.INJECTION,
    ),
    Application(
        name="ftp",
        service="FTP",
        ports=(21,),
        upgrade=ftp.upgrade,
        in_plaintext=ftp.in_plaintext,
        injection=ftp.INJECTION,
    ),
    Application(
        name="ldap",
        service="LDAP",
        ports=(389, 3268),
        upgrade=ldap.upgrade,
        in_plaintext=ldap.in_plaintext,
        injection=ldap.INJECTION,
    ),
    Application(
        name="xmpp-client",
        service="XMPP",
        ports=(5222,),
        aliases=("xmpp",),
        upgrade=xmpp.CLIENT,
        in_plaintext=xmpp.CLIENT_IN_PLAINTEXT,
    ),
    Application(
        name="xmpp-server",
        service="XMPP",
        ports=(5269,),
        upgrade=xmpp.SERVER,
        in_plaintext=xmpp.SERVER_IN_PLAINTEXT,
    ),
    Application(
        name="nntp",
        service="NNTP",
        ports=(119,),
        upgrade=nntp.upgrade,
        in_plaintext=nntp.in_plaintext,
        injection=nntp.INJECTION,
    ),
    Application(
        name="irc", service="IRC", ports=(6667,), upgrade=irc.upgrade, in_plaintext=irc.in_plaintext
    ),
    Application(
        name="postgres",
        service="PostgreSQL",
        ports=(5432, 5439),
        aliases=("postgresql", "redshift"),
        upgrade=postgres.upgrade,
        in_plaintext=postgres.in_plaintext,
        injection=postgres.INJECTION,
    ),
    Application(
        name="mysql",
        service="MySQL",
        ports=(3306,),
        aliases=("mariadb",),
        upgrade=mysql.upgrade,
        in_plaintext=mysql.in_plaintext,
    ),
    Application(
        name="mssql",
        service="TDS",
        ports=(1433,),
        aliases=("sqlserver", "tds"),
        upgrade=mssql.upgrade,
        in_plaintext=mssql.in_plaintext,
        frames_handshakes=True,
    ),
    Application(
        name="rdp",
        service="RDP",
        ports=(3389,),
        aliases=("ms-wbt-server",),
        upgrade=rdp.upgrade,
        in_plaintext=rdp.in_plaintext,
    ),
    Application(
        name="vnc", service="VNC", ports=(5900,), upgrade=vnc.upgrade, in_plaintext=vnc.in_plaintext
    ),
    Application(
        name="amqp",
        service="AMQP",
        ports=(5672,),
        upgrade=amqp.upgrade,
        in_plaintext=amqp.in_plaintext,
    ),
)
"""Those in which TLS begins after some words in clear."""

IMPLICIT: Final = (
    Application(name=DEFAULT_PROTOCOL, service="TLS", ports=(443,), aliases=("https", "ssl")),
    Application(name="smtps", service="SMTP", ports=(465,), aliases=("submissions",)),
    Application(name="imaps", service="IMAP", ports=(993,)),
    Application(name="pop3s", service="POP3", ports=(995,)),
    Application(name=DTLS, service="DTLS", ports=(5684, 4433)),
    Application(name="ftps", service="FTP", ports=(990,)),
    Application(name="ldaps", service="LDAP", ports=(636, 3269)),
    Application(name="xmpps-client", service="XMPP", ports=(5223,), aliases=("xmpps",)),
    Application(name="xmpps-server", service="XMPP", ports=(5270,)),
    Application(name="nntps", service="NNTP", ports=(563,)),
    Application(name="ircs", service="IRC", ports=(6697,)),
    Application(name="telnet", service="telnet", ports=(23,), in_plaintext=remote_login.telnet),
    Application(name="telnets", service="telnet", ports=(992,)),
    Application(name="rlogin", service="rlogin", ports=(513,), in_plaintext=remote_login.rlogin),
    Application(name="postgres-direct", service="PostgreSQL", ports=(5432,)),
    Application(name="mssql-strict", service="TDS", ports=(1433,)),
    Application(name="amqps", service="AMQP", ports=(5671,), in_plaintext=amqp.in_plaintext),
    Application(name="mqtt", service="MQTT", ports=(1883,), in_plaintext=direct.mqtt),
    Application(name="mqtts", service="MQTT", ports=(8883,), in_plaintext=direct.mqtt),
    Application(
        name="redis", service="Redis", ports=(6379,), aliases=("rediss",), in_plaintext=direct.redis
    ),
    Application(name="mongodb", service="MongoDB", ports=(27017,), in_plaintext=direct.mongodb),
    Application(name="kafka", service="Kafka", ports=(9093,), in_plaintext=direct.kafka),
    Application(
        name="cassandra", service="Cassandra", ports=(9042,), in_plaintext=direct.cassandra
    ),
    Application(
        name="elasticsearch",
        service="Elasticsearch",
        ports=(9200,),
        aliases=("opensearch",),
        in_plaintext=direct.http,
    ),
    Application(
        name="memcached", service="Memcached", ports=(11211,), in_plaintext=direct.memcached
    ),
    Application(name="dns", service="DNS", ports=(853,), aliases=("dot",)),
    Application(
        name="sips", service="SIP", ports=(5061,), aliases=("sip",), in_plaintext=direct.sip
    ),
    Application(name="rsync-ssl", service="rsync", ports=(874,)),
)
"""Those that speak TLS from the first byte, or not at all."""

APPLICATIONS: Final = {
    name: one for one in (*IMPLICIT, *STARTTLS) for name in (one.name, *one.aliases)
}
"""All of them, by every name that a target may use."""

DIRECT_TLS: Final = APPLICATIONS[DEFAULT_PROTOCOL]
"""TLS from the first byte, of whatever service."""


def application(name: str) -> Application:
    """The protocol of that name, in any case.

    Raises:
        ValueError: where there is none; the message says which names come near.
    """
    found = APPLICATIONS.get(name.lower())
    if found is not None:
        return found
    near = difflib.get_close_matches(name.lower(), [*APPLICATIONS, AUTO], _MOST_SUGGESTIONS)
    raise ValueError(
        f"did you mean {', '.join(near)}" if near else "docs/protocols.md lists those there are"
    )
