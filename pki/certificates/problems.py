"""What is wrong with a served chain, as named problems.

- EXPIRED, NOT_YET_VALID: a needed certificate is, the leaf or another. Where a store trusts the chain, the
  certificates on its path are needed, since clients build that path too; otherwise all that were sent are.
- SELF_SIGNED: the leaf names itself as its issuer and is in no store.
- INCOMPLETE: every path from the leaf through the sent certificates ends at a certificate whose issuer was
  neither sent nor is in any store. A missing private root looks the same as a missing intermediate; add it
  as a trust store to tell them apart.
- UNKNOWN_CA: a path ends in a self-signed root that was sent, and no path ends in a store.
- MISORDERED: a needed certificate of the leaf's path precedes the first one that it issued
  (RFC 5246, 7.4.2: each certifies the one before it).
- SURPLUS: a certificate neither issued the leaf, directly or indirectly, nor was issued by it, or was sent
  twice; or it is not needed and has expired, such as an old cross-signed root.
- CONTAINS_ROOT: a self-signed certificate follows the leaf; clients ignore it.
- HOSTNAME_MISMATCH: ``server_name_matches`` is no.
- WEAK_KEY: RSA under 2048 bits, a curve under 224 bits, or DSA, in a needed certificate.
- WEAK_SIGNATURE: over MD2, MD4, MD5 or SHA-1 in a needed certificate, except in self-signed certificates after the leaf, because
  clients do not rely on those signatures.
- LIFETIME_TOO_LONG, INTERNAL_NAME: the leaf violates the CA/Browser Forum's limits for public CAs, and a
  public store trusts it.
- UNPARSABLE: any certificate has a parse_error. INCOMPLETE is then reported only if all issuers are readable.
- OTHER: none of the above, but stores are configured and none trusts the chain (wrong purpose or signature,
  name constraint, issuer without CA flag): the store's reason has the details.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from model.certificates.certificate import Certificate, KeyType, Problem
from model.frozen import frozen
from model.verdict import Verdict
from pki.certificates.limits import has_internal_name, lives_too_long
from pki.certificates.path_building import PathElement, ancestors, descendants, read_link
from pki.certificates.reading.signatures import WEAK_SIGNATURES
from pki.certificates.trust import TrustStore

_SMALLEST_RSA_BITS: Final = 2048
_SMALLEST_CURVE_BITS: Final = 224


def problems(
    chain: Sequence[Certificate],
    *,
    at: datetime,
    server_name_matches: Verdict,
    stores: Mapping[str, TrustStore],
) -> tuple[Problem, ...]:
    """All problems of the chain as sent, leaf first, at that aware time; in Problem's order.

    The docstring of this module says what each of them means. Without stores INCOMPLETE, UNKNOWN_CA and OTHER are not reported.
    """
    served = _Served(
        chain=chain, links=tuple(read_link(each.der or b"") for each in chain), stores=stores
    )
    found = {problem for problem, is_there in _OF_THE_CHAIN.items() if is_there(served)}
    found |= _of_needed(served, at)
    found |= _broken_limits(served, at)
    if server_name_matches is Verdict.NO:
        found.add(Problem.HOSTNAME_MISMATCH)
    if not found - _HARMLESS_TO_TRUST and _is_distrusted(served, at):
        found.add(Problem.OTHER)
    return tuple(problem for problem in Problem if problem in found)


@frozen
class _Served:
    chain: Sequence[Certificate]
    links: Sequence[PathElement]
    stores: Mapping[str, TrustStore]

    def without(self, positions: Collection[int]) -> _Served:
        """The chain without the certificates at these positions."""
        left = [each for each in range(len(self.chain)) if each not in positions]
        return replace(
            self,
            chain=[self.chain[each] for each in left],
            links=[self.links[each] for each in left],
        )

    def is_anchored(self) -> bool:
        """Whether a path from the leaf ends in any store."""
        return any(
            store.anchors(self.links[position])
            for position in ancestors(self.links, 0)
            for store in self.stores.values()
        )

    def has_sent_root_above(self) -> bool:
        """Whether a path from the leaf ends in a self-signed certificate that was sent."""
        return any(self.links[each].is_self_signed for each in ancestors(self.links, 0))


def _of_needed(served: _Served, at: datetime) -> set[Problem]:
    """The problems of single certificates and of their order, for the needed certificates only.

    The paths are built only if any sent certificate has such a problem.
    """
    found = _of_certificates(served, at)
    needless = _needless(served, at) if found else frozenset()
    if not needless:
        return found
    found = _of_certificates(served.without(needless), at)
    if any(_has_expired(served.chain[position], at) for position in needless):
        found.add(Problem.SURPLUS)
    return found


def _of_certificates(served: _Served, at: datetime) -> set[Problem]:
    found = {problem for problem, is_there in _OF_CERTIFICATES.items() if is_there(served)}
    if any(_has_expired(each, at) for each in served.chain):
        found.add(Problem.EXPIRED)
    if any(each.not_before is not None and at < each.not_before for each in served.chain):
        found.add(Problem.NOT_YET_VALID)
    return found


def _has_expired(certificate: Certificate, at: datetime) -> bool:
    return certificate.not_after is not None and at > certificate.not_after


def _needless(served: _Served, at: datetime) -> frozenset[int]:
    """The positions that are on no path from the leaf to a store; empty if no store trusts the chain.

    A chain that begins with another certificate than the leaf is out of order: what that one issued stays.
    """
    paths = [store.path(served.chain, at) for store in served.stores.values()]
    needed = {der for path in paths for der in path}
    if not needed:
        return frozenset()
    below = descendants(served.links, 0)
    others = (each for each in range(1, len(served.chain)) if each not in below)
    return frozenset(each for each in others if served.chain[each].der not in needed)


def _is_self_signed(served: _Served) -> bool:
    leaf = served.links[0]
    return leaf.is_self_signed and not any(store.anchors(leaf) for store in served.stores.values())


def _is_incomplete(served: _Served) -> bool:
    return (
        bool(served.stores)
        and all(link.is_readable for link in served.links)
        and not served.has_sent_root_above()
        and not served.is_anchored()
    )


def _is_of_unknown_ca(served: _Served) -> bool:
    return (
        bool(served.stores)
        and not served.links[0].is_self_signed
        and served.has_sent_root_above()
        and not served.is_anchored()
    )


def _is_misordered(served: _Served) -> bool:
    links = tuple(dict.fromkeys(served.links))
    return len(descendants(links, 0)) > 1 or any(
        not any(links[position].issued(earlier) for earlier in links[:position])
        for position in ancestors(links, 0) - {0}
    )


def _has_surplus(served: _Served) -> bool:
    links = served.links
    belonging = ancestors(links, 0) | descendants(links, 0)
    return len(belonging) < len(links) or len(set(links)) < len(links)


def _contains_root(served: _Served) -> bool:
    return any(link.is_self_signed for link in served.links[1:])


def _has_weak_key(served: _Served) -> bool:
    return any(_is_weak_key(each) for each in served.chain)


def _is_weak_key(certificate: Certificate) -> bool:
    bits = certificate.key_bits
    match certificate.key_type:
        case KeyType.DSA:
            return True
        case KeyType.RSA | KeyType.RSA_PSS:
            return bits is not None and bits < _SMALLEST_RSA_BITS
        case KeyType.ECDSA:
            return bits is not None and bits < _SMALLEST_CURVE_BITS
        case _:
            return False


def _has_weak_signature(served: _Served) -> bool:
    return any(
        certificate.signature_algorithm in WEAK_SIGNATURES
        for position, certificate in enumerate(served.chain)
        if position == 0 or not served.links[position].is_self_signed
    )


def _is_unparsable(served: _Served) -> bool:
    return any(each.parse_error is not None for each in served.chain)


def _is_distrusted(served: _Served, at: datetime) -> bool:
    verdicts = {store.verify(served.chain, at).verdict for store in served.stores.values()}
    return Verdict.NO in verdicts and Verdict.YES not in verdicts


def _broken_limits(served: _Served, at: datetime) -> set[Problem]:
    leaf = served.chain[0]
    broken = {
        problem
        for problem, is_broken in (
            (Problem.LIFETIME_TOO_LONG, lives_too_long),
            (Problem.INTERNAL_NAME, has_internal_name),
        )
        if is_broken(leaf)
    }
    public = [store for store in served.stores.values() if store.is_public]
    is_public = broken and any(
        store.verify(served.chain, at).verdict is Verdict.YES for store in public
    )
    return broken if is_public else set()


_OF_THE_CHAIN: Final[Mapping[Problem, Callable[[_Served], bool]]] = {
    Problem.SELF_SIGNED: _is_self_signed,
    Problem.INCOMPLETE: _is_incomplete,
    Problem.UNKNOWN_CA: _is_of_unknown_ca,
    Problem.SURPLUS: _has_surplus,
    Problem.CONTAINS_ROOT: _contains_root,
    Problem.UNPARSABLE: _is_unparsable,
}
_OF_CERTIFICATES: Final[Mapping[Problem, Callable[[_Served], bool]]] = {
    Problem.MISORDERED: _is_misordered,
    Problem.WEAK_KEY: _has_weak_key,
    Problem.WEAK_SIGNATURE: _has_weak_signature,
}
_HARMLESS_TO_TRUST: Final = frozenset(
    {
        Problem.MISORDERED,
        Problem.SURPLUS,
        Problem.CONTAINS_ROOT,
        Problem.HOSTNAME_MISMATCH,
        Problem.WEAK_KEY,
        Problem.WEAK_SIGNATURE,
    }
)
"""Problems that do not prevent verification, and so do not explain why a chain is not trusted."""
