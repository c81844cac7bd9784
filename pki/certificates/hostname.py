"""Whether a certificate is for the name or address that a client requested (RFC 9525).

Only the subject alternative name counts: dNSName for names, iPAddress for addresses, and never the common
name. A wildcard must be the whole leftmost label and matches exactly one label.
"""

from __future__ import annotations

import ipaddress
from typing import Final

from model.certificates.certificate import Certificate
from model.verdict import Verdict

_WILDCARD: Final = "*"


def matches(certificate: Certificate, name: str) -> Verdict:
    """Whether ``certificate`` was issued for ``name``, a server name or an IP address.

    A name may end in a dot and may be international, as U-labels or A-labels; an IPv6 address may be in brackets
    or have a zone. Public suffixes are not special: ``*.com`` matches ``example.com`` (RFC 9525, section 6.3).
    The result is unknown, not no, if the certificate does not parse or has more names than are read.
    """
    address = _address(name)
    if address is not None:
        found = str(address) in certificate.ip_addresses
    else:
        host = _a_labels(name)
        found = any(_covers(presented, host) for presented in certificate.dns_names)
    if found:
        return Verdict.YES
    if certificate.parse_error is not None:
        return Verdict.UNKNOWN
    return Verdict.NO


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name.strip("[]").partition("%")[0])
    except ValueError:
        return None


def _a_labels(name: str) -> str:
    host = name.removesuffix(".").lower()
    if host.isascii():
        return host
    import idna

    try:
        return idna.encode(host, uts46=True).decode("ascii")
    except idna.IDNAError:
        return host  # not a valid international name either: no dNSName equals it


def _covers(presented: str, host: str) -> bool:
    presented = presented.lower()
    if not presented.isascii() or not host:
        return False
    if _WILDCARD not in presented:
        return presented == host
    label, _, parent = presented.partition(".")
    host_label, _, host_parent = host.partition(".")
    return (
        label == _WILDCARD
        and bool(parent)
        and _WILDCARD not in parent
        and bool(host_label)
        and parent == host_parent
    )
