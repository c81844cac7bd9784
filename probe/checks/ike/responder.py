"""What does an IKEv2 responder say in its first answer? (RFC 7296, section 1.2)

One question proposes all that tlsprobe knows. A responder that wants another key exchange method than that of our
KE payload names it, and the question is asked again with it. So at most one of these questions leaves a half-open
SA, which responders remove by themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from model.registry.ike_transforms import (
    ADDITIONAL_KEY_EXCHANGE,
    ENCRYPTION,
    INTEGRITY,
    KEY_EXCHANGE,
    PRF,
    TRANSFORMS,
    Transform,
)
from model.verdict import Fact, Verdict
from probe.checks.ike.answers import ask, converse, stated, unknown
from probe.checks.prober import Prober
from probe.checks.visit_facts import VisitFacts
from probe.crypto.ike.exchange import IkeAnswer, IkeExchange, IkeOffer
from probe.crypto.ike.public_values import public_value
from probe.dialogue.answer import ConnectFailure
from probe.ike.messages import Chosen, NotifyType, PayloadType, type_of

EVERYTHING: Final = IkeOffer(
    encryption=ENCRYPTION,
    prf=PRF,
    integrity=INTEGRITY,
    key_exchange=KEY_EXCHANGE,
    ke=KEY_EXCHANGE[0],
)
_PORT, _NAT_PORT = 500, 4500
_NOTIFIED: Final = {
    "fragmentation": NotifyType.IKEV2_FRAGMENTATION_SUPPORTED,
    "intermediate_exchange": NotifyType.INTERMEDIATE_EXCHANGE_SUPPORTED,
    "nat_detection": NotifyType.NAT_DETECTION_SOURCE_IP,
    "signature_hash_algorithms": NotifyType.SIGNATURE_HASH_ALGORITHMS,
    "childless": NotifyType.CHILDLESS_IKEV2_SUPPORTED,
    "post_quantum_preshared_key": NotifyType.USE_PPK,
}
_HASHES: Final = {1: "sha1", 2: "sha2-256", 3: "sha2-384", 4: "sha2-512", 5: "identity"}
_MOST_VENDOR_IDS: Final = 16

RESPONDER_FACTS: Final = (
    "ikev2",
    "cookie",
    "redirect",
    "proposal",
    "vendor_ids",
    *_NOTIFIED,
)
NAT_PORT: Final = "port_4500"


async def check_responder(prober: Prober, facts: VisitFacts) -> None:
    """Fills the facts of the first answer."""
    first = await ask(prober, facts, EVERYTHING)
    facts.ike["ikev2"] = _version(first)
    facts.ike["cookie"] = _cookie(first)
    whole = await _complete(prober, facts, first)
    facts.ike["redirect"] = _redirect(whole)
    if not isinstance(whole, IkeAnswer) or not whole.is_complete:
        facts.ike.update(
            {name: unknown(whole) for name in RESPONDER_FACTS if name not in facts.ike}
        )
        return
    facts.ike.update(_facts_of_notifications(whole))
    proof = whole.evidence("the responder's choice of everything that tlsprobe proposes")
    chosen = ",".join(map(_name, whole.chosen))
    facts.ike["proposal"] = Fact(verdict=Verdict.YES, value=chosen, evidence=proof)


async def check_nat_port(prober: Prober, facts: VisitFacts) -> None:
    """Asks on port 4500 too, where a NAT on the way leads clients (RFC 7296, section 2.23)."""
    if facts.inputs.port != _PORT:
        return
    dialogue = IkeExchange(replace(EVERYTHING, prf=PRF[:-1]), prober.nonce)
    answer = await converse(prober, facts, dialogue, _NAT_PORT)
    facts.ike[NAT_PORT] = _version(answer)


async def _complete(
    prober: Prober, facts: VisitFacts, first: IkeAnswer | ConnectFailure
) -> IkeAnswer | ConnectFailure:
    """``first``, or the answer to the same question with the key exchange method that it names, or with an
    additional key exchange if nothing is accepted without one."""
    if not isinstance(first, IkeAnswer):
        return first
    offer, answer = EVERYTHING, first
    if answer.is_refusal:
        offer = replace(EVERYTHING, additional=ADDITIONAL_KEY_EXCHANGE)
        with_additional = await ask(prober, facts, offer)
        if isinstance(with_additional, ConnectFailure):
            return first
        answer = with_additional
    wanted = next((one for one in KEY_EXCHANGE if one.number == answer.wanted_group), None)
    if wanted is None or public_value(wanted.number, prober.nonce) is None:
        return answer
    # Only this method, so that a long public value does not need a fragmented datagram.
    return await ask(prober, facts, replace(offer, key_exchange=(wanted,), ke=wanted))


def _version(answer: IkeAnswer | ConnectFailure) -> Fact:
    if not isinstance(answer, IkeAnswer) or answer.message is None:
        return unknown(answer)
    if answer.speaks_version_2:
        return stated(True, answer.evidence("the responder answers IKE_SA_INIT"))
    if NotifyType.INVALID_MAJOR_VERSION in answer.notifications:
        return stated(False, answer.evidence("INVALID_MAJOR_VERSION"))
    return unknown(answer)


def _cookie(answer: IkeAnswer | ConnectFailure) -> Fact:
    if not isinstance(answer, IkeAnswer) or not (answer.had_cookie or answer.message):
        return unknown(answer)
    return stated(answer.had_cookie, answer.evidence("whether the first answer asks for a cookie"))


def _redirect(answer: IkeAnswer | ConnectFailure) -> Fact:
    if not isinstance(answer, IkeAnswer) or answer.message is None:
        return unknown(answer)
    data = answer.notifications.get(NotifyType.REDIRECT)
    if data is None and not answer.is_complete:
        return unknown(answer)
    proof = answer.evidence("whether the answer redirects (RFC 5685)")
    return stated(data is not None, proof, None if data is None else _gateway(data))


def _gateway(data: bytes) -> str:
    """The gateway's address or name, after its type and length (RFC 5685, section 9.2)."""
    kind, identity = data[:1], data[2:]
    if kind == b"\x01" and len(identity) == 4:
        return ".".join(map(str, identity))
    return identity.decode("ascii", "replace") if kind == b"\x03" else identity.hex()


