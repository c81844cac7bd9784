"""What AWS's error codes mean for the reader of the log, and what to do."""

from __future__ import annotations

from typing import Final

from botocore.exceptions import ClientError

NOT_AWS: Final = "the answer does not come from AWS: check the proxy on the way"
_LONGEST_MESSAGE: Final = 300
_DENIED: Final = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "ForbiddenException",
        "UnauthorizedException",
        "UnauthorizedOperation",
    }
)
_NOT_ENABLED: Final = frozenset(
    {
        "AuthFailure",
        "InvalidClientTokenId",
        "OptInRequired",
        "RegionDisabledException",
        "SubscriptionRequiredException",
        "UnrecognizedClientException",
    }
)
_NOT_ACTIVE: Final = frozenset({"AccountProblem", "Blocked", "NotSignedUp", "PendingVerification"})
"""Of an account that AWS has suspended or not activated: EC2's and S3's codes."""
_CLOCK: Final = frozenset(
    {
        "InvalidSignatureException",
        "RequestExpired",
        "RequestInTheFuture",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
    }
)
_EXPIRED: Final = frozenset({"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"})
_THROTTLED: Final = frozenset({"RequestLimitExceeded", "SlowDown", "TooManyRequestsException"})


def error_code(error: ClientError) -> str:
    """AWS's code; empty if the answer has none, so that botocore takes the status for it."""
    code = str(error.response.get("Error", {}).get("Code", ""))
    return "" if code.isdecimal() else code


def is_refused(code: str) -> bool:
    """Whether AWS would refuse the same call again."""
    return code in _DENIED | _NOT_ENABLED | _NOT_ACTIVE


def is_throttled(code: str) -> bool:
    """Whether AWS asks to call less often."""
    return "Throttl" in code or code in _THROTTLED


def error_text(error: ClientError) -> str:
    """What an error means, with its code and message, as a clause."""
    code = error_code(error)
    if not code:
        return NOT_AWS
    message = str(error.response.get("Error", {}).get("Message") or "no message")
    return f"{_meaning(code)} ({code}: {message[:_LONGEST_MESSAGE]})"


def _meaning(code: str) -> str:
    if code in _DENIED:
        return "not permitted: allow this action in IAM (`tlsprobe aws policy` prints all that are needed)"
    if code in _NOT_ENABLED:
        return (
            "refused: check the credentials, this machine's clock, and that the region is enabled "
            "for the account"
        )
    if code in _NOT_ACTIVE:
        return "refused: the account is suspended or not active: sign in to it and see what AWS asks for"
    if code in _CLOCK:
        return "refused: check this machine's clock, and the credentials"
    if code in _EXPIRED:
        return "the credentials have expired: renew them"
    if is_throttled(code):
        return "AWS still throttles after all retries: raise refresh_seconds"
    return "failed"
