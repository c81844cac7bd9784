"""What the fields of an answer say about encryption: HSTS, cookies, alternative services."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import httpx

_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE: Final = re.compile(r'"[^"]*"|[^\s";,]*')
_MOST_ALTERNATIVES: Final = 32
_MOST_COOKIES: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class StrictTransport:
    """RFC 6797, section 6.1."""

    max_age_seconds: int
    include_subdomains: bool
    preload: bool
    """Not part of the RFC: the site asks to be in browsers' lists."""


def strict_transport(headers: httpx.Headers) -> StrictTransport | None:
    """The first Strict-Transport-Security field (section 8.1); None if it is missing or malformed."""
    fields = headers.get_list("strict-transport-security")
    if not fields:
        return None
    directives: dict[str, str] = {}
    for part in fields[0].split(";"):
        if not part.strip():
            continue
        name, _, value = (word.strip() for word in part.partition("="))
        if not (_TOKEN.fullmatch(name) and _VALUE.fullmatch(value)) or name.lower() in directives:
            return None
        directives[name.lower()] = value.strip('"')
    age = directives.get("max-age", "")
    if not re.fullmatch(r"[0-9]{1,18}", age):
        return None
    return StrictTransport(
        max_age_seconds=int(age),
        include_subdomains="includesubdomains" in directives,
        preload="preload" in directives,
    )


def cookies_without_secure(headers: httpx.Headers) -> tuple[str, ...] | None:
    """Names of the cookies that may be sent in plaintext (RFC 6265, 5.2.5); None if no cookie is set."""
    fields = headers.get_list("set-cookie")[:_MOST_COOKIES]
    if not fields:
        return None
    bare = []
    for field in fields:
        pair, *attributes = field.split(";")
        if not any(
            attribute.partition("=")[0].strip().lower() == "secure" for attribute in attributes
        ):
            bare.append(pair.partition("=")[0].strip())
    return tuple(bare)


def alternative_protocols(headers: httpx.Headers) -> tuple[str, ...]:
    """The first ALPN ids of Alt-Svc (RFC 7838, section 3), such as ``h3``, each once."""
    found = re.findall(r"(?:^|,)\s*([!#$%&\'*+.^_`|~0-9A-Za-z-]+)=", headers.get("alt-svc", ""))
    return tuple(dict.fromkeys(found))[:_MOST_ALTERNATIVES]
