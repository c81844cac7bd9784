from __future__ import annotations

from tests.service.conftest import closed_port

__all__ = ["closed_port"]
