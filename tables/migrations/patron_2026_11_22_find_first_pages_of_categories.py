"""The first pages of a category are found, and its products counted, without reading all of them."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from tables.engine import DB

ID = "2026-11-22T00:00:00:000240"
VERSION = "1.38.0"
DESCRIPTION = "Find the first pages of categories"

# Exactly as the statements have them (app/catalog/first_pages.py).
NAMES = {
    "en": "coalesce(sort_names ->> 'en', sort_names ->> '')",
    "de": "coalesce(sort_names ->> 'de', sort_names ->> 'en', sort_names ->> '')",
}
FORWARDS = (
    *(
        f"CREATE INDEX products_in_order_of_names_{language} ON products (category, ({key}), sku_canonical)"
        " WHERE is_active"
        for language, key in NAMES.items()
    ),
    # With the id, which views show and hide products by, so that counting looks at no product itself.
    "DROP INDEX products_by_category",
    "CREATE INDEX products_by_category ON products (category, sku_canonical) INCLUDE (id) WHERE is_active",
)


async def forwards() -> MigrationManager:
    """Adds the indexes; Piccolo runs this inside the migration's transaction."""
    manager = MigrationManager(migration_id=ID, app_name="patron", description=DESCRIPTION)

    async def run() -> None:
        for statement in FORWARDS:
            await DB.execute(statement)

    manager.add_raw(run)
    return manager
