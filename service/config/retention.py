"""The ``retention`` section: for how many days each kind of data is stored, and how much per endpoint and day."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from storage import BYTES_PER_DAY, Retention

Days = Annotated[float, Field(gt=0, le=36_500, allow_inf_nan=False)]


class RetentionSettings(BaseModel):
    """See ``storage.retention.Retention``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    evidence_days: Days = Retention().evidence_days
    history_days: Days = Retention().history_days
    changes_days: Days = Retention().changes_days
    findings_days: Days = Retention().findings_days
    events_days: Days = Retention().events_days
    audit_days: Days = Retention().audit_days
    probes_days: Days = Retention().probes_days
    trail_events_days: Days = Retention().trail_events_days
    trail_events_rows: Annotated[int, Field(ge=100, le=1_000_000)] = 20_000
    endpoints_days: Days = Retention().endpoints_days
    endpoint_bytes_per_day: Annotated[int, Field(ge=65_536, le=2**40)] = BYTES_PER_DAY

    def kept(self) -> Retention:
        """The settings in the form that the store takes."""
        return Retention(**self.model_dump(exclude={"endpoint_bytes_per_day", "trail_events_rows"}))
