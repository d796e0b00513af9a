"""Logins and numbers that change are unique by indexes of which no foreign key could make use.

Every row that names a user looks by its foreign key whether the user is there, under a lock that only waits for a
change of a "key". PostgreSQL takes any column of a unique index for one, unless the index leaves rows out. These
columns change and nothing refers to them, so their indexes say WHERE … IS NOT NULL, although some are never null.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.columns.column_types import Varchar

from tables.engine import DB

ID = "2026-11-22T00:00:00:000050"
VERSION = "1.38.0"
DESCRIPTION = "Let logins and numbers change without waiting"

COLUMNS = (
    ("User", "users", "login_canonical", "one_user_of_a_login"),
    ("Customer", "customers", "number", "one_customer_of_a_number"),
    ("Order", "orders", "invoice_number", "one_invoice_of_a_number"),
    ("Order", "orders", "cancellation_number", "one_cancellation_of_a_number"),
    ("Order", "orders", "credit_note_number", "one_credit_note_of_a_number"),
)


async def forwards() -> MigrationManager:
    """Replaces the unique constraints; each look-up for a value uses the new index as it did the old one."""
    manager = MigrationManager(migration_id=ID, app_name="patron", description=DESCRIPTION)

    async def run() -> None:
        for _, table, column, index in COLUMNS:
            await DB.execute(f"CREATE UNIQUE INDEX {index} ON {table} ({column}) WHERE {column} IS NOT NULL")

    async def run_backwards() -> None:
        for *_, index in COLUMNS:
            await DB.execute(f"DROP INDEX {index}")

    manager.add_raw(run)
    manager.add_raw_backwards(run_backwards)
    for class_name, table, column, _ in COLUMNS:
        manager.alter_column(
            table_class_name=class_name,
            tablename=table,
            column_name=column,
            db_column_name=column,
            params={"unique": False},
            old_params={"unique": True},
            column_class=Varchar,
            old_column_class=Varchar,
            schema=None,
        )
    return manager
