"""The ``push`` section: metrics where no scrape is possible; docs/reference/push.md explains it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from service.integrations.remote_write.settings import RemoteWriteSettings
from service.integrations.textfile import TextfilePath


class PushSettings(BaseModel):
    """A file for node_exporter's textfile collector, remote write, or both."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    textfile: TextfilePath | None = None
    remote_write: RemoteWriteSettings | None = None
