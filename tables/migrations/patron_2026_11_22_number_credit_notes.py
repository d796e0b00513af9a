"""The number of the credit note that corrects the invoice of a returned order."""

from typing import Any

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.columns.base import Column
from piccolo.columns.column_types import Timestamptz, Varchar
from piccolo.columns.indexes import IndexMethod

ID = "2026-11-22T00:00:00:000041"
VERSION = "1.38.0"
DESCRIPTION = "Number the credit notes of returned orders"

NULLABLE: dict[str, Any] = {
    "default": None,
    "null": True,
    "primary_key": False,
    "unique": False,
    "index": False,
    "index_method": IndexMethod.btree,
    "choices": None,
    "db_column_name": None,
    "secret": False,
}
COLUMNS: tuple[tuple[str, type[Column], dict[str, Any]], ...] = (
    ("credit_note_number", Varchar, NULLABLE | {"length": 40, "unique": True}),
    ("credit_note_at", Timestamptz, NULLABLE),
)


async def forwards() -> MigrationManager:
    """Adds the columns; orders that came back before get theirs when their credit note is asked for."""
    manager = MigrationManager(migration_id=ID, app_name="patron", description=DESCRIPTION)
    for name, column, params in COLUMNS:
        manager.add_column(
            table_class_name="Order",
            tablename="orders",
            column_name=name,
            db_column_name=name,
            column_class_name=column.__name__,
            column_class=column,
            params=params,
            schema=None,
        )
    return manager
