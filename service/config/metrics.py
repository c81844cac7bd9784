"""The ``metrics`` section: how many metrics each endpoint gets."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from exporters.prometheus import Detail, MetricOptions
from service.setting_types.values import Count


class MetricsSettings(BaseModel):
    """``docs/reference/metrics.md`` explains how these settings affect the number of series."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    detail: Detail = MetricOptions().detail
    max_series_per_endpoint: Count = MetricOptions().most_series

    @property
    def options(self) -> MetricOptions:
        """The options in the form that the writer of the page takes."""
        return MetricOptions(detail=self.detail, most_series=self.max_series_per_endpoint)
