"""What clients with the role operator may do on the pages; the API does it with the same parts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request

from model.frozen import frozen
from model.query import AuditAction
from service.http.guard.principal import Principal, principal_of
from service.http.waivers import WaiverDesk
from service.probe_endpoint.jobs import ProbeJobs
from service.setting_types.roles import Role


@frozen
class PageActions:
    """The parts; ``record`` writes to the audit log what a client does with a probe of a target.

    If ``is_read_only``, the Guard refuses every change, so the pages offer none.
    """

    waivers: WaiverDesk
    jobs: ProbeJobs
    record: Callable[[Principal, AuditAction, str], Awaitable[None]]
    is_read_only: bool = False

    def may_change(self, request: Request) -> bool:
        """Whether the pages offer forms to the client."""
        return not self.is_read_only and principal_of(request).role.includes(Role.OPERATOR)
