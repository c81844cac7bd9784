"""Is a certificate revoked, according to a staple, an OCSP responder or a CRL of its issuer?

``ocsp`` and ``crl`` evaluate bytes without network access; ``checker`` fetches the URLs of a chain through
``fetch``, which contacts allowed addresses only. Only callers that fetch import ``fetch``, which loads an HTTP client.
"""

from __future__ import annotations

from pki.revocation.checker import RevocationChecker, issuer_of_leaf, judge_staple, unasked
from pki.revocation.fetch_budget import FetchBudget, FetchError
from pki.revocation.issuers import missing_issuers

__all__ = [
    "FetchBudget",
    "FetchError",
    "RevocationChecker",
    "issuer_of_leaf",
    "judge_staple",
    "missing_issuers",
    "unasked",
]
