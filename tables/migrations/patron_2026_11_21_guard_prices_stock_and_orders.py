"""What the database itself guards of the catalog, prices, baskets and orders, and indexes for hot reads."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from tables.engine import DB

ID = "2026-11-21T00:00:00:000004"
VERSION = "1.38.0"
DESCRIPTION = "Guard prices, stock, limits and orders"

FORWARDS = (
    # Stock never goes below zero (domain.md 9), quantities are sane.
    """
    ALTER TABLE products
        ADD CONSTRAINT stock_is_never_below_zero CHECK (stock >= 0),
        ADD CONSTRAINT quantities_are_positive CHECK (minimum_quantity >= 1 AND step_quantity >= 1)
    """,
    "CREATE INDEX products_by_category ON products (category, sku_canonical) WHERE is_active",
    "CREATE INDEX products_found_by_words ON products USING gin (to_tsvector('simple', search_text))",
    "CREATE INDEX products_found_by_pieces ON products USING gin (search_pieces)",
    # An entry is a fixed price or a percentage, never both.
    """
    ALTER TABLE price_entries
        ADD CONSTRAINT amount_or_percentage CHECK ((amount IS NULL) <> (percent_off IS NULL)),
        ADD CONSTRAINT amount_is_not_negative CHECK (amount >= 0),
        ADD CONSTRAINT percentage_is_one CHECK (percent_off > 0 AND percent_off <= 100),
        ADD CONSTRAINT quantity_is_positive CHECK (quantity_from >= 1),
        ADD CONSTRAINT valid_time_runs_forward CHECK (valid_from < valid_to)
    """,
    "CREATE INDEX price_entries_of_product_in_list ON price_entries (product, price_list, quantity_from)",
    "CREATE INDEX price_entries_of_list ON price_entries (price_list, product)",
    "ALTER TABLE price_lists ADD CONSTRAINT valid_time_runs_forward CHECK (valid_from < valid_to)",
    # Entries of equal quantity may not overlap in time (domain.md 8). Without the extension btree_gist, which the
    # embedded server lacks, a trigger looks, under a lock of the product's entries in the list.
    """
    CREATE FUNCTION refuse_overlapping_price_entries() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_advisory_xact_lock(hashtextextended(NEW.price_list || ':' || NEW.product::text, 0));
        IF EXISTS (SELECT 1 FROM price_entries e
                   WHERE e.price_list = NEW.price_list AND e.product = NEW.product AND e.id <> NEW.id
                     AND e.quantity_from = NEW.quantity_from
                     AND tstzrange(e.valid_from, e.valid_to) && tstzrange(NEW.valid_from, NEW.valid_to)) THEN
            RAISE EXCEPTION 'price entries of equal quantity overlap in time' USING ERRCODE = 'exclusion_violation';
        END IF;
        RETURN NEW;
    END
    $$
    """,
    """
    CREATE TRIGGER price_entries_do_not_overlap BEFORE INSERT OR UPDATE ON price_entries
    FOR EACH ROW EXECUTE FUNCTION refuse_overlapping_price_entries()
    """,
    # A limited code is never used more often than its limit (domain.md 8).
    """
    ALTER TABLE promotions
        ADD CONSTRAINT limit_is_kept CHECK (limit_total IS NULL OR used <= limit_total),
        ADD CONSTRAINT percentage_or_amount CHECK ((percent_off IS NULL) <> (amount_off IS NULL)),
        ADD CONSTRAINT valid_time_runs_forward CHECK (valid_from < valid_to)
    """,
    "ALTER TABLE targets ADD CONSTRAINT aims_at_one CHECK (num_nonnulls(segment, customer, organisation) = 1)",
    "CREATE INDEX targets_of_owner ON targets (kind, owner)",
    "ALTER TABLE basket_lines ADD CONSTRAINT quantity_is_positive CHECK (quantity BETWEEN 1 AND 1000000)",
    'CREATE UNIQUE INDEX one_basket_for_a_user ON baskets (application, "user", customer) WHERE "user" IS NOT NULL',
    """
    ALTER TABLE orders
        ADD CONSTRAINT state_is_known CHECK (state IN ('new', 'confirmed', 'shipped', 'cancelled', 'returned')),
        ADD CONSTRAINT totals_add_up CHECK (net_total + tax_total = gross_total)
    """,
    # Order history: newest first, of a customer or of one user of it.
    "CREATE INDEX orders_of_customer ON orders (customer, placed_at DESC, id)",
    'CREATE INDEX orders_of_user ON orders ("user", placed_at DESC, id)',
    "CREATE INDEX segment_members_in_force ON segment_members (customer, segment)",
)


async def forwards() -> MigrationManager:
    """Adds the guards and indexes; Piccolo runs this inside the migration's transaction."""
    manager = MigrationManager(migration_id=ID, app_name="patron", description=DESCRIPTION)

    async def run() -> None:
        for statement in FORWARDS:
            await DB.execute(statement)

    manager.add_raw(run)
    return manager
