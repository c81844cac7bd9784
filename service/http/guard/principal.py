"""The client of a request: who it is, how that is known, and its role."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from starlette.requests import Request

from model.frozen import frozen
from service.setting_types.roles import Role

PRINCIPAL: Final = "principal"
"""The key of ``scope["state"]`` that has the Principal."""


class Method(StrEnum):
    """How a client is known."""

    NONE = "none"
    PASSWORD = "password"  # noqa: S105 (the name of a method)
    TOKEN = "token"  # noqa: S105
    CERTIFICATE = "certificate"
    PROXY = "proxy"
    SIGNAL = "signal"
    """A process on this machine, by a signal."""
    SECURITY_HUB = "security_hub"
    """Somebody who suppressed a finding in AWS Security Hub, as its note says."""


@frozen
class Principal:
    """A client with its ``name``; ``address`` is that of its connection, None if it has none."""

    name: str
    role: Role
    method: Method
    address: str | None = None


def principal_of(request: Request) -> Principal:
    """The client of ``request``, which has passed the Guard."""
    found = request.scope["state"][PRINCIPAL]
    assert isinstance(found, Principal)  # noqa: S101 (the Guard sets it)
    return found
