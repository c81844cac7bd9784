"""What the facts of an SSH server say, for all that judge or show them.

The facts are texts by name: a list of algorithms as the server sends it, a host key as ``ssh-keygen -l`` shows
it, the end of a certificate as a time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

from model.verdict import Fact, Verdict

MARKERS: Final = frozenset(
    {"ext-info-s", "kex-strict-s-v00@openssh.com", "kexguess2@matt.ucc.asn.au"}
)
"""Names in the list of key exchange methods that are not methods."""

ALGORITHM_LISTS: Final[Mapping[str, tuple[str, ...]]] = {
    "key_exchange": ("kex_algorithms",),
    "host_keys": ("server_host_key_algorithms",),
    "ciphers": (
        "encryption_algorithms_client_to_server",
        "encryption_algorithms_server_to_client",
    ),
    "macs": ("mac_algorithms_client_to_server", "mac_algorithms_server_to_client"),
}
"""The facts that list algorithms, by their kind; those of both directions together."""

_BROKEN: Final = frozenset(
    {
        "diffie-hellman-group1-sha1",
        "ssh-dss",
        "arcfour",
        "arcfour128",
        "arcfour256",
        "blowfish-cbc",
        "cast128-cbc",
        "3des-cbc",
        "des-cbc",
        "none",
        "hmac-md5",
        "hmac-md5-96",
        "hmac-md5-etm@openssh.com",
        "hmac-md5-96-etm@openssh.com",
    }
)
"""Algorithms that RFC 8758, RFC 8732 and RFC 9142 forbid or advise against, or with keys that can be found."""

END_FORMAT: Final = "%Y-%m-%dT%H:%M:%SZ"
"""The end of a certificate, in UTC."""
NEVER: Final = "never"
"""The end of a certificate without one."""
_KEY: Final = "host_key_"
_END: Final = "_certificate_ends"
_SIGNATURE: Final = "_certificate_signature"
_SIZE: Final = re.compile(r"([0-9]{1,6}) SHA256:")
RSA_KEYS: Final = ("host_key_rsa", "host_key_rsa_certificate")
"""The facts of RSA host keys."""


def algorithms(facts: Mapping[str, Fact], kind: str) -> tuple[str, ...] | None:
    """The server's algorithms of a kind of ``ALGORITHM_LISTS``; None if its lists are not known."""
    found = [facts.get(name) for name in ALGORITHM_LISTS[kind]]
    if any(one is None or one.verdict is not Verdict.YES for one in found):
        return None
    names = (name for one in found if one is not None for name in (one.value or "").split(","))
    return tuple(name for name in dict.fromkeys(names) if name and name not in MARKERS)


def broken_algorithms(facts: Mapping[str, Fact]) -> Iterator[list[str]]:
    """The broken algorithms of each kind that has some."""
    for kind in ALGORITHM_LISTS:
        if broken := [name for name in algorithms(facts, kind) or () if name in _BROKEN]:
            yield broken


def host_key_sizes(facts: Mapping[str, Fact]) -> Iterator[tuple[str, int]]:
    """The type and the size in bits of each proved host key."""
    for name, fact in facts.items():
        size = _SIZE.match(fact.value or "")
        if name.startswith(_KEY) and fact.verdict is Verdict.YES and size is not None:
            yield name.removeprefix(_KEY), int(size[1])


def rsa_bits(facts: Mapping[str, Fact]) -> int | None:
    """The size of the proved RSA host key; None without one."""
    keys = {name: facts[name] for name in RSA_KEYS if name in facts}
    return next((bits for _, bits in host_key_sizes(keys)), None)


def certificate_ends(facts: Mapping[str, Fact]) -> Iterator[tuple[str, datetime]]:
    """The type of key and the end of each proved host certificate that has one."""
    for name, fact in facts.items():
        if name.endswith(_END) and fact.verdict is Verdict.YES and fact.value:
            # NEVER is not a time, and neither may be the text of a file that a user wrote.
            with suppress(ValueError):
                end = datetime.strptime(fact.value, END_FORMAT).replace(tzinfo=UTC)
                yield name.removeprefix(_KEY).removesuffix(_END), end


def unsigned_certificates(facts: Mapping[str, Fact]) -> Iterator[str]:
    """The type of key of each host certificate whose signature does not match its CA's key."""
    for name, fact in facts.items():
        if name.endswith(_SIGNATURE) and fact.verdict is Verdict.NO:
            yield name.removeprefix(_KEY).removesuffix(_SIGNATURE)
