"""When an order was shipped, and when the members of a segment's rule are to be found anew."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.columns.column_types import UUID, Timestamptz
from piccolo.columns.defaults.timestamptz import TimestamptzNow
from piccolo.columns.indexes import IndexMethod

ID = "2026-11-22T00:00:00:000002"
VERSION = "1.38.0"
DESCRIPTION = "Note when orders are shipped and when rules are filled"

NULLABLE = {
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


async def forwards() -> MigrationManager:
    """Adds the columns. Rules that are there already are due at once, so that they get their next night."""
    manager = MigrationManager(migration_id=ID, app_name="patron", description=DESCRIPTION)
    manager.add_column(
        table_class_name="Order",
        tablename="orders",
        column_name="shipped_at",
        db_column_name="shipped_at",
        column_class_name="Timestamptz",
        column_class=Timestamptz,
        params=NULLABLE,
        schema=None,
    )
    manager.add_column(
        table_class_name="Segment",
        tablename="segments",
        column_name="fill_due_at",
        db_column_name="fill_due_at",
        column_class_name="Timestamptz",
        column_class=Timestamptz,
        params=NULLABLE | {"default": TimestamptzNow(), "index": True},
        schema=None,
    )
    manager.add_column(
        table_class_name="Segment",
        tablename="segments",
        column_name="filled_up_to",
        db_column_name="filled_up_to",
        column_class_name="UUID",
        column_class=UUID,
        params=NULLABLE,
        schema=None,
    )
    return manager
