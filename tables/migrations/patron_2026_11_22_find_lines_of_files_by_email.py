"""Lines of files of people to invite are found by their e-mail and by their invitation, however many there are."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from tables.engine import DB

ID = "2026-11-22T00:00:00:000260"
VERSION = "1.38.0"
DESCRIPTION = "Find lines of files by their e-mail"

FORWARDS = (
    # Whom the shop forgets is taken out of the files, with all locks held that the person's rows need.
    "CREATE INDEX user_import_lines_by_email ON user_import_lines (lower(content ->> 'email'))",
    # Each invitation that goes is looked for here by its foreign key.
    "CREATE INDEX user_import_lines_by_invitation ON user_import_lines (invitation) WHERE invitation IS NOT NULL",
)


async def forwards() -> MigrationManager:
    """Adds the indexes; Piccolo runs this inside the migration's transaction."""
    manager = MigrationManager(migration_id=ID, app_name="patron", description=DESCRIPTION)

    async def run() -> None:
        for statement in FORWARDS:
            await DB.execute(statement)

    manager.add_raw(run)
    return manager
