"""Parameter groups of databases: each is read once, and only the parameters about encryption are kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from discovery.cloud.aws.api import AwsApi

WANTED: Final = frozenset(
    {
        "neptune_enforce_ssl",
        "rds.force_ssl",
        "require_secure_transport",
        "require_ssl",
        "tls",
    }
)


class ParameterGroups:
    """The values of ``WANTED`` parameters, by operation and group."""

    def __init__(self, api: AwsApi) -> None:
        self._api = api
        self._known: dict[tuple[str, str], Mapping[str, str]] = {}

    def values(self, operation: str, argument: str, group: str) -> Mapping[str, str]:
        """The values that the group sets; a parameter that AWS does not list is not in it."""
        found = self._known.get((operation, group))
        if found is None:
            found = {
                one["ParameterName"]: str(one["ParameterValue"]).lower()
                for one in self._api.each(operation, **{argument: group})
                if one.get("ParameterName") in WANTED and one.get("ParameterValue") is not None
            }
            self._known[operation, group] = found
        return found
