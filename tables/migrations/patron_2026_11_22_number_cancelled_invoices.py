"""Who sold, as the invoice says, and the number of the invoice that cancels it."""

from typing import Any

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.columns.base import Column
from piccolo.columns.column_types import JSONB, Timestamptz, Varchar
from piccolo.columns.indexes import IndexMethod

ID = "2026-11-22T00:00:00:000012"
VERSION = "1.38.0"
DESCRIPTION = "Keep the seller of an invoice and number cancelled ones"

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
    ("seller", JSONB, NULLABLE),
    ("cancellation_number", Varchar, NULLABLE | {"length": 40, "unique": True}),
    ("cancellation_at", Timestamptz, NULLABLE),
)


async def forwards() -> MigrationManager:
    """Adds the columns; orders of before get theirs when their invoice is asked for."""
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
