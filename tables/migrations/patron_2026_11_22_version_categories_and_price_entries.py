"""Versions of categories, price entries and shipping methods, so that of two who edit one the slower is told."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.columns.column_types import Integer
from piccolo.columns.indexes import IndexMethod

ID = "2026-11-22T00:00:00:000001"
VERSION = "1.38.0"
DESCRIPTION = "Version categories, price entries and shipping methods"

VERSIONED = (
    ("Category", "categories"),
    ("PriceEntry", "price_entries"),
    ("ShippingMethod", "shipping_methods"),
)


async def forwards() -> MigrationManager:
    """Adds the columns; what is there already begins with version 1."""
    manager = MigrationManager(migration_id=ID, app_name="patron", description=DESCRIPTION)
    for class_name, table in VERSIONED:
        manager.add_column(
            table_class_name=class_name,
            tablename=table,
            column_name="version",
            db_column_name="version",
            column_class_name="Integer",
            column_class=Integer,
            params={
                "default": 1,
                "null": False,
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
