"""The ``remediation`` section: whether ``tlsprobe remediate --apply`` may change AWS, and by which role."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, model_validator

from service.config.clouds.aws import ROLE_ARN
from service.setting_types.secret_marks import OptionalWebUrl
from service.setting_types.values import Seconds


class RemediationSettings(BaseModel):
    """Changes need ``apply`` and a role of their own; the service itself never changes anything."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    apply: bool = False
    role_arn: str = ""
    external_id: str | None = None
    profile: str | None = None
    endpoint_url: OptionalWebUrl = None
    settle_seconds: Seconds = 1200.0

    @model_validator(mode="after")
    def _has_a_role(self) -> RemediationSettings:
        if self.apply and not ROLE_ARN.fullmatch(self.role_arn):
            raise ValueError(
                "remediation.apply needs role_arn: use the ARN of a role for changes, such as "
                "arn:aws:iam::{account}:role/tlsprobe-remediate"
            )
        return self
