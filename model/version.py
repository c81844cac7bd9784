"""The version of tlsprobe, as pyproject.toml has it."""

from importlib.metadata import version
from typing import Final

TOOL_VERSION: Final = version("tlsprobe")
