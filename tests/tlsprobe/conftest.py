from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from service.demo import DemoFleet


@pytest.fixture
async def fleet(tmp_path: Path) -> AsyncIterator[DemoFleet]:
    async with DemoFleet(directory=tmp_path / "demo") as running:
        yield running
