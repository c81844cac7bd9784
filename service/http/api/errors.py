"""Why a request of the API fails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


class ApiError(Exception):
    """The request fails with ``status``; the message says what to change, ``errors`` where it is wrong."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        errors: Sequence[Mapping[str, str]] = (),
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.headers = headers
        self.errors = errors
