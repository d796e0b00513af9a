"""Which addresses a company's user prefers for themselves (domain.md 1, 6)."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.columns.column_types import UUID
from piccolo.columns.indexes import IndexMethod

ID = "2026-11-22T00:00:00:000061"
VERSION = "1.38.0"
DESCRIPTION = "Add the preferred addresses of a membership"


async def forwards() -> MigrationManager:
    """The steps of this migration, for Piccolo."""
    manager = MigrationManager(migration_id=ID, app_name="patron", description=DESCRIPTION)
    for name in ("preferred_billing", "preferred_shipping"):
        manager.add_column(
            table_class_name="Membership",
            tablename="memberships",
            column_name=name,
            db_column_name=name,
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
