"""What came last into each category is found without reading all products: the home page asks anew whenever
something is sold out."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from tables.engine import DB

ID = "2026-11-22T00:00:00:000132"
VERSION = "1.38.0"
DESCRIPTION = "Find the newest products of categories"


async def forwards() -> MigrationManager:
    """Adds the index; Piccolo runs this inside the migration's transaction."""
    manager = MigrationManager(migration_id=ID, app_name="patron", description=DESCRIPTION)

    async def run() -> None:
        # Not of what is in stock only: an order would then have to write all indexes of its products anew.
        await DB.execute(
            "CREATE INDEX products_newest_of_category ON products (category, created_at DESC, sku_canonical)"
            " WHERE is_active"
        )

    manager.add_raw(run)
    return manager
