"""Asks AWS: one operation at a time, by the table of operations, within rates, and with each failure reported.

A reader of a service sees answers only. An operation that fails is skipped with the account, the region, the IAM
action and the reason, and is not called again in that reading if AWS does not permit it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from botocore import xform_name
from botocore.exceptions import ClientError

from discovery.cloud.aws.operations import OPERATIONS, Operation
from discovery.cloud.aws.sessions import FAILURES, NOT_AWS, AwsSession, failure_text
from discovery.source import Skipped

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
        "InvalidSignatureException",
        "OptInRequired",
        "SubscriptionRequiredException",
        "UnrecognizedClientException",
    }
)
_CLOCK: Final = frozenset(
    {"RequestExpired", "RequestTimeTooSkewed", "RequestInTheFuture", "SignatureDoesNotMatch"}
)
_EXPIRED: Final = frozenset({"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"})

Answer = Mapping[str, Any]


class AwsApi:
    """What one account has in one region; ``now`` is when it is read.

    ``skipped`` fills with what could not be read.
    """

    def __init__(self, session: AwsSession, region: str, now: datetime) -> None:
        self.account = session.account
        self.region = region
        self.now = now
        self.skipped: list[Skipped] = []
        self._session = session
        self._refused: set[tuple[str, str]] = set()
        """The operations that AWS does not permit, with the region."""

    def each(self, key: str, **parameters: Any) -> Iterator[Answer]:
        """The results of all pages; those before a failure only, if a page fails."""
        operation = OPERATIONS[key]
        for page in self._pages(operation, parameters):
            yield from _results(page, operation.results)

    def one(self, key: str, **parameters: Any) -> Answer | None:
        """The whole answer; None if there is none, or if it could not be read."""
        return next(self._pages(OPERATIONS[key], parameters), None)

    def in_region(self, region: str) -> AwsApi:
        """The same account in another region, which shares what was skipped and refused."""
        other = AwsApi(self._session, region, self.now)
        other.skipped = self.skipped
        other._refused = self._refused
        return other

    def arn(self, service: str, resource: str) -> str:
        """The ARN of a resource of this account and region, where AWS's answer has none."""
        partition = self._session.partition(self.region)
        return f"arn:{partition}:{service}:{self.region}:{self.account}:{resource}"

    def global_arn(self, service: str, resource: str) -> str:
        """The ARN of a resource whose ARN has neither region nor account."""
        return f"arn:{self._session.partition(self.region)}:{service}:::{resource}"

    @property
    def dns_suffix(self) -> str:
        """The domain of AWS's own endpoints in this region's partition."""
        return "amazonaws.com.cn" if self.region.startswith("cn-") else "amazonaws.com"

    def skip(self, what: str, problem: str) -> None:
        """Reports once that ``what`` could not be read."""
        place = f"account {self.account}, {self.region}"
        skipped = Skipped(place=place, problem=f"{what}: {problem}")
        if skipped not in self.skipped:
            self.skipped.append(skipped)

    def _pages(self, operation: Operation, parameters: Answer) -> Iterator[Answer]:
        if (self.region, operation.key) in self._refused:
            return
        try:
            client = self._session.client(operation.service, self.region)
            method = xform_name(operation.name)
            if client.can_paginate(method):
                yield from client.get_paginator(method).paginate(**parameters)
            else:
                call: Callable[..., Answer] = getattr(client, method)
                yield call(**parameters)
        except ClientError as error:
            self._refuse(operation, error)
        except FAILURES as error:
            self.skip(operation.shown, failure_text(error))

    def _refuse(self, operation: Operation, error: ClientError) -> None:
        code = str(error.response.get("Error", {}).get("Code", ""))
        if code in operation.gone:
            return
        if code in _DENIED | _NOT_ENABLED:
            self._refused.add((self.region, operation.key))
        self.skip(operation.shown, error_text(error))


def error_text(error: ClientError) -> str:
    """An error that AWS answers, as a clause: what it means, its code and its message."""
    said = error.response.get("Error", {})
    code = str(said.get("Code", ""))
    if not code or code.isdecimal():
        # botocore has found no code in the answer, and takes the status for it.
        return NOT_AWS
    message = str(said.get("Message") or "no message")[:_LONGEST_MESSAGE]
    return f"{_meaning(code)} ({code}: {message})"


def _meaning(code: str) -> str:
    """What an error code means for the reader of the log, and what to do."""
    if code in _DENIED:
        return "not permitted: allow this action in IAM (`tlsprobe aws policy` prints all that are needed)"
    if code in _NOT_ENABLED:
        return "refused: check the credentials, and that the region is enabled for the account"
    if code in _CLOCK:
        return "refused: check this machine's clock, and the credentials"
    if code in _EXPIRED:
        return "the credentials have expired: renew them"
    if "Throttl" in code or code in {"RequestLimitExceeded", "TooManyRequestsException"}:
        return "AWS still throttles after all retries: raise refresh_seconds"
    return "failed"


def _results(page: Answer, path: str) -> Iterator[Answer]:
    """The entries of the list at ``path``; a list that AWS leaves out is empty."""
    found: Any = page
    for name in path.split("."):
        found = found.get(name) or {}
    yield from found
