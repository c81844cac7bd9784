"""The plan of a verification: which hellos show whether anything changed, and what must come back.

It is made once, from an Observation with its evidence, and serves until the facts change. Offers are made from it
when they are asked: they contain the server's name, which no two endpoints need to share.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Final

from model.observation import AcceptedSet, Observation, State
from model.protocol_version import ProtocolVersion
from model.registry import cipher_suite_by_name, named_group_code_point
from model.verdict import Evidence, Preference, Verdict
from model.verification.plan import HelloForm, KnownPick, KnownRefusal, VerificationPlan
from model.verification.remembered import Remembered
from probe.checks.features.post_quantum import POST_QUANTUM
from probe.checks.visit_inputs import ASKED_VERSIONS
from probe.dialogue.candidate_suites import suites_in_parts
from probe.dialogue.offer import TLS13_GROUPS, Offer, Shape, offer
from probe.dialogue.offer_shape import shape_of
from probe.dialogue.preference import with_chacha20_last

_LISTS: Final = 1024
"""How many different lists of suites or groups are made once and kept."""

_MOST_COMPARED_BYTES: Final = 64
"""An alert, or the bytes before a close; longer answers are not compared."""


def plan_for(known: Observation | Remembered | None) -> VerificationPlan | None:
    """The plan to verify ``known``, which may be a remembered visit; None if there is none."""
    if isinstance(known, Remembered):
        return known.plan
    return None if known is None else plan_of(known)


def plan_of(known: Observation) -> VerificationPlan | None:
    """The plan to verify ``known``, which has its evidence; None if it lacks what a verification relies on.

    The last visit must have settled every version and completed every set, with the proofs stored, and tried a
    handshake with each post-quantum group: earlier versions of tlsprobe did not. The accepted suites must fit into
    one hello.
    """
    accepted = _accepted(known)
    if known.state is not State.TLS or not accepted:
        return None
    if any(fact.verdict is Verdict.UNKNOWN for fact in known.protocols.values()):
        return None
    if not all(_is_known_in_full(known, version) for version in accepted):
        return None
    picks = [pick for version in accepted if (pick := _known_pick(known, version)) is not None]
    if len(picks) < len(accepted):
        return None
    return VerificationPlan(picks=tuple(picks), refusals=tuple(_refusals(known, picks)))


def picked_offer(pick: KnownPick, server_name: str | None) -> Offer:
    """The hello with the accepted suites of a version."""
    return offer(pick.version, pick.cipher_suites, _shape(pick.form, server_name))


def refused_offers(refusal: KnownRefusal, server_name: str | None) -> tuple[Offer, ...]:
    """The hello that the server refuses, or several if it needs short ones."""
    version, shape = refusal.version, _shape(refusal.form, server_name)
    if refusal.groups is not None:
        groups = _groups_without(refusal.groups)
        return (offer(version, refusal.cipher_suites, shape, groups),)
    parts = _suites_without(version, refusal.cipher_suites, shape.most_cipher_suites)
    return tuple(offer(version, part, shape) for part in parts)


def _accepted(known: Observation) -> list[ProtocolVersion]:
    return [
        version
        for version, fact in known.protocols.items()
        if fact.verdict is Verdict.YES and version is not ProtocolVersion.SSLV2
    ]


def _is_known_in_full(known: Observation, version: ProtocolVersion) -> bool:
    sets = [known.cipher_suites.get(version)]
    if version is ProtocolVersion.TLSV1_3:
        sets.append(known.groups.get(version))
        if POST_QUANTUM not in known.features:
            return False
    return all(found is not None and found.complete and found.accepted for found in sets)


def _known_pick(known: Observation, version: ProtocolVersion) -> KnownPick | None:
    """The hello that was refused last has a form that the server can read; None if the suites do not fit into it."""
    found = known.cipher_suites[version]
    shape = _shape_in(known, found.refusal)
    suites = _suites(found)
    if shape is None or len(suites) > (shape.most_cipher_suites or len(suites)):
        return None
    picks = _possible_picks(found, suites)
    return KnownPick(version=version, form=_form(shape), cipher_suites=suites, picks=picks)


def _shape_in(known: Observation, evidence: Evidence | None) -> Shape | None:
    """The shape of that hello; None if there is no hello, or one that named another server."""
    shape = shape_of(evidence.offer) if evidence and evidence.offer else None
    named = (None, known.endpoint.target.server_name)
    return shape if shape is not None and shape.server_name in named else None


def _form(shape: Shape) -> HelloForm:
    return HelloForm(
        sends_server_name=shape.server_name is not None,
        most_cipher_suites=shape.most_cipher_suites,
        sends_key_shares=shape.sends_key_shares,
        alpn_protocols=shape.alpn_protocols,
    )


def _shape(form: HelloForm, server_name: str | None) -> Shape:
    return Shape(
        server_name=server_name if form.sends_server_name else None,
        most_cipher_suites=form.most_cipher_suites,
        sends_key_shares=form.sends_key_shares,
        alpn_protocols=form.alpn_protocols,
    )


def _suites(found: AcceptedSet) -> tuple[int, ...]:
    suites = (cipher_suite_by_name(name) for name in found.accepted)
    return with_chacha20_last([suite.code_point for suite in suites if suite is not None])


def _possible_picks(found: AcceptedSet, offered: tuple[int, ...]) -> tuple[int, ...]:
    if found.preference is Preference.CLIENT:
        return offered[:1]
    if found.preference is Preference.SERVER:
        favourite = cipher_suite_by_name(found.accepted[0])
        return (favourite.code_point,) if favourite else ()
    return offered


def _refusals(known: Observation, picks: Sequence[KnownPick]) -> Iterator[KnownRefusal]:
    """Each hello that was refused, or would have been, with the proof of a similar refusal.

    A version that the server does not speak may have been refused for a short hello too, which does not mean that the
    server needs one.
    """
    by_version = {pick.version: pick for pick in picks}
    usual = picks[0].form
    most = next(filter(None, (pick.form.most_cipher_suites for pick in picks)), None)
    for version in ASKED_VERSIONS:
        fact = known.protocols.get(version)
        if fact is None:
            continue
        pick = by_version.get(version)
        proof = fact.evidence if pick is None else known.cipher_suites[version].refusal
        shape = _shape_in(known, proof)
        form = usual if shape is None else _form(shape)
        yield KnownRefusal(
            version=version,
            form=form if pick else replace(form, most_cipher_suites=most),
            cipher_suites=() if pick is None else tuple(sorted(pick.cipher_suites)),
            before=_comparable(proof),
        )
    if (pick := by_version.get(ProtocolVersion.TLSV1_3)) is not None:
        version = pick.version
        found = known.groups[version]
        groups = (named_group_code_point(name) for name in found.accepted)
        yield KnownRefusal(
            version=version,
            form=pick.form,
            cipher_suites=pick.cipher_suites,
            groups=tuple(group for group in groups if group is not None),
            before=_comparable(found.refusal),
        )


def _comparable(proof: Evidence | None) -> Evidence | None:
    """The proof without its hello, if a later answer may equal it: an alert, or a close with few bytes before it."""
    if proof is None or len(proof.answer or b"") > _MOST_COMPARED_BYTES:
        return None
    return replace(proof, offer=None)


@lru_cache(maxsize=_LISTS)
def _suites_without(
    version: ProtocolVersion, accepted: tuple[int, ...], most: int | None
) -> tuple[tuple[int, ...], ...]:
    parts = (
        tuple(suite for suite in part if suite not in accepted)
        for part in suites_in_parts(version, most)
    )
    return tuple(part for part in parts if part)


@lru_cache(maxsize=_LISTS)
def _groups_without(accepted: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(group for group in TLS13_GROUPS if group not in accepted)
