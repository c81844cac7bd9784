"""What each problem of a chain is, in words that follow ``certificate`` in a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from model.certificates.certificate import Problem

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
