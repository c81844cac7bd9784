"""Keeps Observations, certificates and due times in a database.

``SqlStore`` fulfils ``model.ports.Store``; whatever goes wrong is a ``StoreError`` of one sentence.
The tables and what is guaranteed: ``docs/storage.md``.
"""

from storage.errors import AnotherVersionError, StoreError
from storage.last_visits import LastVisit
from storage.retention import Retention
from storage.store import SqlStore

__all__ = ["AnotherVersionError", "LastVisit", "Retention", "SqlStore", "StoreError"]
