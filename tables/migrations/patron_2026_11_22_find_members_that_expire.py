"""Members of segments that have expired are looked for all the time, and found without reading those that stay."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from tables.engine import DB

ID = "2026-11-22T00:00:00:000131"
VERSION = "1.38.0"
DESCRIPTION = "Find members that expire"


async def forwards() -> MigrationManager:
    """Adds the index; Piccolo runs this inside the migration's transaction."""
    manager = MigrationManager(migration_id=ID, app_name="patron", description=DESCRIPTION)

    async def run() -> None:
        await DB.execute(
            "CREATE INDEX segment_members_that_expire ON segment_members (expires_at)"
            " WHERE expires_at IS NOT NULL"
        )

    manager.add_raw(run)
    return manager
