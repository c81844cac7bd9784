"""Which cipher suites does each accepted version take, and whose order decides?

By strike-out over every suite of the registry, whole or in parts where the server needs short
hellos.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from model.protocol_version import ProtocolVersion
from model.registry import cipher_suite_name
from probe.checks.candidates import suites_in_parts
from probe.checks.interview import Interview, side_by_side
from probe.checks.learnt import Learnt
from probe.checks.strike_out import Struck, picked_cipher_suite, strike_out
from probe.tls.exchange import Exchange
from probe.tls.offer import offer

_TLS_AES_128_GCM_SHA256: Final = 0x1301
"""Every TLS 1.3 server takes it, and it stands first among the strong: taken first, it is
likely that the client decides, which the very next answer then tells."""


async def learn_cipher_suites(interview: Interview, learnt: Learnt) -> None:
    """Fills ``cipher_suites`` of every accepted version that has none yet.

    The longest chains of questions begin first, and dial ahead; TLS 1.3 has few suites.
    """
    unlearnt = [version for version in learnt.spoken if version not in learnt.cipher_suites]
    unlearnt.sort(key=lambda version: version is ProtocolVersion.TLSV1_3)
    await side_by_side(*(_learn_at(interview, learnt, version) for version in unlearnt))


async def _learn_at(interview: Interview, learnt: Learnt, version: ProtocolVersion) -> None:
    first, shape = learnt.spoken[version], learnt.shape_at(version)
    is_chained = version is not ProtocolVersion.TLSV1_3
    reprise_after = 1 if picked_cipher_suite(first) == _TLS_AES_128_GCM_SHA256 else 2

    async def ask(suites: tuple[int, ...]) -> Exchange:
        return await interview.ask(offer(version, suites, shape), is_chained=is_chained)

    parts = tuple(suites_in_parts(version, shape.most_cipher_suites))
    struck = await side_by_side(
        *(
            strike_out(
                ask,
                picked_cipher_suite,
                part,
                first if first.offer.cipher_suites == part else None,
                reprise_after=reprise_after,
            )
            for part in parts
        )
    )
    whole = struck[0] if len(struck) == 1 else await _in_one_order(ask, struck)
    learnt.cipher_suites[version] = whole.accepted_set(cipher_suite_name)


async def _in_one_order(
    ask: Callable[[tuple[int, ...]], Awaitable[Exchange]], struck: list[Struck]
) -> Struck:
    """The picks of all parts, put into the server's order by striking them out once more."""
    picks = tuple(pick for part in struck for pick in part.picks)
    unproved = [part.last for part in struck if not part.is_complete]
    last = (unproved or [struck[-1].last])[0]
    if not picks:
        return Struck(picks=(), last=last)
    again = await strike_out(ask, picked_cipher_suite, tuple(pick.code_point for pick in picks))
    ordered = again.picks if len(again.picks) == len(picks) else picks
    return Struck(picks=ordered, last=last, preference=again.preference)
