"""Keeps Observations, certificates and due times in a database.

``SqlStore`` fulfils ``model.ports.Archive``, and ``open_reader`` gives what commands read with: it cannot write.
Whatever goes wrong is a ``StoreError`` of one sentence.
The tables and what is guaranteed: ``docs/reference/storage.md``.
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
