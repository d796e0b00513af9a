"""What counts for budgets, orders that were placed for another customer left out, is in one index (domain.md 10)."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from tables.engine import DB

ID = "2026-11-22T00:00:00:000101"
VERSION = "1.38.0"
DESCRIPTION = "Count for budgets what was placed for a customer"

FORWARDS = (
    # Those of a customer that is merged into another one are found.
    "CREATE INDEX orders_placed_for ON orders (placed_for) WHERE placed_for IS NOT NULL",
    "DROP INDEX orders_that_are_spent",
    # What a user has spent in a period is summed up from this index alone.
    """
    CREATE INDEX orders_that_are_spent ON orders ("user", customer, placed_at) INCLUDE (currency, net_total)
        WHERE state NOT IN ('cancelled', 'returned') AND (placed_for IS NULL OR placed_for = customer)
    """,
)


async def forwards() -> MigrationManager:
    """Adds and renews the indexes; Piccolo runs this inside the migration's transaction."""
    manager = MigrationManager(migration_id=ID, app_name="patron", description=DESCRIPTION)

    async def run() -> None:
        for statement in FORWARDS:
            await DB.execute(statement)

    manager.add_raw(run)
    return manager
