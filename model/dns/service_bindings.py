"""HTTPS and SVCB records of a name (RFC 9460), as the DNS has them."""

from __future__ import annotations

from model.application_protocol import AUTO, DEFAULT_PORT, DNS, protocol_named
from model.frozen import frozen
from model.target import Target, is_ip_address


@frozen
class ServiceBinding:
    """One record in ServiceMode. ``target`` is the host that it leads to, ``addresses`` are those of the host, or
    None if they could not be looked up. ``ech`` is an ECHConfigList (RFC 9848). ``wire`` is the record's data, ``text``
    its presentation.

    ``is_usable`` is false if the record demands a key that tlsprobe does not know (RFC 9460, section 8).
    """

    priority: int
    target: str
    alpn: tuple[str, ...]
    has_default_alpn: bool
    port: int | None
    hints: tuple[str, ...]
    ech: bytes | None
    is_usable: bool
    addresses: tuple[str, ...] | None
    wire: bytes
    text: str

    def leads_to(self, address: str, port: int, usual_port: int) -> bool:
        """Whether a client that follows the record may connect to this address and port."""
        places = (*(self.addresses or ()), *self.hints)
        return self.is_usable and address in places and (self.port or usual_port) == port


@frozen
class ServiceBindings:
    """The records of ``name``, by priority; ``aliases`` are the names that led to them, without ``name``.

    ``is_authenticated`` is whether the resolver validated them and the aliases. ``failure`` is one sentence on why
    nothing is known of them.
    """

    name: str
    record_type: str
    records: tuple[ServiceBinding, ...] = ()
    aliases: tuple[str, ...] = ()
    is_authenticated: bool = False
    failure: str | None = None

    @property
    def wire(self) -> bytes:
        """The data of all records, one after the other."""
        return b"".join(record.wire for record in self.records)


def service_query(target: Target) -> tuple[str, str] | None:
    """The name and the type of the target's records of RFC 9460; None if its protocol or its name has none.

    The port is part of the name of another port than 443 (section 9.1), and not of a DNS server's (RFC 9461).
    """
    host = target.reference_name
    if is_ip_address(host) or target.protocol == AUTO:
        return None
    protocol = protocol_named(target.protocol)
    if protocol.service == DNS:
        return f"_dns.{host}", "SVCB"
    if not protocol.may_be_http:
        return None
    return (host if target.port == DEFAULT_PORT else f"_{target.port}._https.{host}"), "HTTPS"
