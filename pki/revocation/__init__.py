"""Is a certificate revoked, by the word of a staple, an OCSP responder or a list of its issuer?

``ocsp`` and ``crl`` judge bytes and ask nobody; ``checker`` fetches what a chain points at, through
``fetch``, which keeps to the addresses that may be asked.
"""

from __future__ import annotations

from pki.revocation.checker import RevocationChecker, issuer_of_leaf, judge_staple, unasked
from pki.revocation.fetch import Fetcher
from pki.revocation.fetch_budget import FetchBudget, FetchError
from pki.revocation.issuers import missing_issuers

__all__ = [
    "FetchBudget",
    "FetchError",
    "Fetcher",
    "RevocationChecker",
    "issuer_of_leaf",
    "judge_staple",
    "missing_issuers",
    "unasked",
]
