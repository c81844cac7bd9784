from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from socket import create_server, socket

import pytest

from service.demo import DemoFleet
from tests.storage.conftest import url

__all__ = ["url"]


@pytest.fixture
async def fleet(tmp_path: Path) -> AsyncIterator[DemoFleet]:
    async with DemoFleet(directory=tmp_path / "demo") as running:
        yield running


@pytest.fixture
def silent_server() -> Iterator[socket]:
    """Accepts connections into its backlog and never answers."""
    with create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(60)
        yield listener


@pytest.fixture
def closed_port() -> int:
    """A loopback port on which nothing listens."""
    with create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
