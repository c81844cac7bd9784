"""The application protocols, which use TLS except for SSH and IKE: one table of their names, ports and kinds.

All code uses it: it determines how targets are parsed and which rules apply, and
``probe.connect.starttls.catalogue`` adds the dialogue of each protocol. Ports are from IANA (Service Name and
Transport Protocol Port Number Registry), or the default ports of the software.
"""

from __future__ import annotations

from typing import Final

from model.frozen import frozen

DEFAULT_PROTOCOL: Final = "tls"
"""TLS from the first byte, with any application protocol inside."""

DTLS: Final = "dtls"
"""The protocol of a target over UDP."""

SSH: Final = "ssh"
"""A protocol with an encryption of its own instead of TLS."""

OPENVPN: Final = "openvpn"
OPENVPN_UDP: Final = "openvpn-udp"
"""The two transports of OpenVPN, whose control channel carries TLS."""

WIREGUARD: Final = "wireguard"
"""A protocol without TLS that answers only clients whose key it knows."""

IKE: Final = "ike"
"""The key exchange of IPsec (RFC 7296), over UDP."""

DNS: Final = "DNS"
"""The service of DNS over TLS."""

AUTO: Final = "auto"
"""The protocol of a target whose visit detects it."""

DEFAULT_PORT: Final = 443
URL_PORTS: Final = {"http": 80, "https": DEFAULT_PORT}
"""The default ports of web URLs (RFC 9110, section 4.2)."""

HTTP_PORTS: Final = {URL_PORTS["https"]: URL_PORTS["http"]}
"""The plaintext HTTP port for an HTTPS port (RFC 9110, section 4.2)."""

USUAL_HTTPS_PORTS: Final = frozenset({443, 4443, 8443, 9443, 10443})
"""Common HTTPS ports."""

HTTP_1_1: Final = "http/1.1"
USUAL_ALPN: Final = ("h2", HTTP_1_1)
"""The ALPN ids that browsers offer."""

_MOST_SUGGESTIONS: Final = 3


@frozen
class ApplicationProtocol:
    """One application protocol.

    ``name`` and ``aliases`` are valid in a target, also as a scheme; ``service`` is its name in prose.
    The first of the ``ports`` is the default port. If ``upgrades`` is set, the connection starts in plaintext and
    upgrades to TLS, and this is the default protocol of a target at one of the ports. ``is_datagram`` is whether
    it runs over UDP, ``wraps_tls`` whether packets of its own carry TLS, ``may_be_http`` whether a web server may
    answer, ``uses_tls`` whether TLS encrypts it; one that wraps TLS or has none is also the default protocol
    at its ports, except WireGuard, which answers no probe. ``blocks_clients`` is whether servers block the address of a client whose connections end too often
    in the handshake.
    """

    name: str
    service: str
    ports: tuple[int, ...]
    aliases: tuple[str, ...] = ()
    upgrades: bool = False
    is_datagram: bool = False
    wraps_tls: bool = False
    uses_tls: bool = True
    may_be_http: bool = False
    blocks_clients: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """All names that a target may use."""
        return (self.name, *self.aliases)


def _upgrading(
    name: str, service: str, ports: tuple[int, ...], *aliases: str
) -> ApplicationProtocol:
    return ApplicationProtocol(
        name=name, service=service, ports=ports, aliases=aliases, upgrades=True
    )


def _direct(name: str, service: str, ports: tuple[int, ...], *aliases: str) -> ApplicationProtocol:
    return ApplicationProtocol(name=name, service=service, ports=ports, aliases=aliases)


