"""Baskets tell of products that were deleted, and what promotions and catalog views name is not deleted."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.columns.base import OnDelete, OnUpdate
from piccolo.columns.column_types import JSONB, ForeignKey
from piccolo.columns.indexes import IndexMethod

ID = "2026-11-22T00:00:00:000062"
VERSION = "1.38.0"
DESCRIPTION = "Tell of deleted products"

NAMING = (
    ("Promotion", "promotions"),
    ("CatalogViewRule", "catalog_view_rules"),
)


async def forwards() -> MigrationManager:
    """Adds the column, and has the database refuse what promotions and rules of views would silently lose."""
    manager = MigrationManager(migration_id=ID, app_name="patron", description=DESCRIPTION)
    manager.add_column(
        table_class_name="Basket",
        tablename="baskets",
        column_name="gone",
        db_column_name="gone",
        column_class_name="JSONB",
        column_class=JSONB,
        params={
            "default": "[]",
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
    for class_name, table in NAMING:
        for column in ("category", "product"):
            manager.alter_column(
                table_class_name=class_name,
                tablename=table,
                column_name=column,
                db_column_name=column,
                params={"on_delete": OnDelete.restrict, "on_update": OnUpdate.cascade},
                old_params={"on_delete": OnDelete.cascade, "on_update": OnUpdate.cascade},
                column_class=ForeignKey,
                old_column_class=ForeignKey,
                schema=None,
            )
    return manager
