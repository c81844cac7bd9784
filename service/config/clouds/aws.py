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


def _check_accounts(numbers: tuple[str, ...]) -> tuple[str, ...]:
    for number in numbers:
        if not _ACCOUNT.fullmatch(number):
            raise ValueError(f"{number!r} is not an AWS account: use its 12 digits, in quotes")
    return numbers


def _check_services(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if name not in SERVICES:
            raise ValueError(f"unknown AWS service {name!r}: use {', '.join(SERVICES)}")
    return names


class AwsSettings(PolledSettings):
    """The resources of AWS accounts, with what AWS declares of them as claims.

    ``accounts`` are read by ``role_arn``, in which ``{account}`` stands for the number; without ``accounts``, the
    credentials of this process are used as they are.
    """

    _computed_labels: ClassVar[frozenset[str]] = frozenset({HTTP, HTTP_PORT})

    type: Literal["aws"]
    regions: tuple[str, ...] = ()
    services: Annotated[tuple[str, ...], AfterValidator(_check_services)] = USUAL_SERVICES
    accounts: Annotated[tuple[str, ...], AfterValidator(_check_accounts)] = ()
    role_arn: str = ""
    external_id: str | None = None
    profile: str | None = None
    endpoint_url: WebUrl = ""
    refresh_seconds: Seconds = 900.0

    @property
    def described(self) -> str:
        """Its kind, accounts and regions."""
        return f"aws:{','.join((*self.accounts, *self.regions))}"

    @model_validator(mode="after")
    def _has_a_role_for_accounts(self) -> AwsSettings:
        if self.accounts and not ROLE_ARN.fullmatch(self.role_arn):
            raise ValueError(
                "accounts need role_arn: use the role's ARN, such as arn:aws:iam::{account}:role/tlsprobe"
            )
        if len(self.accounts) > 1 and ACCOUNT not in self.role_arn:
            raise ValueError("several accounts need {account} in role_arn")
        if self.role_arn and not self.accounts:
            raise ValueError("role_arn needs accounts: add the account's 12 digits, in quotes")
        return self

    def reader(self, name: str, context: SourceContext) -> Callable[[], Awaitable[SourceReading]]:
        """Reads all accounts and regions; botocore is imported when the source is first read."""
        scope = AwsScope(
            services=self.services,
            regions=self.regions,
            accounts=self.accounts,
            role_arn=self.role_arn,
            external_id=self.external_id,
            profile=self.profile,
            endpoint_url=self.endpoint_url or None,
        )
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
                    most=self.max_targets,
                    max_stale_seconds=self.max_stale_seconds,
                )
                readers.append(reader.read)
            return await readers[0]()

        return read
