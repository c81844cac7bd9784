"""The settings of bills of materials: they yield no targets, and make claims about those of other sources."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from discovery.bills.source import read_bills
from discovery.source import SourceReading
from service.config.sources import PolledSettings, SourceContext


class BillsSettings(PolledSettings):
    """Bills of materials (CycloneDX 1.6 or 1.7, JSON) that other tools wrote."""

    type: Literal["cbom"]
    paths: Annotated[tuple[Path, ...], Field(min_length=1)]

    @property
    def described(self) -> str:
        """Its kind and the first file."""
        return f"cbom:{self.paths[0]}"

    def reader(self, name: str, context: SourceContext) -> Callable[[], Awaitable[SourceReading]]:
        """Reads the files."""
        return lambda: read_bills(self.paths, name, self.max_targets)
