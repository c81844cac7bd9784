"""Parses a target from text, such as ``example.com:8443``.

A target is a host with or without a port, an IPv6 address with or without brackets, or a URL such as
``https://``, ``smtp://`` or ``postgres://``, whose path is ignored. The scheme determines the protocol; without
one, a well-known port such as 25 does. A target's key, as tlsprobe prints it, is a target too. Invalid text raises a TargetError with one sentence.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Final

from model.application_protocol import (
    AUTO,
    DEFAULT_PORT,
    DEFAULT_PROTOCOL,
    default_protocol,
    protocol_named,
)
from model.target import Target, default_server_name, is_ip_address

MAIL_DOMAIN: Final = "mail-domain:"
"""The prefix of a domain that stands for its mail servers, which are looked up."""
_LONGEST_SHOWN: Final = 100
_LONGEST_NAME: Final = 253
_SERVER_NAME: Final = "?server_name="
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_ENCODED_ZONE: Final = re.compile(r"%25(?=.)")
"""How URLs write the percent sign before an IPv6 zone (RFC 6874)."""

_EXAMPLES: Final = (
    "such as example.com, example.com:8443, [2001:db8::1]:443 or smtp://mail.example.com"
)


class TargetError(ValueError):
    """A text that does not name a target; the message quotes it and says how to fix it.

    ``problem`` is the first half of the message, with the quoted text, and ``fix`` is the second.
    """

    def __init__(self, text: str, problem: str, fix: str) -> None:
        shown = text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
        self.problem = f"{shown!r} {problem}"
        self.fix = fix
        super().__init__(f"{self.problem}: {fix}")


def parse_target(
    text: str,
    *,
    server_name: str | None = None,
    protocol: str | None = None,
    labels: Mapping[str, str] | None = None,
    source: str = "",
) -> Target:
    """The target that ``text`` names.

    ``server_name`` is the SNI to send instead of the host's own name; an empty one sends none. The text may
    end in ``?server_name=NAME``, as a target's key does. ``protocol`` overrides the default of the port.

    Raises:
        TargetError: if ``text``, the server name or the protocol cannot be used.
    """
    if text.startswith(MAIL_DOMAIN):
        fix = (
            "name it in a targets file or a source of type mail_domains, or scan mail domains alone"
        )
        raise TargetError(text, "is a mail domain, not an endpoint", fix)
    scheme, place, named_there = _without_scheme(text)
    if server_name is None:
        server_name = named_there
    host_text, port = _split(text, place)
    if scheme:
        host_text = _ENCODED_ZONE.sub("%", host_text)
    host = _host(text, host_text)
    named = _protocol(text, scheme, protocol)
    if named is None:
        named = default_protocol(port or DEFAULT_PORT)
    if port is None:
        port = DEFAULT_PORT if named == AUTO else protocol_named(named).ports[0]
    return Target(
        host=host,
        port=port,
        server_name=default_server_name(host) if server_name is None else _sni(server_name),
        protocol=named,
        labels=dict(labels or {}),
        source=source,
    )


def parse_mail_domain(text: str) -> str:
    """The domain that ``text`` names, such as ``mail-domain:example.com``: A-labels in lower case, no final dot.

    Raises:
        TargetError: if it does not have the prefix, or no host name after it.
    """
    problem, fix = "is not a mail domain", f"write {MAIL_DOMAIN}example.com"
    name = text.removeprefix(MAIL_DOMAIN)
    try:
        target = parse_target(f"{name}:25")
    except TargetError as error:
        raise TargetError(text, problem, fix) from error
    is_plain = target.key == f"{target.host}:25" and not is_ip_address(target.host)
    if name == text or not is_plain:
        raise TargetError(text, problem, fix)
    return target.host.removesuffix(".")


def _protocol(text: str, scheme: str | None, protocol: str | None) -> str | None:
    """The requested protocol's name in the catalogue; None if neither scheme nor argument has one."""
    by_scheme = _known(scheme, text, "has an unknown scheme") if scheme else None
    if protocol is None:
        return by_scheme
    by_field = _known(protocol, protocol, "is an unknown protocol")
    if by_scheme not in {None, by_field, DEFAULT_PROTOCOL}:
        raise TargetError(text, f"has a scheme that is not {by_field}", "remove one of the two")
    return by_field


def _known(name: str, text: str, problem: str) -> str:
    if name.lower() == AUTO:
        return AUTO
    try:
        return protocol_named(name).name
    except ValueError as error:
        raise TargetError(text, problem, str(error)) from error


def _without_scheme(text: str) -> tuple[str | None, str, str | None]:
    """The scheme, host with port, and the server name of a target's key."""
    scheme, has_scheme, rest = text.partition("://")
    place, _, server_name = (rest if has_scheme else text).partition(_SERVER_NAME)
    is_key = _SERVER_NAME in text and not re.search(r"[/?#]", place)
    if not is_key:
        place = re.split(r"[/?#]", rest, maxsplit=1)[0] if has_scheme else text
    if "@" in place:
        raise TargetError(text, "contains a user name", "remove everything up to the @")
    return scheme if has_scheme else None, place, server_name if is_key else None


def _split(text: str, place: str) -> tuple[str, int | None]:
    if place.startswith("["):
        host, closed, rest = place[1:].partition("]")
        if not closed or (rest and not rest.startswith(":")) or ":" not in host:
            raise TargetError(text, "is not an IPv6 address in brackets", "use [address]:port")
        return host, _port(text, rest[1:]) if rest else None
    if place.count(":") > 1:
        return place, None
    host, has_port, port = place.partition(":")
    return host, _port(text, port) if has_port else None


def _port(text: str, port: str) -> int:
    if re.fullmatch(r"[0-9]{1,5}", port) and 1 <= int(port) <= 65535:
        return int(port)
    raise TargetError(text, "has no valid port", "use a number from 1 to 65535 after the colon")


def _host(text: str, host: str) -> str:
    if is_ip_address(host):
        address, has_scope, scope = host.partition("%")
        if has_scope and not re.fullmatch(r"[A-Za-z0-9_.:@-]+", scope):
            raise TargetError(text, "has a malformed IPv6 scope", "use address%interface")
        return str(ipaddress.ip_address(address)) + (f"%{scope}" if has_scope else "")
    if ":" in host:
        raise TargetError(text, "is not an IPv6 address", f"use a target {_EXAMPLES}")
    return _name(text, host)


def _name(text: str, host: str) -> str:
    """The host name in DNS form: A-labels (RFC 5890), lower case. A final dot stays."""
    name = host.removesuffix(".")
    final_dot = host[len(name) :]
    if not name.isascii():
        import idna

        try:
            name = idna.encode(name, uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError) as error:
            raise TargetError(
                text, "is not a valid international host name", "check its spelling"
            ) from error
    name = name.lower()
    labels = name.split(".")
    if len(name) > _LONGEST_NAME or not all(_LABEL.fullmatch(label) for label in labels):
        raise TargetError(text, "is not a host name or address", f"use a target {_EXAMPLES}")
    if _NUMBER.fullmatch(labels[-1]):
        raise TargetError(text, "is not an IPv4 address", "use four numbers from 0 to 255")
    return name + final_dot


def _sni(server_name: str) -> str | None:
    if not server_name:
        return None
    if is_ip_address(server_name.strip("[]")):
        raise TargetError(
            server_name, "is an address, not a server name", "use a host name (RFC 6066)"
        )
    return _name(server_name, server_name).removesuffix(".")
