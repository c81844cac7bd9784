"""The base of all tables, and their row ids."""

from __future__ import annotations

from sqlalchemy import BigInteger, Integer, MetaData
from sqlalchemy.orm import DeclarativeBase

ROW_ID = BigInteger().with_variant(Integer, "sqlite")  # only INTEGER is SQLite's own row id


class Table(DeclarativeBase):
    """The base of all tables; constraints are named so that migrations can name them too."""

    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        }
    )
