"""Mails say whose they are, so that they are found when the person has another e-mail (domain.md 13)."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.columns.column_types import UUID
from piccolo.columns.indexes import IndexMethod

ID = "2026-11-22T00:00:00:000110"
VERSION = "1.38.0"
DESCRIPTION = "Say whose mails are"


async def forwards() -> MigrationManager:
    """The step of this migration, for Piccolo."""
    manager = MigrationManager(migration_id=ID, app_name="patron", description=DESCRIPTION)
    manager.add_column(
        table_class_name="OutboxMail",
        tablename="outbox_mails",
        column_name="user_id",
        db_column_name="user_id",
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
