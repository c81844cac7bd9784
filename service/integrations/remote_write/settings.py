"""The setting ``push.remote_write``."""

from __future__ import annotations

import re
import socket
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Annotated, Final

from pydantic import AfterValidator, Field, model_validator

from service.integrations.web.settings import WebSettings

_LABEL_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def _check_labels(labels: Mapping[str, str]) -> Mapping[str, str]:
    for name in labels:
        if not _LABEL_NAME.fullmatch(name) or name.startswith("__"):
            raise ValueError(
                f"{name!r} is not a valid label name: use letters, digits and underscores"
            )
    return labels


class RemoteWriteSettings(WebSettings):
    """A receiver of Prometheus' remote write 1.0, and labels that are added to all series."""

    interval_seconds: Annotated[float, Field(ge=1, le=240)] = 60.0
    labels: Annotated[Mapping[str, str], AfterValidator(_check_labels)] = Field(
        default_factory=lambda: {"job": "tlsprobe", "instance": socket.gethostname()}
    )

    @model_validator(mode="after")
    def _can_compress(self) -> RemoteWriteSettings:
        if find_spec("cramjam") is None:
            raise ValueError("needs the Python package cramjam: install tlsprobe[push]")
        return self
