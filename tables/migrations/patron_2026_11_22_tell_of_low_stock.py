"""Pages that tell of the last pieces hear of every change of them, whoever makes it."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from tables.engine import DB

ID = "2026-11-22T00:00:00:000003"
VERSION = "1.38.0"
DESCRIPTION = "Tell of low stock"

FORWARDS = (
    # As app/versions.py raises a version. All who raise this one wait for each other until their transactions
    # end; it is therefore done last, when the transaction commits.
    """
    CREATE FUNCTION tell_of_stock() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO data_versions (subject, number)
        VALUES ('stock', (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)
        ON CONFLICT (subject) DO UPDATE SET number = greatest(data_versions.number + 1, excluded.number);
        RETURN NULL;
    END
    $$
    """,
    # Pages say "in stock" of any larger number (app/catalog/products.py): most orders need not wait for others.
    """
    CREATE CONSTRAINT TRIGGER low_stock_is_told AFTER UPDATE OF stock ON products
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (OLD.stock <> NEW.stock
          AND least(OLD.stock, NEW.stock) < greatest(20, NEW.minimum_quantity + NEW.step_quantity))
    EXECUTE FUNCTION tell_of_stock()
    """,
)


async def forwards() -> MigrationManager:
    """Adds the trigger; Piccolo runs this inside the migration's transaction."""
    manager = MigrationManager(migration_id=ID, app_name="patron", description=DESCRIPTION)

    async def run() -> None:
        for statement in FORWARDS:
            await DB.execute(statement)

    manager.add_raw(run)
    return manager
