"""Tables, columns and encodings that reading and writing share.

Each table registers itself with ``Table.metadata`` when its module is imported, so all of them are imported here.
"""

from storage.rows import record_tables, tables

__all__ = ["record_tables", "tables"]
