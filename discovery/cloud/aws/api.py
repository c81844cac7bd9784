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

from discovery.cloud.aws.errors import error_code, is_refused
from discovery.cloud.aws.operation import Operation
from discovery.cloud.aws.operations import OPERATIONS
from discovery.cloud.aws.sessions import FAILURES, AwsSession, failure_text
from discovery.source import Skipped

_TOKENS: Final = ("NextToken", "nextToken")
"""What a page calls the next one, in the answer as in the request."""

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
    def s3_prober(self) -> AwsSession | None:
        """The session that may send signed requests to S3 without TLS; None if there must be none."""
        return self._session.s3_prober

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
                yield from _pages_of(getattr(client, method), parameters)
        except ClientError as error:
            self._refuse(operation, error)
        except FAILURES as error:
            self.skip(operation.shown, failure_text(error))

    def _refuse(self, operation: Operation, error: ClientError) -> None:
        code = error_code(error)
        if code in operation.gone:
            return
        if is_refused(code):
            self._refused.add((self.region, operation.key))
        self.skip(operation.shown, failure_text(error))


def _pages_of(call: Callable[..., Answer], parameters: Answer) -> Iterator[Answer]:
    """All pages of an operation for which botocore has no paginator; raises ValueError if they do not end."""
    seen = set[str]()
    while True:
        page = call(**parameters)
        yield page
        name = next((one for one in _TOKENS if page.get(one)), None)
        if name is None:
            return
        if page[name] in seen:
            raise ValueError(f"{name} comes twice")
        seen.add(page[name])
        parameters = {**parameters, name: page[name]}


def _results(page: Answer, path: str) -> Iterator[Answer]:
    """The entries of the list at ``path``; a list that AWS leaves out is empty."""
    found: Any = page
    for name in path.split("."):
        found = found.get(name) or {}
    yield from found