def _facts_of_notifications(answer: IkeAnswer) -> Mapping[str, Fact]:
    proof = answer.evidence("the notifications of the responder's whole answer")
    found = {name: stated(kind in answer.notifications, proof) for name, kind in _NOTIFIED.items()}
    hashes = answer.notifications.get(NotifyType.SIGNATURE_HASH_ALGORITHMS, b"")
    numbers = [int.from_bytes(hashes[at : at + 2], "big") for at in range(0, len(hashes), 2)]
    words = ",".join(_HASHES.get(one, str(one)) for one in numbers[:_MOST_VENDOR_IDS])
    name = "signature_hash_algorithms"
    found[name] = replace(found[name], value=words or None)
    message = answer.message
    vendors = () if message is None else message.bodies(PayloadType.VENDOR_ID)
    shown = ",".join(one[:64].hex() for one in vendors[:_MOST_VENDOR_IDS])
    found["vendor_ids"] = stated(bool(vendors), proof, shown or None)
    return found


def _name(chosen: Chosen) -> str:
    found = transform_of(chosen)
    return f"{chosen.type}:{chosen.number}" if found is None else found.name


def transform_of(chosen: Chosen) -> Transform | None:
    """The transform that a responder chose, if it is one that is asked."""
    kind = type_of(chosen)
    candidates = () if kind is None else TRANSFORMS[kind]
    same = (one for one in candidates if one.number == chosen.number)
    return next((one for one in same if one.key_bits in {0, chosen.key_bits}), None)
