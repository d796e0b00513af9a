"""For which customer an order was placed that came to another one with its user (domain.md 10)."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.columns.column_types import UUID
from piccolo.columns.indexes import IndexMethod

ID = "2026-11-22T00:00:00:000100"
VERSION = "1.38.0"
DESCRIPTION = "Note for whom moved orders were placed"


async def forwards() -> MigrationManager:
    """The steps of this migration, for Piccolo."""
    manager = MigrationManager(migration_id=ID, app_name="patron", description=DESCRIPTION)
    manager.add_column(
        table_class_name="Order",
        tablename="orders",
        column_name="placed_for",
        db_column_name="placed_for",
        column_class_name="UUID",
        column_class=UUID,
        params={
            "default": None,
            "null": True,
            "primary_key": False,
            "unique": False,
            "index": False,
            "index_method": IndexMethod.btree,
            "choices": None,
            "db_column_name": None,
            "secret": False,
        },
        schema=None,
    )
    return manager
