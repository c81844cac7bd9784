"""Alembic's scripts: they upgrade a database of any earlier version to this one."""
