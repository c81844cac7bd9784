"""What each problem of a chain is, in words that follow ``certificate`` in a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from model.certificates.certificate import Problem, ServedChain

PROBLEM_TEXTS: Final[Mapping[Problem, str]] = MappingProxyType(
    {
        Problem.EXPIRED: "has expired",
        Problem.NOT_YET_VALID: "is not valid yet",
        Problem.REVOKED: "chain contains a revoked certificate",
        Problem.STAPLE_MISSING: "requires a stapled OCSP response, and none was valid",
        Problem.UNPARSABLE: "chain contains an unreadable certificate",
        Problem.HOSTNAME_MISMATCH: "is for other names",
        Problem.SELF_SIGNED: "is self-signed",
        Problem.UNKNOWN_CA: "chain does not lead to a trusted CA",
        Problem.INCOMPLETE: "chain lacks an intermediate certificate",
        Problem.WEAK_KEY: "chain contains a weak key",
        Problem.WEAK_SIGNATURE: "chain contains a weak signature",
        Problem.LIFETIME_TOO_LONG: "has a longer lifetime than public CAs may issue",
        Problem.INTERNAL_NAME: "is public and contains an internal name",
        Problem.MISORDERED: "chain is out of order",
        Problem.OTHER: "chain has an unclassified problem",
        Problem.SURPLUS: "chain contains unneeded certificates",
        Problem.CONTAINS_ROOT: "chain contains its root, which no client needs",
    }
)

_NAME_LIMIT: Final = 120
"""A certificate may hold a name of any length."""


def problem_text(problem: Problem, chain: ServedChain, *, private_ca: str = "a private CA") -> str:
    """What is wrong with this chain, in words that follow ``certificate`` in a sentence.

    A chain without a path to a store ends at a certificate whose issuer was not sent: it may be a private root or
    an intermediate. ``private_ca`` names the former. The issuer that was fetched decides: it was missing.
    """
    if problem not in (Problem.INCOMPLETE, Problem.UNKNOWN_CA):
        return PROBLEM_TEXTS[problem]
    if chain.completion is not None and chain.completion.issuers:
        missing = chain.completion.issuers[0].subject or "no subject"
        return f"{PROBLEM_TEXTS[problem]}: {missing[:_NAME_LIMIT]}"
    end = _end_of(chain)
    if end is None:
        return PROBLEM_TEXTS[problem]
    said = f"chain ends at {end[:_NAME_LIMIT]}, which is in no trust store: {private_ca}"
    return said if problem is Problem.UNKNOWN_CA else f"{said} or a missing intermediate"


def _end_of(chain: ServedChain) -> str | None:
    """The issuer of the last certificate on the path from the leaf; None if it cannot be read."""
    rest = {one.subject: one.issuer for one in chain.chain[1:] if one.subject}
    issuer = chain.leaf.issuer
    while issuer is not None and (above := rest.pop(issuer, None)) is not None:
        issuer = above
    return issuer
