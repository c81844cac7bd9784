"""The ``metrics`` section: how much the page of metrics shows of each endpoint."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from exporters.prometheus import Detail, MetricOptions
from service.setting_types.values import Count


class MetricsSettings(BaseModel):
    """What ``docs/reference/metrics.md`` says of the number of series."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    detail: Detail = MetricOptions().detail
    most_series_per_endpoint: Count = MetricOptions().most_series

    @property
    def options(self) -> MetricOptions:
        """As the page's writer takes them."""
        return MetricOptions(detail=self.detail, most_series=self.most_series_per_endpoint)
