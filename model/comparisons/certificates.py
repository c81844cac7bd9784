"""Chains: leaves renewed or replaced, issuers, names, trust and problems.

A chain is identified by the requested name and its key type. If one address serves several leaves of the
same type in turn, the set of these leaves is compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias

from model.certificates.certificate import Certificate, KeyType, NameAsked, ServedChain
from model.comparisons.difference import Difference, appeared, changed, listed, vanished
from model.observation import Observation
from model.verdict import Verdict

_Place: TypeAlias = tuple[NameAsked, KeyType]
_FACT: Final = "certificates"
_KEY_WORDS: Final = {KeyType.RSA: "RSA", KeyType.RSA_PSS: "RSA-PSS", KeyType.ECDSA: "ECDSA"}
_NAME_WORDS: Final = {
    NameAsked.OWN: "",
    NameAsked.NO_NAME: " for no server name",
    NameAsked.UNKNOWN_NAME: " for an unknown server name",
}


def compare_certificates(before: Observation, after: Observation) -> Iterator[Difference]:
    """Compares all chains of two visits; yields nothing if one of them saw no chain."""
    places_before, places_after = _by_place(before), _by_place(after)
    if not places_before or not places_after:
        return
    is_only_one = len({key for name, key in places_after if name is NameAsked.OWN}) == 1
    for place in sorted(places_before.keys() & places_after.keys()):
        words = _words(place, is_only_one=is_only_one and _has_key_of(places_before, place))
        yield from _compare_place(place, words, places_before[place], places_after[place])
    if _asked_all(before):
        for place in sorted(places_after.keys() - places_before.keys()):
            leaf = places_after[place][0].leaf
            yield appeared(_fact(place), _subject(leaf), f"{_chain_words(place)} appeared")
    if _asked_all(after):
        for place in sorted(places_before.keys() - places_after.keys()):
            leaf = places_before[place][0].leaf
            yield vanished(_fact(place), _subject(leaf), f"{_chain_words(place)} vanished")


def _by_place(observation: Observation) -> Mapping[_Place, list[ServedChain]]:
    """Chains by name and key type; chains for other names only if the target's clients never get them."""
    places: dict[_Place, list[ServedChain]] = {}
    own = {one.leaf.sha256 for one in observation.own_certificates}
    for deployment in observation.certificates:
        for name in deployment.names:
            if name is NameAsked.OWN or deployment.leaf.sha256 not in own:
                places.setdefault((name, deployment.key_type), []).append(deployment)
    return places


def _asked_all(observation: Observation) -> bool:
    """Whether every suite was offered, so that the leaf of every key type was seen."""
    sets = observation.cipher_suites.values()
    return bool(sets) and all(found.complete for found in sets)


def _has_key_of(places: Mapping[_Place, list[ServedChain]], place: _Place) -> bool:
    return {key for name, key in places if name is NameAsked.OWN} == {place[1]}


def _fact(place: _Place) -> str:
    name, key_type = place
    return f"{_FACT}.{key_type.value}" + ("" if name is NameAsked.OWN else f".{name.value}")


def _words(place: _Place, *, is_only_one: bool) -> str:
    name, key_type = place
    kind = "" if is_only_one else f"{_key_words(key_type)} "
    return f"{kind}leaf{_NAME_WORDS[name]}"


def _chain_words(place: _Place) -> str:
    name, key_type = place
    return f"{_key_words(key_type)} chain{_NAME_WORDS[name]}"


def _key_words(key_type: KeyType) -> str:
    return _KEY_WORDS.get(key_type, key_type.value)


def _compare_place(
    place: _Place, words: str, before: list[ServedChain], after: list[ServedChain]
) -> Iterator[Difference]:
    leaves_before = {one.leaf.sha256 for one in before}
    leaves_after = {one.leaf.sha256 for one in after}
    fact = _fact(place)
    if len(before) > 1 or len(after) > 1:
        if leaves_before != leaves_after:
            yield changed(
                f"{fact}.leaf",
                ", ".join(sorted(leaves_before)),
                ", ".join(sorted(leaves_after)),
                f"{words}: {len(leaves_after)} alternating, not the same ones as before",
            )
        return
    was, now = before[0], after[0]
    if was.leaf.sha256 != now.leaf.sha256:
        yield from _compare_leaf(fact, words, was.leaf, now.leaf)
    elif _issuers(was) != _issuers(now):
        sentence = f"{words}: served with different issuers"
        yield changed(f"{fact}.chain", _issuers(was), _issuers(now), sentence)
    yield from _compare_judgements(fact, words, was, now)


def _compare_leaf(
    fact: str, words: str, was: Certificate, now: Certificate
) -> Iterator[Difference]:
    lifetime = _lifetime(now)
    if was.issuer == now.issuer:
        sentence = f"{words} renewed by the same CA{lifetime}"
    else:
        sentence = f"{words} replaced, issued by {now.issuer or 'an unreadable CA'}{lifetime}"
    yield changed(f"{fact}.leaf", was.sha256, now.sha256, sentence)
    names_before, names_after = _names(was), _names(now)
    if new := [name for name in names_after if name not in names_before]:
        yield appeared(f"{fact}.names", ", ".join(new), f"{words}: names appeared: {listed(new)}")
    if gone := [name for name in names_before if name not in names_after]:
        yield vanished(f"{fact}.names", ", ".join(gone), f"{words}: names vanished: {listed(gone)}")


def _compare_judgements(
    fact: str, words: str, was: ServedChain, now: ServedChain
) -> Iterator[Difference]:
    for problem in now.problems:
        if problem not in was.problems:
            name = problem.value.replace("_", " ")
            yield appeared(f"{fact}.problems.{problem.value}", name, f"{words}: {name} now")
    for problem in was.problems:
        if problem not in now.problems:
            name = problem.value.replace("_", " ")
            yield vanished(f"{fact}.problems.{problem.value}", name, f"{words}: no longer {name}")
    for store in sorted(was.trust.keys() & now.trust.keys()):
        verdicts = (was.trust[store].verdict, now.trust[store].verdict)
        place = f"{fact}.trust.{store}"
        if verdicts == (Verdict.YES, Verdict.NO):
            why = now.trust[store].reason
            because = f": {why}" if why else ""
            yield changed(place, "yes", "no", f"{words}: {store} no longer trusts it{because}")
        elif verdicts == (Verdict.NO, Verdict.YES):
            yield changed(place, "no", "yes", f"{words}: {store} trusts it now")
    yield from _compare_revocation(fact, words, was, now)


def _compare_revocation(
    fact: str, words: str, was: ServedChain, now: ServedChain
) -> Iterator[Difference]:
    known = {one.position for one in was.revocations if one.is_revoked is Verdict.YES}
    for position in sorted(
        {one.position for one in now.revocations if one.is_revoked is Verdict.YES} - known
    ):
        what = "revoked" if position == 0 else f"its issuer at position {position} is revoked"
        yield appeared(f"{fact}.revoked.{position}", "yes", f"{words}: {what}")


def _issuers(deployment: ServedChain) -> str:
    return ", ".join(one.sha256 for one in deployment.chain[1:])


def _names(certificate: Certificate) -> tuple[str, ...]:
    return certificate.dns_names + certificate.ip_addresses


def _subject(certificate: Certificate) -> str:
    return certificate.subject or certificate.sha256


def _lifetime(certificate: Certificate) -> str:
    if certificate.not_before is None or certificate.not_after is None:
        return ""
    return f", {(certificate.not_after - certificate.not_before).days} days"
