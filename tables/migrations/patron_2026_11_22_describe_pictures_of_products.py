"""What the picture of a product shows, by language, for people who do not see it."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.columns.column_types import JSONB
from piccolo.columns.indexes import IndexMethod

ID = "2026-11-22T00:00:00:000085"
VERSION = "1.38.0"
DESCRIPTION = "Describe pictures of products"


async def forwards() -> MigrationManager:
    """Adds the column; of what is there nothing is said."""
    manager = MigrationManager(migration_id=ID, app_name="patron", description=DESCRIPTION)
    manager.add_column(
        table_class_name="Product",
        tablename="products",
        column_name="picture_texts",
        db_column_name="picture_texts",
        column_class_name="JSONB",
        column_class=JSONB,
        params={
            "default": "{}",
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
