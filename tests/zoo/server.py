"""The form of every server of the zoo: a name, a way to start it, and its truth."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from tests.zoo.certificates import Certificates
from tests.zoo.truth import Truth


@dataclass(frozen=True, slots=True, kw_only=True)
class ZooServer:
    """One real server in one configuration.

    ``start`` takes the session's certificates and an empty folder for the server's files, and yields the
    loopback port while its context lasts. ``truth`` is written from the same configuration.
    """

    name: str
    start: Callable[[Certificates, Path], AbstractContextManager[int]]
    truth: Callable[[Certificates], Truth]
