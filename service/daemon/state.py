"""What changes while the service runs, in one place: the active configuration, and the state of the service."""

from __future__ import annotations

from dataclasses import dataclass, field

from model.observation import Observation
from model.verification.plan import VerificationPlan
from pki.net_guard.gate import SocketGate
from probe.visit.engine import Engine
from scheduling.jobs import SchedulerSettings
from service.config.settings import ServiceSettings
from service.fleet.leader_store import plan_with_workers
from service.process.stopping import GRACE_SECONDS
from storage import Retention


@dataclass(slots=True)
class ServiceState:
    """The active ``settings``, and the ``engine`` and ``gate`` built from them; a reload replaces all three."""

    settings: ServiceSettings
    engine: Engine
    gate: SocketGate = field(init=False)
    is_store_up: bool = True
    is_stopping: bool = False

    def __post_init__(self) -> None:
        self.gate = self.settings.gate

    def use(self, settings: ServiceSettings, engine: Engine) -> None:
        """Activate another configuration, with the engine that was built from it."""
        self.settings, self.engine, self.gate = settings, engine, settings.gate

    def plan(self, seen: Observation) -> VerificationPlan | None:
        """The plan by which the active engine verifies ``seen`` from memory; None if it needs more."""
        return self.engine.plan(seen)

    @property
    def scheduler_settings(self) -> SchedulerSettings:
        """The scheduler's settings in the active configuration."""
        plan = SchedulerSettings(
            paces=self.settings.paces,
            max_concurrent_probes=self.settings.max_concurrent_probes,
            stop_grace_seconds=GRACE_SECONDS,
            enumerates_at_start=self.settings.enumerate_at_start,
        )
        return plan_with_workers(plan) if self.settings.workers.enabled else plan

    def retention(self) -> Retention:
        """How long the active configuration stores each kind of data."""
        return self.settings.retention.kept()

    def set_store_up(self, is_up: bool) -> None:
        """Record whether the database answers."""
        self.is_store_up = is_up
