"""What the database itself guards of payments, and payments of orders that were placed before they were noted."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from tables.engine import DB

# Directly behind the migration that creates the table.
ID = "2026-11-22T00:00:00:000040-1"
VERSION = "1.38.0"
DESCRIPTION = "Guard payments"

FORWARDS = (
    """
    ALTER TABLE payments
        ADD CONSTRAINT state_is_known CHECK (state IN ('asked', 'refused', 'held', 'releasing', 'released')),
        ADD CONSTRAINT held_for_an_order CHECK (state <> 'held' OR "order" IS NOT NULL),
        ADD CONSTRAINT released_at_some_time CHECK ((state = 'released') = (released_at IS NOT NULL))
    """,
    # Each try of an order finds the payment of the try before, so that the provider is asked by the same key.
    """
    CREATE UNIQUE INDEX one_payment_for_an_order ON payments (order_key, provider, amount, currency)
        WHERE state IN ('asked', 'held')
    """,
    "CREATE INDEX payments_that_nobody_holds ON payments (asked_at) WHERE state = 'asked'",
    "CREATE INDEX payments_to_release ON payments (due_at) WHERE state = 'releasing'",
    # Orders of before: what was cancelled was never given back.
    """
    INSERT INTO payments (id, provider, idempotency_key, order_key, "order", amount, currency, reference, state,
                          asked_at, due_at, attempts, last_error)
    SELECT gen_random_uuid(), payment_method, idempotency_key, idempotency_key, id, gross_total, currency,
           payment_reference, CASE state WHEN 'cancelled' THEN 'releasing' ELSE 'held' END, placed_at, now(), 0, ''
    FROM orders WHERE payment_reference <> '' AND idempotency_key IS NOT NULL
    """,
)


async def forwards() -> MigrationManager:
    """Adds the guards and takes over what is held; Piccolo runs this inside the migration's transaction."""
    manager = MigrationManager(migration_id=ID, app_name="patron", description=DESCRIPTION)

    async def run() -> None:
        for statement in FORWARDS:
            await DB.execute(statement)

    manager.add_raw(run)
    return manager
