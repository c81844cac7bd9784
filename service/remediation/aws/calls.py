"""Calls AWS with the role for changes, in the account and region of one resource."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from botocore import xform_name
from botocore.exceptions import ClientError

from discovery.cloud.aws.accounts import Accounts
from discovery.cloud.aws.errors import error_code, error_text
from discovery.cloud.aws.limits import Limits
from discovery.cloud.aws.operation import Operation
from discovery.cloud.aws.scope import AwsScope
from discovery.cloud.aws.sessions import FAILURES, AwsSession, Passage, failure_text
from discovery.source import SourceError
from pki.net_guard.gate import SocketGate
from service.config.clouds.remediation import RemediationSettings
from service.remediation.action import RemediationError

_WITHOUT_REGION: Final = "us-east-1"
"""Where the API of CloudFront is, whose ARNs have no region."""


class AwsCalls:
    """Each call waits for its rate, and passes the socket gate."""

    def __init__(self, session: AwsSession, region: str) -> None:
        self._session = session
        self._region = region

    def call(self, operation: Operation, **parameters: Any) -> Mapping[str, Any]:
        """The answer, which is empty for an error that is an answer of the operation; raises RemediationError."""
        try:
            client = self._session.client(operation.service, self._region)
            method: Callable[..., Mapping[str, Any]] = getattr(client, xform_name(operation.name))
            return method(**parameters)
        except ClientError as error:
            if error_code(error) in operation.gone:
                return {}
            raise RemediationError(f"{operation.shown}: {error_text(error)}") from error
        except FAILURES as error:
            raise RemediationError(f"{operation.shown}: {failure_text(error)}") from error


def calls_for(arn: str, settings: RemediationSettings, gate: SocketGate) -> AwsCalls:
    """Calls in the account and region of ``arn``; raises RemediationError if the role cannot be assumed."""
    _, _, _, region, account, _ = arn.split(":", 5)
    region = region or _WITHOUT_REGION
    scope = AwsScope(
        regions=(region,),
        accounts=(account,),
        role_arn=settings.role_arn,
        external_id=settings.external_id,
        profile=settings.profile,
    )
    passage = Passage(limits=Limits(), gate=gate, endpoint_url=settings.endpoint_url)
    try:
        accounts = Accounts(scope, passage)
        accounts.identifiers()
    except SourceError as error:
        raise RemediationError(str(error)) from error
    session = accounts.session(account)
    if isinstance(session, str):
        raise RemediationError(f"{session} (role {settings.role_arn})")
    return AwsCalls(session, region)
