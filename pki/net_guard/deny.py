"""What is never probed, whatever a source says: networks, names, single ports of them, and Unix sockets."""

from __future__ import annotations

import ipaddress
import unicodedata
from collections.abc import Iterable
from fnmatch import fnmatchcase

from model.frozen import frozen
from model.target import Target
from pki.net_guard.addresses import Address, Network, embedded, parse_address

_MAPPED_LENGTH = 96


@frozen
class _Denied:
    """One entry: a network, or a pattern of host names or paths; it covers all ports if ``port`` is None."""

    text: str
    network: Network | None
    pattern: str
    port: int | None

    def holds_for(self, addresses: Iterable[Address], name: str, port: int) -> bool:
        if self.port not in {None, port}:
            return False
        if self.network is not None:
            return any(address in self.network for address in addresses)
        return bool(name) and fnmatchcase(name, self.pattern)


class DenyList:
    """Entries such as ``10.9.0.0/16``, ``192.0.2.7:5432``, ``*.corp.example``, ``db.example:5432`` or ``/run/db/*``.

    An address is checked in every form: an IPv6 address that contains a denied IPv4 address is denied too.

    Raises:
        ValueError: for the first invalid entry; the message says what is valid.
    """

    def __init__(self, entries: Iterable[str] = ()) -> None:
        self._entries = tuple(_parse(entry) for entry in entries)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DenyList) and self._entries == other._entries

    def __hash__(self) -> int:
        return hash(self._entries)

    def forbids(self, target: Target) -> bool:
        """Whether the target's host or its requested server name is denied."""
        hosts = {target.host, target.server_name or target.host}
        return any(self.forbids_address(host, target.port) for host in hosts)

    def forbids_address(self, host: str, port: int) -> bool:
        """Whether this address or name is denied at this port."""
        return self.entry_for(host, port) is not None

    def entry_for(self, host: str, port: int) -> str | None:
        """The first entry that denies this address or name at this port."""
        if not self._entries:
            return None
        address = parse_address(host)
        addresses = () if address is None else (address, *embedded(address))
        name = normal_name(host) if address is None else ""
        found = (one.text for one in self._entries if one.holds_for(addresses, name, port))
        return next(found, None)

    def entry_for_socket(self, path: str) -> str | None:
        """The first entry that denies this Unix socket."""
        patterns = (one for one in self._entries if one.pattern.startswith("/"))
        return next((one.text for one in patterns if fnmatchcase(path, one.pattern)), None)


def normal_name(host: str) -> str:
    """A host name, or a pattern of names, in DNS form: A-labels (RFC 5890), lower case, no trailing dot."""
    folded = unicodedata.normalize("NFKC", host).replace("。", ".").lower().rstrip(".")
    return ".".join(map(_a_label, folded.split(".")))


def _a_label(label: str) -> str:
    if label.isascii():
        return label
    import idna

    try:
        return idna.encode(label, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        return label


def _parse(entry: str) -> _Denied:
    text = entry.strip()
    if text.startswith("/"):
        return _Denied(text=text, network=None, pattern=text, port=None)
    network = _network(text)
    if network is not None:
        return _Denied(text=text, network=network, pattern="", port=None)
    place, has_port, port_text = text.rpartition(":")
    is_port = port_text.isascii() and port_text.isdigit() and 0 < int(port_text) < 65536
    if has_port and not is_port:
        raise _invalid(entry)
    port = int(port_text) if has_port else None
    where = (place if has_port else text).strip("[]")
    if not where or any(one.isspace() or one in "/:" for one in where if not _network(where)):
        raise _invalid(entry)
    return _Denied(text=text, network=_network(where), pattern=normal_name(where), port=port)


def _invalid(entry: str) -> ValueError:
    return ValueError(
        f"{entry!r} must be a network or a host name, optionally with :port, or the absolute path "
        "of a Unix socket"
    )


def _network(text: str) -> Network | None:
    """The network; an IPv4-mapped network is returned as its IPv4 network."""
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
    mapped = embedded(network.network_address)
    if network.version == 6 and network.prefixlen >= _MAPPED_LENGTH and mapped:
        is_mapped = network.network_address in ipaddress.ip_network("::ffff:0:0/96")
        if is_mapped:
            return ipaddress.ip_network((mapped[0], network.prefixlen - _MAPPED_LENGTH))
    return network
