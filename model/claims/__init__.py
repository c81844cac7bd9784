"""What the configuration of a target declares about its encryption."""

from model.claims.claim import CLAIMS_POLICY, Claim, ClaimedRule, ClaimVerdict

__all__ = ["CLAIMS_POLICY", "Claim", "ClaimVerdict", "ClaimedRule"]
