"""The ``push`` section: metrics for those whom no scrape reaches."""

from __future__ import annotations

import re
import socket
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from service.config.delivery.web_receivers import WebSettings

_LABEL_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def _check_labels(labels: Mapping[str, str]) -> Mapping[str, str]:
    for name in labels:
        if not _LABEL_NAME.fullmatch(name) or name.startswith("__"):
            raise ValueError(f"{name!r} is no label's name: use letters, digits and underscores")
    return labels


def _check_textfile(file: Path | None) -> Path | None:
    if file is not None:
        if file.suffix != ".prom":
            raise ValueError(f"{file} must end in .prom: node_exporter reads no other file")
        if not file.parent.is_dir():
            raise ValueError(f"the directory {file.parent} does not exist: make it")
    return file


class RemoteWriteSettings(WebSettings):
    """A receiver of Prometheus' remote write 1.0, and the labels that all series get."""

    interval_seconds: Annotated[float, Field(ge=1, le=240)] = 60.0
    labels: Annotated[Mapping[str, str], AfterValidator(_check_labels)] = Field(
        default_factory=lambda: {"job": "tlsprobe", "instance": socket.gethostname()}
    )

    @model_validator(mode="after")
    def _can_compress(self) -> RemoteWriteSettings:
        if find_spec("cramjam") is None:
            raise ValueError("needs the Python package cramjam: install tlsprobe[push]")
        return self


class PushSettings(BaseModel):
    """A file for node_exporter's textfile collector, remote writes, or both."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    textfile: Annotated[Path | None, AfterValidator(_check_textfile)] = None
    remote_write: RemoteWriteSettings | None = None
