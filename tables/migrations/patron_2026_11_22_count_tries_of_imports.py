"""How often a file of people to invite was begun without success, so that nobody waits for one that always fails."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.columns.column_types import Integer
from piccolo.columns.indexes import IndexMethod

ID = "2026-11-22T00:00:00:000120"
VERSION = "1.38.0"
DESCRIPTION = "Count the tries of files of people to invite"


async def forwards() -> MigrationManager:
    """Adds the column; what is there already was not tried yet."""
    manager = MigrationManager(migration_id=ID, app_name="patron", description=DESCRIPTION)
    manager.add_column(
        table_class_name="UserImport",
        tablename="user_imports",
        column_name="tries",
        db_column_name="tries",
        column_class_name="Integer",
        column_class=Integer,
        params={
            "default": 0,
            "null": False,
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
