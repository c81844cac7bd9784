"""What an action is: one setting of one kind of resource, which can be read and written.

An action has no undo of its own: to undo is to write the earlier value, by the same code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any, Protocol

from discovery.cloud.aws.operation import Operation
from model.frozen import frozen
from policy.remediation import Demands, ServerKind, Topic


class RemediationError(Exception):
    """Nothing was changed; the message is one sentence that says why, and what to do."""


class Calls(Protocol):
    """Calls the API of one account in one region."""

    def call(self, operation: Operation, **parameters: Any) -> Mapping[str, Any]:
        """The answer; raises RemediationError."""
        ...


@frozen
class State:
    """What a setting is now. ``resource`` is the API's whole answer, from which a write starts.

    ``is_deployed`` is whether the service has put its last change into force.
    """

    value: str
    resource: Mapping[str, Any] = field(repr=False, hash=False)
    is_deployed: bool = True


@frozen
class Action:
    """The ``setting`` of a ``kind`` of server that decides about ``topics``.

    ``wanted`` is the value that meets the demands, None if no value does, or if a person must decide. ``read``
    and ``write`` raise RemediationError; ``write`` sets the value, and changes nothing if the state is not the
    one that was read, where the API can tell.
    """

    kind: ServerKind
    topics: frozenset[Topic]
    setting: str
    wanted: Callable[[Demands], str | None]
    read: Callable[[Calls, Demands], State]
    write: Callable[[Calls, State, str], None]


def resource_arn(demands: Demands) -> str:
    """The ARN of the resource; raises RemediationError if no claim names it."""
    if demands.resource is None:
        raise RemediationError(
            "no claim names the resource in AWS: find the endpoint by the source `aws`"
        )
    return demands.resource
