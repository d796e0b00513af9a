"""Everybody who gets the newsletter has a key that ends it, and each key is one person's."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from tables.engine import DB

ID = "2026-11-22T00:00:00:000141"
VERSION = "1.38.0"
DESCRIPTION = "Let every newsletter be ended"

FORWARDS = (
    # Made at random (version 4, unlike the ids), since whoever knows it ends the newsletter.
    """
    UPDATE consents SET unsubscribe_key = gen_random_uuid() WHERE kind = 'newsletter' AND is_given
    """,
    """
    CREATE UNIQUE INDEX an_unsubscribe_key_is_of_one_consent ON consents (unsubscribe_key)
        WHERE unsubscribe_key IS NOT NULL
    """,
    """
    ALTER TABLE consents ADD CONSTRAINT a_newsletter_can_be_ended
        CHECK (kind <> 'newsletter' OR NOT is_given OR unsubscribe_key IS NOT NULL)
    """,
)


async def forwards() -> MigrationManager:
    """Fills the column and guards it; Piccolo runs this inside the migration's transaction."""
    manager = MigrationManager(migration_id=ID, app_name="patron", description=DESCRIPTION)

    async def run() -> None:
        for statement in FORWARDS:
            await DB.execute(statement)

    manager.add_raw(run)
    return manager
