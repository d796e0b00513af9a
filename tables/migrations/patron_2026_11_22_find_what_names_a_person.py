"""Mails and audit entries of a person, and mails that may go, are found without reading all of them."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from tables.engine import DB

ID = "2026-11-22T00:00:00:000160"
VERSION = "1.38.0"
DESCRIPTION = "Find what names a person"

# Who asks words the conditions as here (app/personal_data/, app/mail/outbox.py).
INDEXES = {
    "outbox_mails_that_are_over": "outbox_mails (application, coalesce(sent_at, gave_up_at))",
    "outbox_mails_of_user": "outbox_mails (user_id) WHERE user_id IS NOT NULL",
    "outbox_mails_to_email": "outbox_mails (lower(to_email))",
    "entries_that_are_of_an_email": """audit_entries (lower(coalesce(before ->> 'email', after ->> 'email')))
        WHERE lower(coalesce(before ->> 'email', after ->> 'email')) IS NOT NULL""",
    "entries_that_may_name_anybody": "audit_entries (id) WHERE user_id IS NULL OR reason <> ''",
    "entries_of_shared_addresses": """audit_entries (customer_id)
        WHERE action LIKE 'address %' AND user_id IS NULL""",
}


async def forwards() -> MigrationManager:
    """Adds the indexes; Piccolo runs this inside the migration's transaction."""
    manager = MigrationManager(migration_id=ID, app_name="patron", description=DESCRIPTION)

    async def run() -> None:
        for name, columns in INDEXES.items():
            await DB.execute(f"CREATE INDEX {name} ON {columns}")

    async def run_backwards() -> None:
        await DB.execute(f"DROP INDEX {', '.join(INDEXES)}")

    manager.add_raw(run)
    manager.add_raw_backwards(run_backwards)
    return manager
