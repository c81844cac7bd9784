"""The addresses of a host of a mail domain, and whether DNSSEC protects them (RFC 7672, section 2.2)."""

from __future__ import annotations

import asyncio
from typing import Final

from dns.rdtypes.IN.A import A
from dns.rdtypes.IN.AAAA import AAAA

from model.frozen import frozen
from model.verdict import Fact, Verdict
from pki.dns.lookup import DnsLookup
from probe.mail_domain.questions import Question, ask, dnssec_fact

MOST_VISITED: Final = 2
"""Addresses of each family that are visited."""
_MOST_SHOWN: Final = 64


@frozen
class Addresses:
    """The addresses of a name, and those that are ``visited``.

    ``secure`` is whether DNSSEC protects them. ``canonical_name`` is the name that aliases led to. ``are_there``
    is negative if the DNS answers that there are none.
    """

    all: tuple[str, ...]
    visited: tuple[str, ...]
    secure: Fact
    canonical_name: str
    are_there: Fact


async def addresses_of(lookup: DnsLookup, name: str, validates: Fact) -> Addresses:
    """The addresses of both families; they are secure only if both answers are."""
    asked = await asyncio.gather(ask(lookup, name, "A"), ask(lookup, name, "AAAA"))
    old = [str(one.address) for one in asked[0].of(A)]
    new = [str(one.address) for one in asked[1].of(AAAA)]
    facts = [dnssec_fact(one, validates) for one in asked]
    canonical = (one.answer.canonical_name for one in asked if one.answer is not None)
    return Addresses(
        all=(*old, *new)[:_MOST_SHOWN],
        visited=(*old[:MOST_VISITED], *new[:MOST_VISITED]),
        secure=_weakest(facts),
        canonical_name=next((one for one in canonical if one), ""),
        are_there=_are_there(asked, has_any=bool(old or new)),
    )


def _weakest(facts: list[Fact]) -> Fact:
    order = (Verdict.NO, Verdict.UNKNOWN, Verdict.YES)
    return next(one for verdict in order for one in facts if one.verdict is verdict)


def _are_there(asked: tuple[Question, ...] | list[Question], *, has_any: bool) -> Fact:
    if has_any:
        return next(one for one in asked if one.answer and one.answer.found).fact(Verdict.YES)
    failed = next((one for one in asked if one.answer is None), None)
    if failed is not None:
        return failed.fact(Verdict.UNKNOWN)
    return asked[0].fact(Verdict.NO, f"{asked[0].name} has no address.")
