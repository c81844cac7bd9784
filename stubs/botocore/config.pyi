from collections.abc import Mapping
from typing import Any

class Config:
    def __init__(
        self,
        *,
        connect_timeout: float = ...,
        read_timeout: float = ...,
        retries: Mapping[str, Any] | None = ...,
        user_agent_extra: str | None = ...,
    ) -> None: ...
    def merge(self, other_config: Config) -> Config: ...
