"""What the database itself guards of people who were removed."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from tables.engine import DB

# Directly behind the migration that creates the table.
ID = "2026-11-22T00:00:00:000051-1"
VERSION = "1.38.0"
DESCRIPTION = "Guard departures"


async def forwards() -> MigrationManager:
    """Adds the guard; Piccolo runs this inside the migration's transaction."""
    manager = MigrationManager(migration_id=ID, app_name="patron", description=DESCRIPTION)

    async def run() -> None:
        # Somebody gives up a login once, with the last customer that they leave.
        await DB.execute("CREATE UNIQUE INDEX one_login_given_up ON departures (\"user\") WHERE login <> ''")

    async def run_backwards() -> None:
        await DB.execute("DROP INDEX one_login_given_up")

    manager.add_raw(run)
    manager.add_raw_backwards(run_backwards)
    return manager
