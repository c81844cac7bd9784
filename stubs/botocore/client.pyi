from collections.abc import Callable, Iterable, Mapping
from typing import Any

class _Events:
    def register(self, event_name: str, handler: Callable[..., Any]) -> None: ...

class _Meta:
    events: _Events

class _Paginator:
    def paginate(self, **parameters: Any) -> Iterable[Mapping[str, Any]]: ...

class BaseClient:
    meta: _Meta
    def can_paginate(self, operation_name: str) -> bool: ...
    def get_paginator(self, operation_name: str) -> _Paginator: ...
    # Each operation is a method, made from the service's model.
    def __getattr__(self, name: str) -> Callable[..., Any]: ...
