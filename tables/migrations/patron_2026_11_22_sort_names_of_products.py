"""What names of products are sorted by is made when a product is written, not when a list is read."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from tables.engine import DB

# Directly behind the migration before.
ID = "2026-11-22T00:00:00:000040-2"
VERSION = "1.38.0"
DESCRIPTION = "Sort names of products"

# The C locale of the embedded server knows neither accents nor other alphabets' case.
ACCENTED = "ÄÖÜÅÀÁÂÃÇÈÉÊËÌÍÎÏÑÒÓÔÕØÙÚÛÝäöüåàáâãçèéêëìíîïñòóôõøùúûý"
LETTERS = "aouaaaaaceeeeiiiinooooouuuyaouaaaaaceeeeiiiinooooouuuy"

FORWARDS = (
    # By language, and under "" what a product without a name is sorted by.
    f"""
    CREATE FUNCTION sort_names_of(names jsonb, sku text) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT coalesce(jsonb_object_agg(n.key, translate(lower(n.value), '{ACCENTED}', '{LETTERS}')), '{{}}')
               || jsonb_build_object('', translate(lower(sku), '{ACCENTED}', '{LETTERS}'))
        FROM jsonb_each_text(names) n
    $$
    """,
    """
    ALTER TABLE products
        ADD COLUMN sort_names jsonb NOT NULL GENERATED ALWAYS AS (sort_names_of(names, sku)) STORED
    """,
)


async def forwards() -> MigrationManager:
    """Adds the column; Piccolo runs this inside the migration's transaction."""
    manager = MigrationManager(migration_id=ID, app_name="patron", description=DESCRIPTION)

    async def run() -> None:
        for statement in FORWARDS:
            await DB.execute(statement)

    manager.add_raw(run)
    return manager
