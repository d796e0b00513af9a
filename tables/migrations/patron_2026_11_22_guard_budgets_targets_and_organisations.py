"""What the database itself guards of budgets, requisitions, targets and organisations, and hot indexes."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from tables.engine import DB

ID = "2026-11-22T00:00:00:000031"
VERSION = "1.38.0"
DESCRIPTION = "Guard budgets, requisitions, targets and organisations"

FORWARDS = (
    # A target names exactly one: a segment, a customer, an organisation or a contract.
    "ALTER TABLE targets DROP CONSTRAINT aims_at_one",
    """
    ALTER TABLE targets ADD CONSTRAINT aims_at_one
        CHECK (num_nonnulls(segment, customer, organisation, contract) = 1)
    """,
    "ALTER TABLE targets DROP CONSTRAINT once",
    """
    ALTER TABLE targets ADD CONSTRAINT once
        UNIQUE NULLS NOT DISTINCT (kind, owner, segment, customer, organisation, contract)
    """,
    """
    ALTER TABLE memberships
        ADD CONSTRAINT limits_are_not_negative CHECK (order_limit >= 0 AND budget_amount >= 0),
        ADD CONSTRAINT budget_has_a_period CHECK ((budget_amount IS NULL) = (budget_period = '')),
        ADD CONSTRAINT nobody_stands_in_for_themself CHECK (stand_in <> id)
    """,
    """
    ALTER TABLE invitations
        ADD CONSTRAINT budget_has_a_period CHECK ((budget_amount IS NULL) = (budget_period = ''))
    """,
    # One open invitation of a company for an e-mail, one open wish to join.
    """
    CREATE UNIQUE INDEX one_open_invitation ON invitations (customer, email_canonical)
        WHERE accepted_at IS NULL AND revoked_at IS NULL
    """,
    "CREATE UNIQUE INDEX one_open_wish_to_join ON join_requests (customer, \"user\") WHERE state = 'pending'",
    """
    ALTER TABLE requisitions
        ADD CONSTRAINT state_is_known
            CHECK (state IN ('pending', 'approved', 'rejected', 'expired', 'withdrawn')),
        ADD CONSTRAINT rejection_says_why CHECK (state <> 'rejected' OR decision_comment <> ''),
        ADD CONSTRAINT approved_has_an_order CHECK ("order" IS NULL OR state = 'approved')
    """,
    "CREATE INDEX requisitions_of_customer ON requisitions (customer, state, created_at DESC, id)",
    "CREATE INDEX requisitions_by_time ON requisitions (customer, created_at DESC, id)",
    'CREATE INDEX requisitions_of_user ON requisitions ("user", created_at DESC, id)',
    "CREATE INDEX requisitions_that_expire ON requisitions (expires_at) WHERE state = 'pending'",
    # What a user has spent in a period is summed up from this index alone.
    """
    CREATE INDEX orders_that_are_spent ON orders ("user", customer, placed_at) INCLUDE (currency, net_total)
        WHERE state NOT IN ('cancelled', 'returned')
    """,
    "ALTER TABLE contracts ADD CONSTRAINT valid_time_runs_forward CHECK (starts_on <= ends_on)",
    # What a branch of the tree holds, and that nothing is above itself.
    "CREATE INDEX organisations_by_path ON organisations USING gin (path)",
    "ALTER TABLE organisations ADD CONSTRAINT nothing_is_above_itself CHECK (parent <> id)",
    # The users of a company by state, and likely duplicates of a customer.
    "CREATE INDEX memberships_of_customer ON memberships (customer, is_active, id)",
    # What was done in a company, the newest first.
    "CREATE INDEX entries_of_customer ON audit_entries (customer_id, happened_at DESC, id DESC)",
    # Taxation ids that the worker asks for.
    """
    CREATE INDEX companies_to_be_checked ON companies (taxation_id_result, taxation_id_checked_at)
        WHERE taxation_id <> ''
    """,
    "CREATE INDEX companies_by_taxation_id ON companies (taxation_id) WHERE taxation_id <> ''",
    # A company's name without legal forms, signs and blanks, umlauts and their transcriptions made the same.
    r"""
    CREATE INDEX companies_by_name_key ON companies ((regexp_replace(regexp_replace(regexp_replace(
        translate(lower(company_name), 'äöüßéèêáàçñøå', 'aouseeeaacnoa'), '([aou])e', '\1', 'g'),
        '\m(gmbh|mbh|ag|kg|ohg|ug|gbr|se|ltd|limited|inc|llc|co|company|sa|sas|sarl|srl|spa|bv|nv|plc|und|and|et)\M',
        '', 'g'), '[^[:alnum:]]', '', 'g')))
    """,
    "CREATE INDEX users_by_email_domain ON users (split_part(email_canonical, '@', 2))",
    # Who had all privileges has those that are new too, or nobody could grant them.
    """
    UPDATE staff_members SET privileges = privileges || ARRAY['contracts', 'organisations']::varchar[]
    WHERE privileges @> ARRAY['customers', 'segments', 'catalog', 'prices', 'marketing', 'orders', 'mail',
                              'personal_data', 'audit', 'staff']::varchar[]
    """,
)


async def forwards() -> MigrationManager:
    """Adds the guards and indexes; Piccolo runs this inside the migration's transaction."""
    manager = MigrationManager(migration_id=ID, app_name="patron", description=DESCRIPTION)

    async def run() -> None:
        for statement in FORWARDS:
            await DB.execute(statement)

    manager.add_raw(run)
    return manager