PROTOCOLS: Final = (
    # Upgrade from plaintext to TLS.
    _upgrading("smtp", "SMTP", (25,)),
    _upgrading("submission", "SMTP", (587,)),
    _upgrading("lmtp", "LMTP", (24,)),
    _upgrading("imap", "IMAP", (143,)),
    _upgrading("pop3", "POP3", (110,)),
    _upgrading("sieve", "ManageSieve", (4190,), "managesieve"),
    _upgrading("ftp", "FTP", (21,)),
    _upgrading("ldap", "LDAP", (389, 3268)),
    _upgrading("xmpp-client", "XMPP", (5222,), "xmpp"),
    _upgrading("xmpp-server", "XMPP", (5269,)),
    _upgrading("nntp", "NNTP", (119,)),
    _upgrading("irc", "IRC", (6667,)),
    _upgrading("postgres", "PostgreSQL", (5432, 5439), "postgresql", "redshift"),
    ApplicationProtocol(
        name="mysql",
        service="MySQL",
        ports=(3306,),
        aliases=("mariadb",),
        upgrades=True,
        blocks_clients=True,
    ),
    _upgrading("mssql", "TDS", (1433,), "sqlserver", "tds"),
    _upgrading("rdp", "RDP", (3389,), "ms-wbt-server"),
    _upgrading("vnc", "VNC", (5900,)),
    _upgrading("amqp", "AMQP", (5672,)),
    # TLS from the first byte, or no TLS at all.
    ApplicationProtocol(
        name=DEFAULT_PROTOCOL,
        service="TLS",
        ports=(DEFAULT_PORT,),
        aliases=("https", "ssl"),
        may_be_http=True,
    ),
    _direct("smtps", "SMTP", (465,), "submissions"),
    _direct("imaps", "IMAP", (993,)),
    _direct("pop3s", "POP3", (995,)),
    ApplicationProtocol(name=DTLS, service="DTLS", ports=(5684, 4433), is_datagram=True),
    _direct("ftps", "FTP", (990,)),
    _direct("ldaps", "LDAP", (636, 3269)),
    _direct("xmpps-client", "XMPP", (5223,), "xmpps"),
    _direct("xmpps-server", "XMPP", (5270,)),
    _direct("nntps", "NNTP", (563,)),
    _direct("ircs", "IRC", (6697,)),
    _direct("telnet", "telnet", (23,)),
    _direct("telnets", "telnet", (992,)),
    _direct("rlogin", "rlogin", (513,)),
    _direct("postgres-direct", "PostgreSQL", (5432,)),
    _direct("mssql-strict", "TDS", (1433,)),
    _direct("amqps", "AMQP", (5671,)),
    _direct("mqtt", "MQTT", (1883,)),
    _direct("mqtts", "MQTT", (8883,)),
    _direct("redis", "Redis", (6379,), "rediss"),
    _direct("mongodb", "MongoDB", (27017,)),
    _direct("kafka", "Kafka", (9093,)),
    _direct("cassandra", "Cassandra", (9042,)),
    _direct("elasticsearch", "Elasticsearch", (9200,), "opensearch"),
    _direct("memcached", "Memcached", (11211,)),
    _direct("dns", DNS, (853,), "dot"),
    _direct("sips", "SIP", (5061,), "sip"),
    _direct("rsync-ssl", "rsync", (874,)),
    # TLS in packets of its own.
    ApplicationProtocol(name=OPENVPN, service="OpenVPN", ports=(1194,), wraps_tls=True),
    ApplicationProtocol(
        name=OPENVPN_UDP, service="OpenVPN", ports=(1194,), wraps_tls=True, is_datagram=True
    ),
    # An encryption of its own.
    ApplicationProtocol(name=SSH, service="SSH", ports=(22,), uses_tls=False),
    ApplicationProtocol(
        name=WIREGUARD, service="WireGuard", ports=(51820,), uses_tls=False, is_datagram=True
    ),
    ApplicationProtocol(
        name=IKE,
        service="IKE",
        ports=(500, 4500),
        aliases=("ikev2", "ipsec"),
        is_datagram=True,
        uses_tls=False,
    ),
)
"""All protocols, one row each."""

_ALPN_IDS: Final = {
    DNS: "dot",
    "FTP": "ftp",
    "IMAP": "imap",
    "IRC": "irc",
    "ManageSieve": "managesieve",
    "MQTT": "mqtt",
    "NNTP": "nntp",
    "POP3": "pop3",
    "PostgreSQL": "postgresql",
    "SIP": "sip/2",
    "TDS": "tds/8.0",
}
"""IANA TLS Application-Layer Protocol Negotiation (ALPN) Protocol IDs, by the service."""

_BY_NAME: Final = {name: one for one in PROTOCOLS for name in one.names}
_BY_PORT: Final = {
    port: one.name
    for one in reversed(PROTOCOLS)  # the first protocol of a port is the default
    if (one.upgrades or one.wraps_tls or not one.uses_tls) and one.name != WIREGUARD
    for port in one.ports
}


def default_protocol(port: int) -> str:
    """The name of the protocol at ``port`` if a target names none."""
    return _BY_PORT.get(port, DEFAULT_PROTOCOL)


def protocol_named(name: str) -> ApplicationProtocol:
    """The protocol with this name or alias, in upper or lower case.

    Raises:
        ValueError: if there is none; the message suggests similar names.
    """
    found = _BY_NAME.get(name.lower())
    if found is not None:
        return found
    import difflib

    near = difflib.get_close_matches(name.lower(), [*_BY_NAME, AUTO], _MOST_SUGGESTIONS)
    raise ValueError(
        f"did you mean {', '.join(near)}"
        if near
        else "docs/reference/protocols.md lists the known ones"
    )


def alpn_ids(name: str) -> tuple[str, ...]:
    """The ALPN ids that a client of the protocol called ``name`` may need: browsers' and the protocol's own."""
    found = _BY_NAME.get(name)
    if found is None:
        return USUAL_ALPN
    if found.service == "XMPP":
        return (*USUAL_ALPN, "xmpp-server" if found.name.endswith("server") else "xmpp-client")
    own = _ALPN_IDS.get(found.service)
    return USUAL_ALPN if own is None else (*USUAL_ALPN, own)


def blocks_clients(name: str) -> bool:
    """Whether servers of the protocol called ``name`` block clients; False if it is unknown (``auto``)."""
    found = _BY_NAME.get(name)
    return found is not None and found.blocks_clients


def runs_over_datagrams(name: str) -> bool:
    """Whether the protocol called ``name`` runs over UDP; False if it is unknown (``auto``)."""
    found = _BY_NAME.get(name)
    return found is not None and found.is_datagram


def speaks_tls_first(name: str) -> bool:
    """Whether the protocol called ``name`` starts with TLS; False if it is unknown (``auto``)."""
    found = _BY_NAME.get(name)
    return found is not None and found.uses_tls and not found.upgrades
