"""The host, port, protocol and server name that SRV, HTTPS and SVCB records name (RFC 2782, RFC 9460, RFC 9461)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import dns.rdtypes.IN.SRV
import dns.rdtypes.svcbbase

from discovery.found import Location, SourceLocation
from discovery.source import Skipped
from model.application_protocol import DEFAULT_PORT, DEFAULT_PROTOCOL, DTLS
from model.frozen import frozen

_PROTOCOLS: Final = {
    **{name: name for name in ("imap", "imaps", "pop3", "pop3s", "sieve", "submission", "smtp")},
    **{name: name for name in ("ldap", "ldaps", "ftp", "ftps", "nntp", "nntps", "amqp", "amqps")},
    **{name: name for name in ("mysql", "mongodb", "sips", "irc", "ircs", "telnets")},
    **{f"xmpp{one}": f"xmpp{one}" for one in ("-client", "-server", "s-client", "s-server")},
    "submissions": "smtps",
    "rediss": "redis",
    "gc": "ldap",
    "jabber": "xmpp-server",
    "postgresql": "postgres",
    "ms-wbt-server": "rdp",
    "secure-mqtt": "mqtts",
    "domain-s": "dns",
    **dict.fromkeys(
        ("https", "caldavs", "carddavs", "autodiscover", "jmap", "ipps"), DEFAULT_PROTOCOL
    ),
    **dict.fromkeys(("matrix", "matrix-fed", "radiustls", "radsec", "stuns"), DEFAULT_PROTOCOL),
    **dict.fromkeys(("turns", "diameters", "coaps", "hkps", "msrps", "h323cs"), DEFAULT_PROTOCOL),
    **dict.fromkeys(("etcd-server-ssl", "etcd-client-ssl", "puppet", "x-puppet"), DEFAULT_PROTOCOL),
}
"""The protocol of each service (IANA's Service Name and Transport Protocol Port Number Registry).

``gc`` is Active Directory's global catalog; ``jabber`` is the earlier name of xmpp-server.
"""

_WITHOUT_TLS: Final = frozenset(
    [
        "caldav",
        "carddav",
        "coap",
        "diameter",
        "etcd-client",
        "etcd-server",
        "git",
        "hkp",
        "http",
        "ipp",
        "kerberos",
        "kerberos-adm",
        "kpasswd",
        "memcache",
        "mqtt",
        "msrp",
        "nfs",
        "ntp",
        "rtsp",
        "sip",
        "smb",
        "ssh",
        "stun",
        "turn",
    ]
)
"""Services whose TLS has another service name, or that have none; ``_sip._tls`` is one with TLS."""

_NAMED_BY_DOMAIN: Final = frozenset(
    [
        "xmpp-client",
        "xmpp-server",
        "xmpps-client",
        "xmpps-server",
        "jabber",
        "sip",
        "sips",
        "matrix",
        "matrix-fed",
        "radiustls",
        "radsec",
        "stuns",
        "turns",
    ]
)
"""Services whose clients send the domain as server name, not the host that the record names.

RFC 6120 13.7.2 and XEP-0368 (XMPP), RFC 5922 7.1 (SIP), Matrix' server-server API, RFC 7585 (RADIUS), RFC 7350 (STUN).
"""

_SERVICE_NAME: Final = re.compile(r"_(?P<service>[^.]+)\._(?P<transport>[^.]+)\.(?P<domain>.+)")
_PORT_PREFIX: Final = re.compile(r"_(\d{1,5})\._")
_OF_DNS: Final = re.compile(r"(_\d{1,5}\.)?_dns\.", re.IGNORECASE)
_DNS_PORTS: Final = {b"dot": 853, b"h2": DEFAULT_PORT, b"http/1.1": DEFAULT_PORT}
_OVER_UDP: Final = frozenset({b"h3", b"doq"})
_KNOWN_KEYS: Final = frozenset(range(8))
"""The keys of RFC 9460, ECH and dohpath: mandatory, alpn, no-default-alpn, port, ipv4hint, ech, ipv6hint, dohpath."""


@frozen
class Owner:
    """The name whose record is read, and its default ``port``; ``origin`` is the name that was asked first.

    ``labels`` are for relabelling.
    """

    name: str
    origin: str
    port: int
    labels: dict[str, str]

    @property
    def place(self) -> str:
        """The name, as part of a sentence."""
        return f"record of {self.name}"


def of_srv(owner: Owner, record: dns.rdtypes.IN.SRV.SRV) -> Iterator[Location]:
    """RFC 2782: a target of ``.`` says that the service is not offered."""
    host = record.target.to_text(omit_final_dot=True)
    if host in {"", ".", "@"}:
        return
    found = _SERVICE_NAME.fullmatch(owner.name.rstrip("."))
    service, transport = (found[1].lower(), found[2].lower()) if found else ("", "")
    protocol = DEFAULT_PROTOCOL if transport == "tls" else _PROTOCOLS.get(service)
    if transport == "tcp" and service in _WITHOUT_TLS:
        problem = f"{host}:{record.port} is the service {service}, which has no TLS"
        yield Skipped(place=owner.place, problem=problem)
        return
    if transport == "udp":
        if service not in {"coaps", "stuns", "turns"}:
            yield Skipped(place=owner.place, problem=f"{host}:{record.port} is reached over UDP")
            return
        protocol = DTLS
    is_by_domain = found is not None and service in _NAMED_BY_DOMAIN
    yield SourceLocation(
        host=host,
        port=record.port,
        server_name=found["domain"] if found is not None and is_by_domain else None,
        protocol=protocol,
        labels=owner.labels,
        place=owner.place,
    )


def of_service(owner: Owner, record: dns.rdtypes.svcbbase.SVCBBase) -> Iterator[Location]:
    """RFC 9460, ServiceMode: a target of ``.`` is the owner itself; the server name remains the origin's."""
    keys = {int(key) for key in _mandatory(record)}
    if not keys <= _KNOWN_KEYS:
        unknown = ", ".join(f"key{key}" for key in sorted(keys - _KNOWN_KEYS))
        yield Skipped(
            place=owner.place,
            problem=f"the record requires {unknown}, which tlsprobe does not know",
        )
        return
    alpn = _alpn(record)
    if alpn and alpn <= _OVER_UDP:
        yield Skipped(place=owner.place, problem="the record offers only protocols over QUIC")
        return
    target = record.target.to_text(omit_final_dot=True)
    host = _without_prefix(owner.name) if target in {"", ".", "@"} else target
    said = record.params.get(dns.rdtypes.svcbbase.ParamKey.PORT)
    its_port = said.port if isinstance(said, dns.rdtypes.svcbbase.PortParam) else None
    yield SourceLocation(
        host=host,
        port=_default_port(owner, alpn) if its_port is None else its_port,
        server_name=_without_prefix(owner.origin),
        protocol=_protocol_of(owner, alpn),
        labels=owner.labels,
        place=owner.place,
    )


def alias_of(record: object) -> str | None:
    """The target of a record in AliasMode (RFC 9460, 2.4.2); ``.`` if the service is not offered; else None."""
    if not isinstance(record, dns.rdtypes.svcbbase.SVCBBase) or record.priority != 0:
        return None
    return str(record.target.to_text())


def of_alias(owner: Owner, host: str) -> SourceLocation:
    """The alias' own host, which has no records of its own: the origin's port and name (RFC 9460, 3)."""
    return SourceLocation(
        host=host,
        port=_default_port(owner, frozenset()),
        server_name=_without_prefix(owner.origin),
        labels=owner.labels,
        place=owner.place,
    )


def _default_port(owner: Owner, alpn: frozenset[bytes]) -> int:
    """The port in the origin's name, else that of its scheme; ``owner.port`` for other schemes."""
    if prefixed := _PORT_PREFIX.match(owner.origin):
        return int(prefixed[1])
    if _OF_DNS.match(owner.origin):
        ports = [_DNS_PORTS[one] for one in sorted(alpn) if one in _DNS_PORTS]
        return ports[0] if ports else _DNS_PORTS[b"dot"]
    return owner.port


def _protocol_of(owner: Owner, alpn: frozenset[bytes]) -> str | None:
    is_dot = _OF_DNS.match(owner.origin) is not None and b"dot" in alpn
    return "dns" if is_dot else None


def _mandatory(record: dns.rdtypes.svcbbase.SVCBBase) -> tuple[int, ...]:
    found = record.params.get(dns.rdtypes.svcbbase.ParamKey.MANDATORY)
    return tuple(found.keys) if isinstance(found, dns.rdtypes.svcbbase.MandatoryParam) else ()


def _alpn(record: dns.rdtypes.svcbbase.SVCBBase) -> frozenset[bytes]:
    """The protocols; with the default one, HTTP/1.1, of an HTTPS record, unless the record excludes it."""
    keys = dns.rdtypes.svcbbase.ParamKey
    found = record.params.get(keys.ALPN)
    ids = frozenset(found.ids) if isinstance(found, dns.rdtypes.svcbbase.ALPNParam) else frozenset()
    is_https = type(record).__name__ == "HTTPS"
    if is_https and ids and keys.NO_DEFAULT_ALPN not in record.params:
        return ids | {b"http/1.1"}
    return ids


def _without_prefix(owner: str) -> str:
    """The name without its port and scheme labels, as in ``_8443._https.a.test`` (section 2.3)."""
    labels = owner.rstrip(".").split(".")
    while len(labels) > 1 and labels[0].startswith("_"):
        del labels[0]
    return ".".join(labels)
