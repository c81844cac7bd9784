"""Column types that SQLite and PostgreSQL keep alike, and what they are here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import DateTime, Dialect, LargeBinary, TypeDecorator

from storage.rows.compression import Kind, compressed, decompressed


class UtcDateTime(TypeDecorator[datetime]):
    """An aware time in UTC; SQLite, which knows no time zones, keeps it naive."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """The time as the driver takes it.

        Raises:
            ValueError: for a time without a time zone.
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
        """What makes the aware time of what the driver gives: text of SQLite's, else a time."""
        return _of_text if dialect.name == "sqlite" else _in_utc


def _in_utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.astimezone(UTC)


@lru_cache(maxsize=512)
def _of_text(naive: str | None) -> datetime | None:
    """Rows that belong together have times in common: they share them."""
    return None if naive is None else datetime.fromisoformat(naive).replace(tzinfo=UTC)


class Sha256(TypeDecorator[str]):
    """A SHA-256 in lower-case hex, kept as its 32 bytes."""

    impl = LargeBinary(32)
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        """The bytes.

        Raises:
            ValueError: for what is no hex.
        """
        return None if value is None else bytes.fromhex(value)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> str | None:
        """The hex."""
        return None if value is None else bytes(value).hex()


class Compressed(TypeDecorator[bytes]):
    """Bytes that have much in common with what servers answer, in the room that the rest takes."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        """The frame."""
        return None if value is None else compressed(value, Kind.PROOFS)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        """What was compressed.

        Raises:
            ValueError: for bytes that are no frame.
        """
        return None if value is None else decompressed(bytes(value), Kind.PROOFS)


def label_text(text: str) -> str:
    """``text`` as it stands in ``target_labels``, where PostgreSQL could not hold a NUL."""
    return text.replace("\0", "\ufffd")
