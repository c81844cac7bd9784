"""Claims compared with what visits prove."""

from policy.claims.holding import ClaimError, check_claim, claim_results, hold

__all__ = ["ClaimError", "check_claim", "claim_results", "hold"]
