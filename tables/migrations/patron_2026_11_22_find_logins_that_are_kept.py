"""An index for the logins that somebody can have back after a change of the e-mail."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from tables.engine import DB

ID = "2026-11-22T00:00:00:000006"
VERSION = "1.38.0"
DESCRIPTION = "Find the logins that are kept for their users"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="patron", description=DESCRIPTION)

    async def run() -> None:
        await DB.execute(
            "CREATE INDEX logins_kept_for_their_users ON link_tokens ((details ->> 'login_canonical'))"
            " WHERE purpose = 'undo-email-change'"
        )

    async def run_backwards() -> None:
        await DB.execute("DROP INDEX logins_kept_for_their_users")

    manager.add_raw(run)
    manager.add_raw_backwards(run_backwards)
    return manager
