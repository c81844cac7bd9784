"""Amazon Resource Names: what an ARN says about where its resource is."""

from __future__ import annotations

import re
from typing import Final

from model.frozen import frozen

_GLOBAL_REGIONS: Final = {"aws-cn": "cn-northwest-1", "aws-us-gov": "us-gov-west-1"}
_USUAL_GLOBAL_REGION: Final = "us-east-1"
_FORM: Final = re.compile(
    r"arn:(?P<partition>[^:]+):(?P<service>[^:]+):(?P<region>[^:]*):(?P<account>[^:]*):(?P<resource>.+)"
)
_LAST_PART: Final = re.compile(r"[/:]")


@frozen
class Arn:
    """An ARN by its parts; ``region`` and ``account`` are empty for resources whose ARNs have none."""

    text: str
    partition: str
    service: str
    region: str
    account: str
    resource: str

    @classmethod
    def of(cls, text: str) -> Arn | None:
        """The ARN of ``text``; None if it is none."""
        found = _FORM.fullmatch(text)
        return None if found is None else cls(text=text, **found.groupdict())

    @property
    def event_region(self) -> str:
        """Where CloudTrail records calls on it: services without regions have one for each partition."""
        return self.region or _GLOBAL_REGIONS.get(self.partition, _USUAL_GLOBAL_REGION)

    @property
    def is_classic_balancer(self) -> bool:
        """Whether it is of a Classic Load Balancer, whose calls name it without its ARN."""
        kind, _, name = self.resource.partition("/")
        is_balancer = self.service == "elasticloadbalancing" and kind == "loadbalancer"
        return is_balancer and "/" not in name

    @property
    def short_name(self) -> str:
        """What is after its last slash or colon: the name or number that its service calls it by."""
        return _LAST_PART.split(self.resource)[-1]
