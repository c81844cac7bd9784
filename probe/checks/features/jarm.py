"""Which fingerprint do JARM's ten hellos give (github.com/salesforce/jarm, version 1)?

Asked on request only. Unlike our other fingerprints, it can be compared with published values: 30 characters
for suites and versions, and 32 characters of a hash over ALPN and extensions.
"""

from __future__ import annotations

import hashlib
from typing import Final

from probe.checks.features.jarm_hellos import JARM_HELLOS, JARM_SUITES, JarmHello
from probe.checks.prober import Prober, side_by_side
from probe.checks.visit_facts import VisitFacts
from probe.dialogue.answer import (
    Answer,
    ConnectFailure,
    Ending,
    NoHello,
    RetryRequest,
    ServerFlight,
    TlsAlert,
)
from probe.dialogue.outcomes import is_reset
from probe.dialogue.raw_probe import RawProbe
from probe.tls.extensions import ExtensionType
from probe.tls.hello import ServerHello

_TLS13_SUITES: Final = range(0x1300, 0x1400)
_NUMBERED: Final = sorted(JARM_SUITES, key=lambda suite: (suite in _TLS13_SUITES, suite))
_NO_HELLO: Final = "000"
_NOTHING_HEARD: Final = 62 * "0"
_VERSION_LETTERS: Final = "abcdef"


async def check_jarm(prober: Prober, facts: VisitFacts) -> None:
    """Fills the fingerprint ``jarm``, unless one of the ten hellos got neither a hello nor a refusal."""
    if facts.inputs.host is None:
        return
    questions = (_ask(prober, hello, facts.inputs.host) for hello in JARM_HELLOS)
    answers = [answer for answer in await side_by_side(*questions) if answer is not None]
    if len(answers) == len(JARM_HELLOS):
        facts.fingerprints["jarm"] = jarm([_hello(answer) for answer in answers])


async def _ask(prober: Prober, asked: JarmHello, host: str) -> Answer | None:
    """The answer to one of the ten hellos; None if it is neither a hello nor a refusal.

    Asked again after a reset, which can happen with any server; two between good controls are a refusal.
    """
    answer: Answer | None = None
    resets = 0
    for _ in range(2):
        raw_probe = RawProbe(asked.encode(host, prober.nonce), lambda _: b"")
        response = await prober.converse(raw_probe)
        answer = response if isinstance(response, ConnectFailure) else response.answer
        if _is_an_answer(answer):
            return answer
        resets += is_reset(answer)
        if not await prober.ask_control():
            return None
    return answer if resets == 2 else None


def _is_an_answer(answer: Answer) -> bool:
    if isinstance(answer, NoHello):
        return answer.ending is Ending.CLOSED
    return isinstance(answer, ServerFlight | RetryRequest | TlsAlert)


def _hello(answer: Answer) -> ServerHello | None:
    return answer.hello if isinstance(answer, ServerFlight | RetryRequest) else None


def jarm(hellos: list[ServerHello | None]) -> str:
    """The fingerprint of the ten answers; None stands for a refusal."""
    if not any(hellos):
        return _NOTHING_HEARD
    heads = "".join(_NO_HELLO if hello is None else _head(hello) for hello in hellos)
    tails = "".join(_tail(hello) for hello in hellos if hello is not None)
    return heads + hashlib.sha256(tails.encode("utf-8")).hexdigest()[:32]


def _head(hello: ServerHello) -> str:
    """The suite's position in JARM's list, from one, as two hexadecimal digits; then the version's letter."""
    suite = hello.cipher_suite
    number = _NUMBERED.index(suite) if suite in JARM_SUITES else len(_NUMBERED)
    letter = _VERSION_LETTERS[min(hello.legacy_version & 0xFF, len(_VERSION_LETTERS) - 1)]
    return f"{number + 1:02x}{letter}"


def _tail(hello: ServerHello) -> str:
    """The chosen protocol, and the types of all extensions in the order sent."""
    body = hello.extension(ExtensionType.APPLICATION_LAYER_PROTOCOL_NEGOTIATION) or b""
    types = "-".join(f"{item.code_point:04x}" for item in hello.extensions)
    return body[3:].decode("utf-8", "replace") + types
