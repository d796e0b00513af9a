"""What the database itself guards, so that no mistake of the program gets past, and two indexes."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from tables.engine import DB

ID = "2026-11-21T00:00:00:000002"
VERSION = "1.38.0"
DESCRIPTION = "Guard the audit log, preferred addresses and values"

FORWARDS = (
    # The audit log is append-only (security.md, Concurrency and faults).
    """
    CREATE FUNCTION refuse_change_of_audit_entries() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'audit entries are append-only' USING ERRCODE = 'insufficient_privilege';
    END
    $$
    """,
    """
    CREATE TRIGGER audit_entries_are_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entries
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_audit_entries()
    """,
    # One preferred address of each kind (domain.md 6): take the preference from the old one first.
    """
    CREATE UNIQUE INDEX one_preferred_billing_address ON addresses (customer) WHERE is_preferred_billing
    """,
    """
    CREATE UNIQUE INDEX one_preferred_shipping_address ON addresses (customer) WHERE is_preferred_shipping
    """,
    # Values of fixed lists (domain.md 4).
    """
    ALTER TABLE customers
        ADD CONSTRAINT number_is_given CHECK (number <> ''),
        ADD CONSTRAINT customer_type_is_given CHECK (customer_type <> ''),
        ADD CONSTRAINT approval_status_is_known 
            CHECK (approval_status IN ('pending', 'approved', 'rejected')),
        ADD CONSTRAINT attributes_are_pairs CHECK (jsonb_typeof(attributes) = 'object'),
        ADD CONSTRAINT version_counts_up CHECK (version >= 1)
    """,
    """
    ALTER TABLE users
        ADD CONSTRAINT login_is_given CHECK (login <> '' AND login_canonical <> ''),
        ADD CONSTRAINT email_is_given CHECK (email <> '' AND email_canonical <> ''),
        ADD CONSTRAINT password_hash_is_null_or_given CHECK (password_hash <> ''),
        ADD CONSTRAINT attributes_are_pairs CHECK (jsonb_typeof(attributes) = 'object'),
        ADD CONSTRAINT version_counts_up CHECK (version >= 1)
    """,
    """
    ALTER TABLE memberships
        ADD CONSTRAINT roles_have_names CHECK (array_position(roles, '') IS NULL),
        ADD CONSTRAINT version_counts_up CHECK (version >= 1)
    """,
    """
    ALTER TABLE addresses
        ADD CONSTRAINT country_is_iso_3166 CHECK (country ~ '^[A-Z]{2}$'),
        ADD CONSTRAINT version_counts_up CHECK (version >= 1)
    """,
    """
    ALTER TABLE approval_requests
        ADD CONSTRAINT decision_is_known CHECK (decision IN ('approved', 'rejected')),
        ADD CONSTRAINT decision_has_a_time CHECK ((decision IS NULL) = (decided_at IS NULL))
    """,
    """
    ALTER TABLE consents ADD CONSTRAINT kind_is_known CHECK (kind IN ('terms', 'privacy', 'newsletter'))
    """,
    """
    ALTER TABLE sessions ADD CONSTRAINT token_hash_is_sha_256 CHECK (octet_length(token_hash) = 32)
    """,
    # A customer has at most one request that waits for a decision (domain.md 4).
    """
    CREATE UNIQUE INDEX one_open_approval_request ON approval_requests (customer) WHERE decided_at IS NULL
    """,
    # The sender looks for due mails each second: the index holds only those that still have to go.
    """
    CREATE INDEX outbox_mails_due ON outbox_mails (due_at) WHERE sent_at IS NULL AND gave_up_at IS NULL
    """,
    # Search for parts of names, where the server has the extension and lets us have it; search works without.
    """
    DO $$
    BEGIN
        IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pg_trgm') THEN
            CREATE EXTENSION IF NOT EXISTS pg_trgm;
            CREATE INDEX customers_search_name_parts ON customers USING gin (lower(search_name) gin_trgm_ops);
        END IF;
    EXCEPTION WHEN insufficient_privilege THEN
        RAISE NOTICE 'searching names without pg_trgm';
    END
    $$
    """,
)

BACKWARDS = (
    "DROP INDEX IF EXISTS customers_search_name_parts",
    "DROP INDEX outbox_mails_due, one_open_approval_request",
    "ALTER TABLE sessions DROP CONSTRAINT token_hash_is_sha_256",
    "ALTER TABLE consents DROP CONSTRAINT kind_is_known",
    "ALTER TABLE approval_requests DROP CONSTRAINT decision_is_known, DROP CONSTRAINT decision_has_a_time",
    "ALTER TABLE addresses DROP CONSTRAINT country_is_iso_3166, DROP CONSTRAINT version_counts_up",
    "ALTER TABLE memberships DROP CONSTRAINT roles_have_names, DROP CONSTRAINT version_counts_up",
    """
    ALTER TABLE users DROP CONSTRAINT login_is_given, DROP CONSTRAINT email_is_given,
        DROP CONSTRAINT password_hash_is_null_or_given, DROP CONSTRAINT attributes_are_pairs,
        DROP CONSTRAINT version_counts_up
    """,
    """
    ALTER TABLE customers DROP CONSTRAINT number_is_given, DROP CONSTRAINT customer_type_is_given,
        DROP CONSTRAINT approval_status_is_known, DROP CONSTRAINT attributes_are_pairs,
        DROP CONSTRAINT version_counts_up
    """,
    "DROP INDEX one_preferred_billing_address, one_preferred_shipping_address",
    "DROP TRIGGER audit_entries_are_append_only ON audit_entries",
    "DROP FUNCTION refuse_change_of_audit_entries()",
)


async def forwards() -> MigrationManager:
    """The steps of this migration, for Piccolo."""
    manager = MigrationManager(migration_id=ID, app_name="patron", description=DESCRIPTION)

    async def guard() -> None:
        for statement in FORWARDS:
            await DB.execute(statement)

    async def stop_guarding() -> None:
        for statement in BACKWARDS:
            await DB.execute(statement)

    manager.add_raw(guard)
    manager.add_raw_backwards(stop_guarding)
    return manager
