"""The notifier for Security Hub, and its settings."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import AfterValidator, Field

from discovery.cloud.aws.scope import AwsScope
from pki.net_guard.gate import SocketGate
from service.integrations.attempts import DeliveryError
from service.integrations.notifier import Notifier, NotifierSettings, Send
from service.integrations.security_hub.asff import MOST_FINDINGS, render_security_hub
from service.integrations.timing import Timing
from service.setting_types.secret_marks import WebUrl

if TYPE_CHECKING:
    from service.integrations.security_hub.hub import Hub

_REPEAT_SECONDS: Final = 86_400.0
"""Security Hub deletes a finding that nothing has updated for 90 days."""
_REGION: Final = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]")
_ROLE: Final = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]+")


def _check_region(text: str) -> str:
    if not _REGION.fullmatch(text):
        raise ValueError(f"{text!r} is not a region of AWS: use one such as eu-west-1")
    return text


def _check_role(text: str) -> str:
    if text and not _ROLE.fullmatch(text):
        raise ValueError(
            f"{text!r} is not a role: use its ARN, such as arn:aws:iam::123456789012:role/tlsprobe"
        )
    return text


class SecurityHubSettings(NotifierSettings):
    """Security Hub of one account and region: that of ``role_arn``, or that of this process's credentials."""

    region: Annotated[str, AfterValidator(_check_region)]
    role_arn: Annotated[str, AfterValidator(_check_role)] = ""
    external_id: str | None = None
    profile: str | None = None
    endpoint_url: WebUrl = ""
    accept_suppressions: bool = False
    suppressions_days: Annotated[int, Field(ge=1, le=700)] = 90

    @property
    def timing(self) -> Timing:
        """Send at once."""
        return Timing(group_wait_seconds=0.0)

    def hub(self, gate: SocketGate) -> Hub:
        """Security Hub by these settings.

        Raises:
            DeliveryError: if botocore is not installed.
        """
        try:
            from service.integrations.security_hub.hub import Hub
        except ModuleNotFoundError as error:
            raise DeliveryError(
                f"the Python package {error.name} is missing: install tlsprobe[aws]"
            ) from error
        account = self.role_arn.split(":")[4] if self.role_arn else ""
        scope = AwsScope(
            regions=(self.region,),
            accounts=(account,) if account else (),
            role_arn=self.role_arn,
            external_id=self.external_id,
            profile=self.profile,
            endpoint_url=self.endpoint_url or None,
        )
        return Hub(scope, gate)


@asynccontextmanager
async def import_findings(settings: SecurityHubSettings, gate: SocketGate) -> AsyncIterator[Send]:
    """Sends what ``render_security_hub`` wrote."""
    hubs: list[Hub] = []

    async def send(body: bytes) -> None:
        if not hubs:
            hubs.append(settings.hub(gate))
        await asyncio.to_thread(hubs[0].deliver, **json.loads(body))

    try:
        yield send
    finally:
        for hub in hubs:
            hub.stop()


SECURITY_HUB: Final = Notifier(
    name="security_hub",
    settings=SecurityHubSettings,
    render=render_security_hub,
    connect=import_findings,
    max_events=MOST_FINDINGS,
    repeat_seconds=_REPEAT_SECONDS,
)
