"""Runs the scripts in ``versions``, which are Alembic's."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection


def migration_config() -> Config:
    """Alembic's configuration for the scripts that ship with this package."""
    config = Config()
    config.set_main_option("script_location", "storage:migrations")
    config.set_main_option("path_separator", "os")
    return config


def run_scripts(connection: Connection) -> None:
    """Create or upgrade all tables over ``connection``, whose caller commits."""
    config = migration_config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
