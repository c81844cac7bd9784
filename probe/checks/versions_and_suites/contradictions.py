"""Do all answers come from one configuration, or from several backends at one address?

The hello that proved each version is sent once more at the end, and every hello that was sent more than once
in the visit is compared. If one hello got two different answers, it is sent a third time, and all three
answers are reported. So a fact that holds for one backend does not hide that another backend differs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias

from model.observation import Contradiction
from model.registry import cipher_suite_name, named_group_name
from probe.checks.prober import Prober, side_by_side
from probe.checks.visit_facts import VisitFacts
from probe.dialogue.answer import ServerFlight
from probe.dialogue.exchange import Exchange
from probe.tls.hello import ServerHello

_MOST_CONTRADICTIONS: Final = 8

_Gist: TypeAlias = tuple[str, bytes | None]
"""An answer in words, and the leaf that came with it."""


async def check_contradictions(prober: Prober, facts: VisitFacts) -> None:
    """Fills ``contradictions``."""
    await side_by_side(*(prober.ask(one.offer) for one in facts.spoken.values()))
    contested = list(_contested(prober.exchanges))[:_MOST_CONTRADICTIONS]
    for first, second in contested:
        third = await prober.ask(first.offer)
        facts.contradictions += (
            Contradiction(
                subject=f"the same hello for {first.offer.version.label} got different answers: "
                f"{_in_words(first)}, and {_in_words(second)}",
                answers=tuple(one.evidence(_in_words(one)) for one in (first, second, third)),
            ),
        )


def _contested(exchanges: Iterable[Exchange]) -> Iterator[tuple[Exchange, Exchange]]:
    """For each hello with two different answers, the first of each; in the order asked."""
    answers: dict[bytes, dict[_Gist, Exchange]] = {}
    for exchange in exchanges:
        gist = _gist(exchange)
        if gist is not None:
            answers.setdefault(exchange.offered, {}).setdefault(gist, exchange)
    for different in answers.values():
        first, *others = different.values()
        if others:
            yield first, others[0]


def _gist(exchange: Exchange) -> _Gist | None:
    """None for an answer that overload could cause: it contradicts nothing."""
    if exchange.hello is not None:
        return _in_words(exchange), _leaf(exchange)
    if exchange.is_refusal and not exchange.is_ambiguous:
        return "refused", None
    return None


def _leaf(exchange: Exchange) -> bytes | None:
    """The leaf of a complete flight only: a flight that broke off may have lost it."""
    answer = exchange.answer
    if isinstance(answer, ServerFlight) and answer.is_complete and answer.certificates:
        return answer.certificates[0]
    return None


def _in_words(exchange: Exchange) -> str:
    hello = exchange.hello
    return exchange.summary if hello is None else f"{exchange.summary} of {_choice(hello)}"


def _choice(hello: ServerHello) -> str:
    group = hello.key_share_group
    named = "" if group is None else f" with {named_group_name(group)}"
    return f"{cipher_suite_name(hello.cipher_suite)}{named}"
