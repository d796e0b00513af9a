"""Users of a company by their role, and its invitations, found as quickly among ten thousand as among ten."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from tables.engine import DB

ID = "2026-11-22T00:00:00:000052"
VERSION = "1.38.0"
DESCRIPTION = "Find users by role and invitations"

FORWARDS = (
    # As pieces_of_company does it for words: each role mixed with the company, so that a search never meets the
    # users of others.
    """
    CREATE FUNCTION roles_of_company(company uuid, roles varchar[]) RETURNS integer[]
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
        SELECT coalesce(array_agg(hashtext(company::text || role)), '{}') FROM unnest(roles) AS role
    $$
    """,
    "CREATE INDEX listed_members_by_role ON listed_members USING gin (roles_of_company(customer, roles))",
    # With all that is asked of the list: else a plan for companies of the usual size reads and sorts all that the
    # company has.
    "DROP INDEX invitations_of_customer",
    """
    CREATE INDEX invitations_of_customer ON invitations (customer, sent_at DESC, id)
        INCLUDE (accepted_at, revoked_at, expires_at, email_canonical, last_name)
    """,
)

BACKWARDS = (
    "DROP INDEX invitations_of_customer",
    "CREATE INDEX invitations_of_customer ON invitations (customer, sent_at DESC, id)",
    "DROP INDEX listed_members_by_role",
    "DROP FUNCTION roles_of_company",
)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="patron", description=DESCRIPTION)

    async def run() -> None:
        for statement in FORWARDS:
            await DB.execute(statement)

    async def run_backwards() -> None:
        for statement in BACKWARDS:
            await DB.execute(statement)

    manager.add_raw(run)
    manager.add_raw_backwards(run_backwards)
    return manager
