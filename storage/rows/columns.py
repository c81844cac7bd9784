"""Column types that SQLite and PostgreSQL store alike, and their Python values."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import DateTime, Dialect, LargeBinary, TypeDecorator

from storage.rows.compression import Kind, compressed, decompressed


class UtcDateTime(TypeDecorator[datetime]):
    """An aware time in UTC; SQLite, which has no time zones, stores it as a naive one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """The time in the form that the driver takes.

        Raises:
            ValueError: if the time has no time zone.
        """
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone")
        in_utc = value.astimezone(UTC)
        return in_utc.replace(tzinfo=None) if dialect.name == "sqlite" else in_utc

    def result_processor(
        self, dialect: Dialect, coltype: object
    ) -> Callable[[Any], datetime | None]:
        """The function that converts the driver's value to an aware time: text from SQLite, else a time."""
        return _of_text if dialect.name == "sqlite" else _in_utc


def _in_utc(moment: datetime | None) -> datetime | None:
    return moment if moment is None or moment.tzinfo is UTC else moment.astimezone(UTC)


@lru_cache(maxsize=512)
def _of_text(naive: str | None) -> datetime | None:
    """Related rows often have equal times: share the objects."""
    return None if naive is None else datetime.fromisoformat(naive).replace(tzinfo=UTC)


class Sha256(TypeDecorator[str]):
    """A SHA-256 in lower-case hex, stored as its 32 bytes."""

    impl = LargeBinary(32)
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        """The bytes.

        Raises:
            ValueError: if the text is not hex.
        """
        return None if value is None else bytes.fromhex(value)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> str | None:
        """The hash in hex."""
        return None if value is None else bytes(value).hex()


class Compressed(TypeDecorator[bytes]):
    """Bytes that resemble typical server answers, compressed with a dictionary."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        """The compressed frame."""
        return None if value is None else compressed(value, Kind.PROOFS)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        """The decompressed bytes.

        Raises:
            ValueError: if the bytes are not a frame.
        """
        return None if value is None else decompressed(bytes(value), Kind.PROOFS)


def label_text(text: str) -> str:
    """``text`` as it is stored in ``target_labels``: PostgreSQL cannot store NUL."""
    return text.replace("\0", "\ufffd")
