"""The settings of a source of the type ``aws``."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Annotated, ClassVar, Final, Literal

from pydantic import AfterValidator, model_validator

from discovery.cloud.aws.scope import ACCOUNT, SERVICES, USUAL_SERVICES, AwsScope
from discovery.source import SourceError, SourceReading
from model.target_labels import HTTP, HTTP_PORT
from service.config.sources import PolledSettings, SourceContext
from service.setting_types.secret_marks import WebUrl
from service.setting_types.values import Seconds

_ACCOUNT: Final = re.compile(r"[0-9]{12}")
ROLE_ARN: Final = re.compile(r"arn:aws[a-z-]*:iam::([0-9]{12}|\{account\}):role/[\w+=,.@/-]+")
_QUEUE_ARN: Final = re.compile(r"arn:aws[a-z-]*:sqs:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,80}")


def _check_accounts(numbers: tuple[str, ...]) -> tuple[str, ...]:
    for number in numbers:
        if not _ACCOUNT.fullmatch(number):
            raise ValueError(f"{number!r} is not an AWS account: use its 12 digits, in quotes")
    return numbers


def _check_queues(arns: tuple[str, ...]) -> tuple[str, ...]:
    for arn in arns:
        if not _QUEUE_ARN.fullmatch(arn):
            raise ValueError(
                f"{arn!r} is not a standard queue of SQS: use its ARN, such as "
                "arn:aws:sqs:eu-west-1:123456789012:tlsprobe-events"
            )
    return arns


def _check_services(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if name not in SERVICES:
            raise ValueError(f"unknown AWS service {name!r}: use {', '.join(SERVICES)}")
    return names


class AwsSettings(PolledSettings):
    """The resources of AWS accounts, with what AWS declares of them as claims.

    ``accounts`` are read by ``role_arn``, in which ``{account}`` stands for the number. ``organization`` reads all
    active accounts of the organization instead. Without both, the credentials of this process are used as they are. With
    ``attribute_changes``, CloudTrail is asked who caused the changes that visits show; calls that
    ``event_queues`` report are known without a question.
    """

    _computed_labels: ClassVar[frozenset[str]] = frozenset({HTTP, HTTP_PORT})

    type: Literal["aws"]
    regions: tuple[str, ...] = ()
    services: Annotated[tuple[str, ...], AfterValidator(_check_services)] = USUAL_SERVICES
    accounts: Annotated[tuple[str, ...], AfterValidator(_check_accounts)] = ()
    organization: bool = False
    role_arn: str = ""
    external_id: str | None = None
    profile: str | None = None
    s3_probe_role_arn: str = ""
    endpoint_url: WebUrl = ""
    refresh_seconds: Seconds = 900.0
    attribute_changes: bool = False
    event_queues: Annotated[tuple[str, ...], AfterValidator(_check_queues)] = ()

    @property
    def scope(self) -> AwsScope:
        """What is read, and by which credentials."""
        return AwsScope(
            services=self.services,
            regions=self.regions,
            accounts=self.accounts,
            organization=self.organization,
            role_arn=self.role_arn,
            external_id=self.external_id,
            profile=self.profile,
            endpoint_url=self.endpoint_url or None,
            most=self.max_targets,
            s3_probe_role_arn=self.s3_probe_role_arn,
        )

    @property
    def described(self) -> str:
        """Its kind, accounts and regions."""
        accounts = ("organization",) if self.organization else self.accounts
        return f"aws:{','.join((*accounts, *self.regions))}"

    @model_validator(mode="after")
    def _has_a_role_for_accounts(self) -> AwsSettings:
        if self.accounts and self.organization:
            raise ValueError("organization reads all accounts: remove accounts, or organization")
        if (self.accounts or self.organization) and not ROLE_ARN.fullmatch(self.role_arn):
            raise ValueError(
                "other accounts need role_arn: use the role's ARN, such as arn:aws:iam::{account}:role/tlsprobe"
            )
        if (len(self.accounts) > 1 or self.organization) and ACCOUNT not in self.role_arn:
            raise ValueError("several accounts need {account} in role_arn")
        if self.s3_probe_role_arn and not ROLE_ARN.fullmatch(self.s3_probe_role_arn):
            raise ValueError(
                "s3_probe_role_arn is not a role: use its ARN, such as "
                "arn:aws:iam::{account}:role/tlsprobe-s3"
            )
        if self.role_arn and not self.accounts and not self.organization:
            raise ValueError(
                "role_arn needs accounts: add the account's 12 digits, in quotes, or organization: true"
            )
        return self

    @model_validator(mode="after")
    def _attributes_changes_with_queues(self) -> AwsSettings:
        if self.event_queues and not self.attribute_changes:
            raise ValueError("event_queues needs attribute_changes: true")
        return self

    def reader(self, name: str, context: SourceContext) -> Callable[[], Awaitable[SourceReading]]:
        """Reads all accounts and regions; botocore is imported when the source is first read."""
        scope = self.scope
        readers: list[Callable[[], Awaitable[SourceReading]]] = []

        async def read() -> SourceReading:
            if not readers:
                try:
                    from discovery.cloud.aws.reader import AwsReader
                except ModuleNotFoundError as error:
                    raise SourceError(
                        f"the Python package {error.name} is missing: install tlsprobe[aws]."
                    ) from error
                reader = AwsReader(
                    scope,
                    context.gate,
                    name,
                    max_stale_seconds=self.max_stale_seconds,
                )
                readers.append(reader.read)
            return await readers[0]()

        return read
