"""Keeps Observations, certificates and due times in a database.

``SqlStore`` fulfils ``model.ports.Store``; whatever goes wrong is a ``StoreError`` of one sentence.
The tables and what is guaranteed: ``docs/storage.md``.
"""

from storage.errors import AnotherVersionError, StoreError
from storage.last_visits import LastVisit
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
    "SqlStore",
    "StoreError",
]
