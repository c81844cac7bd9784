"""DNS lookups of one record type, cached for the records' time to live."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

import dns.asyncresolver
import dns.exception
import dns.flags
import dns.message
import dns.nameserver
import dns.resolver
from dns.rdata import Rdata

from model.frozen import frozen
from pki.net_guard.gate import Purpose, SocketGate
from pki.net_guard.shortage import note_shortage_of_resolver

NameServer: TypeAlias = tuple[str, int]
"""The IP address of a name server, and its port."""

_MOST_KEPT: Final = 1000
"""Number of answers, of 64 KiB at most (RFC 1035, section 4.2.2): hostile zones fill at most 64 MiB."""
_PAYLOAD: Final = 1232
"""Octets of a UDP payload that avoids fragmentation (DNS flag day 2020)."""
_OPEN: Final = SocketGate()


class LookupFailedError(Exception):
    """The lookup failed; the message is one sentence."""


@frozen
class Records:
    """The records of one type; ``is_authenticated`` is whether the resolver validated the answer (AD).

    ``answer`` is the message that says so, as received, which an answer without records has too.
    ``canonical_name`` is the owner of the records, if aliases led to it.
    """

    found: tuple[Rdata, ...]
    is_authenticated: bool
    answer: bytes = b""
    canonical_name: str = ""


class DnsLookup:
    """A client of the given name servers, or of the system's if none are given, as far as the ``gate`` permits.

    Raises:
        LookupFailedError: at construction, if the system has no configured name server.
    """

    def __init__(
        self,
        servers: Sequence[NameServer] = (),
        *,
        gate: SocketGate = _OPEN,
        timeout_seconds: float = 5.0,
    ) -> None:
        try:
            self._resolver = dns.asyncresolver.Resolver(configure=not servers)
        except dns.resolver.NoResolverConfiguration as error:
            raise LookupFailedError("The system has no configured name server.") from error
        if servers:
            self._resolver.nameservers = [
                dns.nameserver.Do53Nameserver(address, port) for address, port in servers
            ]
        self._refusal = self._leave_out_denied(gate)
        self._resolver.lifetime = timeout_seconds
        self._resolver.cache = dns.resolver.LRUCache(_MOST_KEPT)
        self._resolver.set_flags(dns.flags.RD | dns.flags.AD)
        self._resolver.use_edns(0, 0, _PAYLOAD)

    async def records(self, name: str, record_type: str) -> Records:
        """The records of the fully qualified ``name``; empty if the name or the type does not exist.

        Raises:
            LookupFailedError: if no server answers, or none may be asked.
        """
        if self._refusal is not None:
            words = f"{record_type} of {name} was not looked up: no name server may be asked"
            raise LookupFailedError(f"{words}: {self._refusal}.")
        try:
            answer = await self._resolver.resolve(
                name, record_type, raise_on_no_answer=False, search=False
            )
        except dns.resolver.NXDOMAIN as error:
            return _nothing_in(error)
        except (dns.exception.DNSException, OSError) as error:
            note_shortage_of_resolver(error)
            words = f"{record_type} of {name} could not be looked up: {type(error).__name__}."
            raise LookupFailedError(words) from error
        return Records(
            found=tuple(answer.rrset or ()),
            is_authenticated=bool(answer.response.flags & dns.flags.AD),
            answer=answer.response.wire or b"",
            canonical_name=answer.canonical_name.to_text(),
        )

    def _leave_out_denied(self, gate: SocketGate) -> str | None:
        """Leaves out the name servers that the gate refuses; returns why, if none is left.

        Their addresses are literal, so that what is judged here is what is asked.
        """
        refusals = {
            server: gate.refusal(server.address, server.port, Purpose.NAME_SERVER)
            for server in map(self._with_port, self._resolver.nameservers)
        }
        allowed = [server for server, refusal in refusals.items() if refusal is None]
        self._resolver.nameservers = list(allowed)
        return None if allowed else next(iter(refusals.values()), "there is none")

    def _with_port(self, server: str | dns.nameserver.Nameserver) -> dns.nameserver.Do53Nameserver:
        if isinstance(server, dns.nameserver.Do53Nameserver):
            return server
        return dns.nameserver.Do53Nameserver(str(server), self._resolver.port)


def _nothing_in(error: dns.resolver.NXDOMAIN) -> Records:
    """The answer that the name does not exist."""
    response: dns.message.Message
    (response, *_) = error.kwargs["responses"].values()
    return Records(
        found=(),
        is_authenticated=bool(response.flags & dns.flags.AD),
        answer=response.wire or b"",
    )
