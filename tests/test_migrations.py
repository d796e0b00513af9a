"""Migrations: applied once, however many processes start, and what the database guards by itself."""

import asyncio
import sys
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from app.migrations import known_migrations, migrate, pending_migrations
from tables import Address, AuditEntry, Customer
from tables.engine import DB
from tests.databases import TestDatabases, empty_all_tables
from tests.patron_process import PROJECT, environment

BEGIN_WITH_TAX_RATES = "2026-11-22T00:00:00:000130"
MIGRATE = "import asyncio; from app.migrations import migrate; print(len(asyncio.run(migrate())))"


async def test_a_migrated_database_has_nothing_pending(database: str) -> None:
    assert await pending_migrations() == []
    assert await migrate() == []


async def test_the_tables_and_the_migrations_say_the_same(database: str, tmp_path: Path) -> None:
    from piccolo.apps.migrations.commands.new import AutoMigrationManager

    from tables.piccolo_app import APP_CONFIG

    statements = await AutoMigrationManager(auto_input="y").get_alter_statements(APP_CONFIG)
    assert [line for group in statements for line in group.statements] == []


async def test_four_processes_that_start_at_once_migrate_once(
    databases: TestDatabases, tmp_path: Path
) -> None:
    address = await databases.new_database(migrated=False)
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            MIGRATE,
            cwd=PROJECT,
            env=environment(tmp_path, address),
            stdout=asyncio.subprocess.PIPE,
        )
        for _ in range(4)
    ]
    said = [(await process.communicate())[0].decode().strip() for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0, 0]
    assert sorted(said) == ["0", "0", "0", str(len(known_migrations()))]


async def test_the_ids_of_migrations_are_unique_and_in_order() -> None:
    ids = known_migrations()
    assert len(ids) == len(set(ids)) == len(list((PROJECT / "tables" / "migrations").glob("patron_*.py")))


@pytest.mark.parametrize(("has_sold", "rates_of"), [(False, 27), (True, 0)])
async def test_a_shop_that_has_sold_without_tax_rates_gets_none(
    databases: TestDatabases, tmp_path: Path, has_sold: bool, rates_of: int
) -> None:
    address = await databases.new_database()
    connection = await asyncpg.connect(address)
    try:
        # As it was before that migration.
        await connection.execute("DELETE FROM tax_rates")
        await connection.execute("DELETE FROM migration WHERE name = $1", BEGIN_WITH_TAX_RATES)
        if has_sold:
            await connection.execute(
                "INSERT INTO orders (id, number, application, email, email_canonical, placed_at)"
                " VALUES (gen_random_uuid(), '1', 'shop', 'a@example.com', 'a@example.com', now())"
            )
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", MIGRATE, cwd=PROJECT, env=environment(tmp_path, address)
        )
        assert await process.wait() == 0
        assert await connection.fetchval("SELECT count(DISTINCT country) FROM tax_rates") == rates_of
    finally:
        await connection.close()


async def test_the_audit_log_can_only_grow(database: str) -> None:
    await AuditEntry(action="customer.approved").save()
    for change in (
        "UPDATE audit_entries SET action = ''",
        "DELETE FROM audit_entries",
        "TRUNCATE audit_entries",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
            await DB.execute(change)
    assert await AuditEntry.count() == 1
    await empty_all_tables()
    assert await AuditEntry.count() == 0


async def test_a_customer_has_at_most_one_preferred_address_of_each_kind(database: str) -> None:
    customer = Customer(number="C-1", customer_type="SMB")
    await customer.save()

    async def address(**preferred: bool) -> None:
        await Address(customer=customer.id, street="Main Street 1", country="DE", **preferred).save()

    await address(is_preferred_billing=True)
    await address(is_preferred_shipping=True)
    await address()
    for kind in ("is_preferred_billing", "is_preferred_shipping"):
        with pytest.raises(asyncpg.UniqueViolationError):
            await address(**{kind: True})


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE customers SET approval_status = 'maybe'",
        "UPDATE customers SET number = ''",
        "UPDATE customers SET attributes = '[]'",
        "INSERT INTO approval_requests (id, customer, decision, decided_at)"
        " SELECT $1, id, 'pending', now() FROM customers",
        "INSERT INTO addresses (id, customer, street, country)"
        " SELECT $1, id, 'Main Street 1', 'de' FROM customers",
    ],
)
async def test_the_database_refuses_values_outside_of_fixed_lists(database: str, statement: str) -> None:
    await Customer(number="C-1", customer_type="SMB").save()
    with pytest.raises(asyncpg.CheckViolationError):
        await DB.execute(statement, *([uuid4()] if "$1" in statement else []))


async def test_a_customer_waits_for_one_decision_at_a_time(database: str) -> None:
    await Customer(number="C-1", customer_type="SMB").save()
    insert = "INSERT INTO approval_requests (id, customer) SELECT $1, id FROM customers"
    await DB.execute(insert, uuid4())
    with pytest.raises(asyncpg.UniqueViolationError):
        await DB.execute(insert, uuid4())
