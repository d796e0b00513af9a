"""An index for the few new devices that the worker looks for every few seconds."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from tables.engine import DB

ID = "2026-11-22T00:00:00:000020"
VERSION = "1.38.0"
DESCRIPTION = "Find the devices that are to be told"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="patron", description=DESCRIPTION)

    async def run() -> None:
        await DB.execute("CREATE INDEX devices_to_tell ON known_devices (first_used_at) WHERE is_to_be_told")

    async def run_backwards() -> None:
        await DB.execute("DROP INDEX devices_to_tell")

    manager.add_raw(run)
    manager.add_raw_backwards(run_backwards)
    return manager
