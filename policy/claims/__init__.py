"""Claims compared with what visits prove."""

from policy.claims.holding import ClaimError, Held, check_claim, claim_results, hold_all

__all__ = ["ClaimError", "Held", "check_claim", "claim_results", "hold_all"]
