"""Which HTTPS and SVCB records (RFC 9460) does a name have, and which addresses do they lead to?

Aliases are followed a bounded number of times, and so are the names that records lead to.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from dns.rdtypes.svcbbase import (
    ALPNParam,
    ECHParam,
    IPv4HintParam,
    IPv6HintParam,
    MandatoryParam,
    ParamKey,
    PortParam,
    SVCBBase,
)

from model.dns.service_bindings import ServiceBinding, ServiceBindings
from pki.dns.lookup import DnsLookup, LookupFailedError, Records

MAX_ALIASES: Final = 8
"""Aliases that are followed, one after the other; a client needs only one or two (RFC 9460, section 3)."""

MAX_SERVICE_BINDINGS: Final = 16
"""Records of one name that are read."""

_MAX_TARGETS: Final = 4
_MAX_ADDRESSES: Final = 64
_ALIAS_MODE: Final = 0
_MAX_TEXT: Final = 300
_KNOWN_KEYS: Final = frozenset(range(11))
"""IANA's registry "Service Parameter Keys (SvcParamKeys)"."""


async def find_service_bindings(name: str, record_type: str, lookup: DnsLookup) -> ServiceBindings:
    """The records of ``name`` and of ``record_type``, HTTPS or SVCB. It raises no error: see ``failure``."""
    owner, aliases, is_authenticated = name, list[str](), True
    while True:
        try:
            answer = await lookup.records(f"{owner}.", record_type)
        except LookupFailedError as error:
            return ServiceBindings(name=name, record_type=record_type, failure=str(error))
        is_authenticated = is_authenticated and answer.is_authenticated
        alias = _alias(answer)
        if alias is None:
            break
        if len(aliases) == MAX_ALIASES or alias in {name, *aliases}:
            reason = f"The aliases of {name} lead back, or there are more than {MAX_ALIASES}."
            return ServiceBindings(name=name, record_type=record_type, failure=reason)
        aliases.append(owner := alias)
    return ServiceBindings(
        name=name,
        record_type=record_type,
        records=await _service_records(owner, answer, lookup),
        aliases=tuple(aliases),
        is_authenticated=is_authenticated,
    )


def _of_type(answer: Records) -> list[SVCBBase]:
    return [one for one in answer.found if isinstance(one, SVCBBase)]


def _alias(answer: Records) -> str | None:
    """The name that a record in AliasMode leads to; the root says that there is no service (section 2.5.1)."""
    for record in _of_type(answer):
        if record.priority == _ALIAS_MODE:
            return _name(record, "") or None
    return None


async def _service_records(
    owner: str, answer: Records, lookup: DnsLookup
) -> tuple[ServiceBinding, ...]:
    found = [one for one in _of_type(answer) if one.priority != _ALIAS_MODE]
    found.sort(key=lambda one: (one.priority, one.to_wire() or b""))
    found = found[:MAX_SERVICE_BINDINGS]
    targets = tuple(dict.fromkeys(_name(one, owner) for one in found))[:_MAX_TARGETS]
    looked_up = await asyncio.gather(*(_addresses(one, lookup) for one in targets))
    addresses = dict(zip(targets, looked_up, strict=True))
    return tuple(_binding(one, owner, addresses.get(_name(one, owner))) for one in found)


async def _addresses(host: str, lookup: DnsLookup) -> tuple[str, ...] | None:
    try:
        answers = await asyncio.gather(
            *(lookup.records(f"{host}.", record_type) for record_type in ("A", "AAAA"))
        )
    except LookupFailedError:
        return None
    found = [record.to_text() for answer in answers for record in answer.found]
    return tuple(found[:_MAX_ADDRESSES])


def _name(record: SVCBBase, owner: str) -> str:
    """The TargetName; the root stands for the owner of the record (section 2.5.2)."""
    return record.target.to_text(omit_final_dot=True).lower() if len(record.target) > 1 else owner


def _binding(record: SVCBBase, owner: str, addresses: Sequence[str] | None) -> ServiceBinding:
    parameters = record.params
    alpn, port, ech = (parameters.get(key) for key in (ParamKey.ALPN, ParamKey.PORT, ParamKey.ECH))
    hints = (parameters.get(key) for key in (ParamKey.IPV4HINT, ParamKey.IPV6HINT))
    mandatory = parameters.get(ParamKey.MANDATORY)
    demanded = set(mandatory.keys) if isinstance(mandatory, MandatoryParam) else set()
    return ServiceBinding(
        priority=record.priority,
        target=_name(record, owner),
        alpn=tuple(map(_text, alpn.ids)) if isinstance(alpn, ALPNParam) else (),
        has_default_alpn=ParamKey.NO_DEFAULT_ALPN not in parameters,
        port=port.port if isinstance(port, PortParam) else None,
        hints=tuple(
            address
            for hint in hints
            if isinstance(hint, IPv4HintParam | IPv6HintParam)
            for address in hint.addresses
        )[:_MAX_ADDRESSES],
        ech=ech.ech if isinstance(ech, ECHParam) else None,
        is_usable=demanded <= _KNOWN_KEYS,
        addresses=None if addresses is None else tuple(addresses),
        wire=record.to_wire() or b"",
        text=_presentation(record),
    )


def _presentation(record: SVCBBase) -> str:
    text = record.to_text()
    return text if len(text) <= _MAX_TEXT else f"{text[:_MAX_TEXT]}..."


def _text(octets: bytes) -> str:
    return octets.decode("ascii", "backslashreplace")
