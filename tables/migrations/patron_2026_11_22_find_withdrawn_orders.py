"""The newest orders, and those that buyers have withdrawn from, are found without reading all orders."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from tables.engine import DB

# Directly behind the migration before.
ID = "2026-11-22T00:00:00:000040-3"
VERSION = "1.38.0"
DESCRIPTION = "Find new and withdrawn orders"


async def forwards() -> MigrationManager:
    """Adds the indexes; Piccolo runs this inside the migration's transaction."""
    manager = MigrationManager(migration_id=ID, app_name="patron", description=DESCRIPTION)

    async def run() -> None:
        await DB.execute("CREATE INDEX orders_newest_first ON orders (placed_at DESC, id DESC)")
        await DB.execute(
            "CREATE INDEX orders_withdrawn_from ON orders (withdrawn_at)"
            " WHERE withdrawn_at IS NOT NULL AND state NOT IN ('cancelled', 'returned')"
        )

    manager.add_raw(run)
    return manager
