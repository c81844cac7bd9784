"""The fields of an answer, and what they say about encryption: HSTS, cookies, alternative services."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from model.frozen import frozen

_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE: Final = re.compile(r'"[^"]*"|[^\s";,]*')
_MOST_ALTERNATIVES: Final = 32
_MOST_COOKIES: Final = 100


class Fields:
    """The fields of a head; their names have no case (RFC 9110, section 5.1)."""

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            self._values.setdefault(name.lower(), []).append(value)

    @classmethod
    def decoded(cls, pairs: Iterable[tuple[bytes, bytes]]) -> Fields:
        """The fields of a head as it came: in UTF-8, or else in ISO 8859-1 (RFC 9110, section 5.5)."""
        return cls((_decoded(name), _decoded(value)) for name, value in pairs)

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._values

    def all(self, name: str) -> list[str]:
        """The value of each field of that name, in their order."""
        return self._values.get(name.lower(), [])

    def get(self, name: str) -> str | None:
        """The combined value (RFC 9110, section 5.2), or None without such a field."""
        values = self.all(name)
        return ", ".join(values) if values else None


def _decoded(text: bytes) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError:
        return text.decode("iso-8859-1")


@frozen
class StrictTransport:
    """RFC 6797, section 6.1."""

    max_age_seconds: int
    include_subdomains: bool
    preload: bool
    """Not part of the RFC: the site asks to be in browsers' lists."""


def strict_transport(fields: Fields) -> StrictTransport | None:
    """The first Strict-Transport-Security field (section 8.1); None if it is missing or malformed."""
    values = fields.all("strict-transport-security")
    if not values:
        return None
    directives: dict[str, str] = {}
    for part in values[0].split(";"):
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


def cookies_without_secure(fields: Fields) -> tuple[str, ...] | None:
    """Names of the cookies that may be sent in plaintext (RFC 6265, 5.2.5); None if no cookie is set."""
    cookies = fields.all("set-cookie")[:_MOST_COOKIES]
    if not cookies:
        return None
    bare = []
    for cookie in cookies:
        pair, *attributes = cookie.split(";")
        if not any(
            attribute.partition("=")[0].strip().lower() == "secure" for attribute in attributes
        ):
            bare.append(pair.partition("=")[0].strip())
    return tuple(bare)


def alternative_protocols(fields: Fields) -> tuple[str, ...]:
    """The first ALPN ids of Alt-Svc (RFC 7838, section 3), such as ``h3``, each once."""
    found = re.findall(r"(?:^|,)\s*([!#$%&\'*+.^_`|~0-9A-Za-z-]+)=", fields.get("alt-svc") or "")
    return tuple(dict.fromkeys(found))[:_MOST_ALTERNATIVES]
