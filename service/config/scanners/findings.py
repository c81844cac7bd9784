"""The settings of findings of other scanners: they yield no targets, and make claims about those of other sources."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from discovery.scanners.source import read_scanner_files
from discovery.source import SourceReading
from service.config.sources import PolledSettings, SourceContext


class ScannerFindingsSettings(PolledSettings):
    """Files that Prowler, Checkov, Security Hub or AWS Config wrote."""

    type: Literal["scanner_findings"]
    paths: Annotated[tuple[Path, ...], Field(min_length=1)]

    @property
    def described(self) -> str:
        """Its kind and the first file."""
        return f"scanner_findings:{self.paths[0]}"

    def reader(self, name: str, context: SourceContext) -> Callable[[], Awaitable[SourceReading]]:
        """Reads the files."""
        return lambda: read_scanner_files(self.paths, name)
