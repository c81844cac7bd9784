"""What one operation of AWS's APIs is called, answers and needs."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final

from model.frozen import frozen


class Feature(StrEnum):
    """What a permission is for."""

    DISCOVERY = "discovery"
    """To find the targets."""
    CLAIMS = "claims"
    """To read what AWS is configured to do at them."""
    ORGANIZATION = "organization"
    """To list the accounts of the organization."""
    ATTRIBUTION = "attribution"
    """To find the calls that caused changes."""
    EVENTS = "events"
    """To read calls from a queue, and to delete from it what is stored."""
    SECRETS = "secrets"
    """To read secrets of the configuration from Secrets Manager, Parameter Store and KMS."""
    SECURITY_HUB = "security-hub"
    """To send findings to Security Hub: with EVENTS, the only operations of the table that write."""
    REMEDIATE = "remediate"
    """To change what findings are about, by ``tlsprobe remediate --apply``: its operations have a table of their own."""


SOURCE_FEATURES: Final = (Feature.DISCOVERY, Feature.CLAIMS)
"""What a source of the type ``aws`` needs by its usual settings; all of it only reads."""


@frozen
class Operation:
    """One operation: ``service`` is botocore's name, ``results`` the path to the list in its answer.

    The IAM ``action`` is needed on ``resources``, in which ``{partition}`` stands for AWS's partition.
    """

    service: str
    name: str
    action: str
    results: str = ""
    feature: Feature = Feature.DISCOVERY
    gone: tuple[str, ...] = ()
    resources: tuple[str, ...] = ("*",)

    @property
    def key(self) -> str:
        """How readers name it."""
        return f"{self.service}.{self.name}"

    @property
    def shown(self) -> str:
        """The action that it needs, and its own name where that differs."""
        is_same = self.action.partition(":")[2] == self.name
        return self.action if is_same else f"{self.action} ({self.name})"


def found(service: str, name: str, action: str, results: str = "", **more: Any) -> Operation:
    """An operation that finds targets, unless ``more`` names another feature."""
    return Operation(service=service, name=name, action=action, results=results, **more)


def claimed(service: str, name: str, action: str, results: str = "", **more: Any) -> Operation:
    """An operation that reads what AWS is configured to do."""
    return found(service, name, action, results, feature=Feature.CLAIMS, **more)
