"""Asks the DNS about the target's name: CAA and TLSA of its chains, HTTPS and SVCB records.

``chain_checks`` imports this module only for visits that ask the DNS, because the DNS library takes long to load.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from model.certificates.certificate import ServedChain
from model.dns.service_bindings import ServiceBindings, service_query
from model.target import Target, is_ip_address
from pki.dns import DnsLookup, find_service_bindings, judge_caa, judge_tlsa
from pki.dns.lookup import NameServer
from pki.net_guard.gate import SocketGate
from probe.checks.prober import side_by_side


class DnsChecks:
    """Asks the given name servers, or the system's if none are given.

    Raises:
        LookupFailedError: at construction, if the system has no configured name server.
    """

    def __init__(self, name_servers: Sequence[NameServer], gate: SocketGate) -> None:
        self._lookup = DnsLookup(name_servers, gate=gate)

    async def check(
        self, chains: Sequence[ServedChain], target: Target, within_seconds: float
    ) -> tuple[ServedChain, ...]:
        """The chains with their DNS verdicts; without them for what takes longer than ``within_seconds``."""
        asking = (self._look_up(one, target, within_seconds) for one in chains)
        return tuple(await side_by_side(*asking))

    async def _look_up(
        self, found: ServedChain, target: Target, within_seconds: float
    ) -> ServedChain:
        """The chain with the DNS verdicts, if the target's own clients get it by its name."""
        host = target.reference_name
        if is_ip_address(host) or not found.is_own:
            return found
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, within_seconds)):
                caa, tlsa = await asyncio.gather(
                    judge_caa(found.leaf, host, self._lookup),
                    judge_tlsa(found, host, target.port, self._lookup),
                )
                return replace(found, dns={"caa": caa} | ({"tlsa": tlsa} if tlsa else {}))
        return found

    async def service_bindings(
        self, target: Target, within_seconds: float
    ) -> ServiceBindings | None:
        """The HTTPS or SVCB records of the target; None if its protocol has none."""
        query = service_query(target)
        if query is None:
            return None
        name, record_type = query
        try:
            async with asyncio.timeout(within_seconds):
                return await find_service_bindings(name, record_type, self._lookup)
        except TimeoutError:
            reason = f"{record_type} of {name} could not be looked up in time."
            return ServiceBindings(name=name, record_type=record_type, failure=reason)
