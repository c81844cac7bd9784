"""Stores Observations, certificates and due times in a database.

``SqlStore`` implements ``model.ports.Archive``, and ``open_reader`` returns a reader for commands, which cannot
write. Every failure is a ``StoreError`` of one sentence.
``docs/reference/storage.md`` describes the tables and the guarantees.
"""

from storage.errors import AnotherVersionError, StoreError
from storage.reader import SqlReader, open_reader
from storage.reading.last_visits import LastVisit
from storage.retention import Pruned, Retention
from storage.retention_clock import RetentionTime
from storage.store import SqlStore
from storage.writing.daily_limit import BYTES_PER_DAY, Dropped

__all__ = [
    "BYTES_PER_DAY",
    "AnotherVersionError",
    "Dropped",
    "LastVisit",
    "Pruned",
    "Retention",
    "RetentionTime",
    "SqlReader",
    "SqlStore",
    "StoreError",
    "open_reader",
]
