"""The target labels that tlsprobe acts on, in one table for all readers.

Any other label describes a target and has no effect. An acting label decides what the service sends, to
which server, or what counts as correct. It is therefore honoured only if the owner of the service set it: in
a file, by a relabelling rule that names it, or by a source with ``trust_labels: true``. Its value must have a meaning:
otherwise it would silently do nothing.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Final, TypeAlias

from model.application_protocol import HTTP_PORTS
from model.intrusiveness import Intrusiveness
from model.protocol_version import ProtocolVersion
from model.target import Target

CLIENT_IDENTITY: Final = "client_identity"
EXPIRED_CLIENT_IDENTITY: Final = "expired_client_identity"
CLIENT_AUTH_PATH: Final = "client_auth_path"
CLIENT_AUTH: Final = "client_auth"
TRUST_STORES: Final = "trust_stores"
PROXY: Final = "proxy"
PROXY_PROTOCOL: Final = "proxy_protocol"
UNIX_SOCKET: Final = "unix_socket"
ADDRESS_FAMILY: Final = "address_family"
HTTP: Final = "http"
HTTP_PORT: Final = "http_port"
LOG: Final = "log"
ZONE: Final = "zone"
SERVER: Final = "server"
EXPECTED_CERTIFICATE: Final = "expected_certificate"
EXPECTED_PROTOCOLS: Final = "expected_protocols"
INTRUSIVENESS: Final = "intrusiveness"
SECRECY_YEARS: Final = "secrecy_years"
MIGRATION_YEARS: Final = "migration_years"
ECH_CONFIG_LIST: Final = "ech_config_list"


@dataclass(frozen=True, slots=True)
class ActingLabel:
    """One acting label; ``meaning`` is a phrase on what it decides."""

    name: str
    meaning: str


ACTING_LABELS: Final = (
    ActingLabel(CLIENT_IDENTITY, "which client certificate is presented to the server"),
    ActingLabel(
        EXPIRED_CLIENT_IDENTITY, "which expired client certificate is presented to the server"
    ),
    ActingLabel(CLIENT_AUTH_PATH, "which HTTP path is requested"),
    ActingLabel(CLIENT_AUTH, "which client authentication counts as correct"),
    ActingLabel(TRUST_STORES, "which trust stores the chain is verified against"),
    ActingLabel(PROXY, "which proxy the connections go through"),
    ActingLabel(PROXY_PROTOCOL, "which PROXY protocol header the connections begin with"),
    ActingLabel(UNIX_SOCKET, "which local socket is connected to"),
    ActingLabel(ADDRESS_FAMILY, "which addresses of the name are probed"),
    ActingLabel(HTTP, "whether HTTP requests are sent"),
    ActingLabel(HTTP_PORT, "which other port gets plaintext HTTP requests"),
    ActingLabel(LOG, "how detailed the log about the target is"),
    ActingLabel(ZONE, "which workers probe the target"),
    ActingLabel(SERVER, "for which server software remediation is written"),
    ActingLabel(EXPECTED_CERTIFICATE, "which certificates count as correct"),
    ActingLabel(EXPECTED_PROTOCOLS, "which protocol versions count as correct"),
    ActingLabel(INTRUSIVENESS, "how intrusive the probes may be"),
    ActingLabel(SECRECY_YEARS, "how long recorded data must stay secret"),
    ActingLabel(MIGRATION_YEARS, "how long the change to post-quantum key exchange takes"),
    ActingLabel(ECH_CONFIG_LIST, "with which key an Encrypted ClientHello is sent"),
)
"""Every label that some part of tlsprobe reads by name."""

ACTING_NAMES: Final = frozenset(label.name for label in ACTING_LABELS)


ConfiguredNames: TypeAlias = Mapping[str, Collection[str]]
"""The names that a label may have as its value, where the configuration defines them."""

NO_NAMES: Final[ConfiguredNames] = MappingProxyType({})
"""Without a configuration, such names are not checked."""

_CHOICES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        CLIENT_AUTH: ("none", "requested", "required"),
        PROXY_PROTOCOL: ("v1", "v2"),
        ADDRESS_FAMILY: ("any", "ipv4", "ipv6"),
        HTTP: ("yes", "no"),
        LOG: ("debug", "info"),
        INTRUSIVENESS: tuple(Intrusiveness),
    }
)
_LISTS: Final = frozenset({TRUST_STORES, EXPECTED_CERTIFICATE, EXPECTED_PROTOCOLS})
"""Labels whose value is a list, separated by commas."""

_SETTINGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        CLIENT_IDENTITY: "client_identities",
        EXPIRED_CLIENT_IDENTITY: "client_identities",
        TRUST_STORES: "trust_stores",
        PROXY: "proxies",
    }
)
"""The setting that defines the names which a label may have as its value."""

_SHA256: Final = re.compile(r"[0-9a-fA-F]{64}|[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){31}")
_SHORTEST_LIST: Final = 6
_YEARS: Final = re.compile(r"[0-9]{1,3}")
_VERSIONS: Final = tuple(version.label for version in ProtocolVersion)
_IS_YEARS: Final = (
    lambda text: _YEARS.fullmatch(text) is not None,
    "a whole number of years from 0 to 999",
)
_FORMS: Final[Mapping[str, tuple[Callable[[str], bool], str]]] = MappingProxyType(
    {
        HTTP_PORT: (
            lambda text: text.isascii() and text.isdecimal() and 0 < int(text[:6]) < 65536,
            "a port from 1 to 65535",
        ),
        CLIENT_AUTH_PATH: (lambda text: text.startswith("/"), "a path that begins with a slash"),
        UNIX_SOCKET: (lambda text: text.startswith("/"), "an absolute path"),
        EXPECTED_CERTIFICATE: (
            lambda text: _SHA256.fullmatch(text) is not None,
            "SHA-256 hashes in hex, separated by commas",
        ),
        EXPECTED_PROTOCOLS: (
            lambda text: text in _VERSIONS,
            f"some of {', '.join(_VERSIONS)}, separated by commas",
        ),
        SECRECY_YEARS: _IS_YEARS,
        MIGRATION_YEARS: _IS_YEARS,
        ECH_CONFIG_LIST: (
            lambda text: _ech_config_list(text) is not None,
            "an ECHConfigList in Base64, as in the parameter ech of an HTTPS record",
        ),
    }
)
_DISTINCTIVE: Final = tuple(sorted(name for name in ACTING_NAMES if "_" in name))
"""Names that people use for nothing else; a label ``servers`` need not be a misspelt ``server``."""

_ALIKE: Final = 0.85
_SHOWN: Final = 60


def configured_names(
    client_identities: Iterable[str], trust_stores: Iterable[str], proxies: Iterable[str]
) -> ConfiguredNames:
    """The names that the settings of these names define."""
    identities = tuple(client_identities)
    return {
        CLIENT_IDENTITY: identities,
        EXPIRED_CLIENT_IDENTITY: identities,
        TRUST_STORES: tuple(trust_stores),
        PROXY: ("none", *proxies),
    }


def label_problems(
    labels: Mapping[str, str], configured: ConfiguredNames = NO_NAMES
) -> Iterator[str]:
    """A sentence for each label that does nothing, although its name or value is meant to do something."""
    for name, text in labels.items():
        problem = label_problem(name, text, configured)
        if problem is not None:
            yield problem


def label_problem(name: str, text: str, configured: ConfiguredNames = NO_NAMES) -> str | None:
    """A sentence about one label; None if it only describes a target, or acts."""
    if name not in ACTING_NAMES:
        return _misspelt(name)
    parts = [one.strip() for one in text.split(",")] if name in _LISTS else [text]
    allowed = _CHOICES.get(name) or configured.get(name)
    for part in parts:
        if allowed is not None and part not in allowed:
            return f"the label {name} must not be {part[:_SHOWN]!r}: {_hint(name, part, allowed)}"
        is_valid, form = _FORMS.get(name, (bool, ""))
        if form and not is_valid(part):
            return f"the label {name} must not be {part[:_SHOWN]!r}: use {form}"
    return None


@lru_cache(maxsize=1024)
def _misspelt(name: str) -> str | None:
    import difflib

    spelt = name.lower().replace("-", "_")
    close = difflib.get_close_matches(spelt, _DISTINCTIVE, n=1, cutoff=_ALIKE)
    return f"the label {name[:_SHOWN]!r} has no effect: did you mean {close[0]}?" if close else None


def _hint(name: str, text: str, allowed: Collection[str]) -> str:
    import difflib

    close = difflib.get_close_matches(text, allowed, n=1)
    known = ", ".join(sorted(allowed))
    choices = f"`{_SETTINGS[name]}` has {known or 'none'}" if name in _SETTINGS else f"use {known}"
    return f"did you mean {close[0]}? ({choices})" if close else choices


def secrecy_years(labels: Mapping[str, str]) -> int | None:
    """How many years data that are recorded now must stay secret; None if no valid label says it."""
    return _years(labels, SECRECY_YEARS)


def migration_years(labels: Mapping[str, str]) -> int | None:
    """How many years the change to post-quantum key exchange takes; None if no valid label says it."""
    return _years(labels, MIGRATION_YEARS)


def _years(labels: Mapping[str, str], name: str) -> int | None:
    text = labels.get(name, "")
    return int(text) if _YEARS.fullmatch(text) else None


def http_port_of(target: Target) -> int | None:
    """The port of plaintext HTTP: the label's, or port 80 for port 443; None if neither says which."""
    port = target.labels.get(HTTP_PORT, "")
    is_port = port.isascii() and port.isdecimal() and 0 < int(port) < 65536
    return int(port) if is_port else HTTP_PORTS.get(target.port)


def ech_config_list_of(target: Target) -> bytes | None:
    """The ECHConfigList of the target's label; None without a valid one."""
    return _ech_config_list(target.labels.get(ECH_CONFIG_LIST, ""))


def _ech_config_list(text: str) -> bytes | None:
    """The decoded list (RFC 9849, section 4), if its length is the one that it states."""
    try:
        octets = base64.b64decode(text, validate=True)
    except ValueError:
        return None
    is_list = len(octets) >= _SHORTEST_LIST and int.from_bytes(octets[:2], "big") == len(octets) - 2
    return octets if is_list else None
