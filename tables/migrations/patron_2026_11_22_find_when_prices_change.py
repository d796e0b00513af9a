"""When prices begin and end is found without reading all of them."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from tables.engine import DB

ID = "2026-11-22T00:00:00:000004"
VERSION = "1.38.0"
DESCRIPTION = "Find when prices change"

FORWARDS = tuple(
    f"CREATE INDEX price_entries_{column} ON price_entries ({column}) WHERE {column} IS NOT NULL"
    for column in ("valid_from", "valid_to")
)


async def forwards() -> MigrationManager:
    """Adds the indexes; Piccolo runs this inside the migration's transaction."""
    manager = MigrationManager(migration_id=ID, app_name="patron", description=DESCRIPTION)

    async def run() -> None:
        for statement in FORWARDS:
            await DB.execute(statement)

    manager.add_raw(run)
    return manager
