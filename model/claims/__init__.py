"""What the configuration of a target declares about its encryption."""

from model.claims.claim import (
    CLAIM_RULE_ID,
    CLAIMS_POLICY,
    WEAKNESS_RULE_ID,
    Claim,
    ClaimedRule,
    ClaimKind,
    ClaimVerdict,
    SourceProof,
)

__all__ = [
    "CLAIMS_POLICY",
    "CLAIM_RULE_ID",
    "WEAKNESS_RULE_ID",
    "Claim",
    "ClaimKind",
    "ClaimVerdict",
    "ClaimedRule",
    "SourceProof",
]
