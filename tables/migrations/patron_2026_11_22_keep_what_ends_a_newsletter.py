"""What the links in newsletters name, kept with the consent, so that they outlive every key (domain.md 4)."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.columns.column_types import UUID
from piccolo.columns.indexes import IndexMethod

ID = "2026-11-22T00:00:00:000140"
VERSION = "1.38.0"
DESCRIPTION = "Keep what ends a newsletter"


async def forwards() -> MigrationManager:
    """Adds the column; the next migration fills it for who gets the newsletter already."""
    manager = MigrationManager(migration_id=ID, app_name="patron", description=DESCRIPTION)
    manager.add_column(
        table_class_name="Consent",
        tablename="consents",
        column_name="unsubscribe_key",
        db_column_name="unsubscribe_key",
        column_class_name="UUID",
        column_class=UUID,
        params={
            "default": None,
            "null": True,
            "primary_key": False,
            "unique": False,
            "index": False,
            "index_method": IndexMethod.btree,
            "choices": None,
            "db_column_name": None,
            "secret": False,
        },
        schema=None,
    )
    return manager
